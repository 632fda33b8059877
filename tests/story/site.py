"""A whole site of its own for a test: ward, web server and workers as real processes on a real database and broker."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import redis

from clinic.site.processes import Processes, manage, web, worker

EPOCH = "2026-01-05T00:00:00+00:00"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Site:
    """One site in `folder`; on the servers that ``TEST_DATABASE_URL`` and ``TEST_BROKER_URL`` name, or on none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.processes = Processes(folder / "logs")
        self.environment = {"VAR_DIR": str(folder), "JOB_LEASE_SECONDS": "4", "SWEEP_SECONDS": "1"}
        self._database = os.environ.get("TEST_DATABASE_URL")
        self._name = f"site_{uuid.uuid4().hex[:12]}"
        if self._database:
            with psycopg.connect(self._database, autocommit=True) as connection:
                connection.execute(f'create database "{self._name}"')
            parts = urlsplit(self._database)
            self.environment["DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{self._name}"))
        broker = os.environ.get("TEST_BROKER_URL")
        if broker:
            redis.Redis.from_url(broker).flushdb()
            self.environment["CELERY_BROKER_URL"] = broker
        self.ward_port = self.web_port = 0

    def __enter__(self) -> "Site":
        self.processes.__enter__()
        self.manage("migrate", "--no-input")
        self.manage("demo_users")
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.stop()
        if self._database:
            with psycopg.connect(self._database, autocommit=True) as connection:
                connection.execute(f'drop database "{self._name}" with (force)')

    # commands

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            manage(*arguments),
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"manage.py {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
        return done

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command in a group of its own, to be killed at any moment."""
        return subprocess.Popen(
            manage(*arguments),
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    # processes

    def start_ward(self, *, hours: float = 72, faults: Sequence[str] = (), seed: int = 1) -> str:
        self.ward_port = free_port()
        chosen = ["--faults", ",".join(faults)] if faults else []
        self.processes.start(
            "ward",
            manage(
                *("ward", "--port", str(self.ward_port), "--epoch", EPOCH, "--speed", "0"),
                *("--hours-known", str(hours), "--seed", str(seed), *chosen),
            ),
            environment=self.environment,
        )
        self._await(f"{self.ward}/metadata")
        return self.ward

    def start_web(self) -> str:
        self.web_port = free_port()
        self.processes.start("web", web(self.web_port), environment=self.environment)
        self._await(f"{self.pages}/healthz")
        return self.pages

    def start_worker(self, name: str = "worker") -> int:
        return self.processes.start(name, worker(name=name), environment=self.environment)

    def kill(self, pid: int) -> None:
        """SIGKILL to a process and all its children; nothing of it gets a chance to tidy up."""
        os.killpg(pid, signal.SIGKILL)
        self.processes.forget(pid)

    @property
    def ward(self) -> str:
        return f"http://127.0.0.1:{self.ward_port}/fhir"

    @property
    def pages(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def move_ward_clock(self, hours: float) -> None:
        url = f"http://127.0.0.1:{self.ward_port}/_ward/clock"
        httpx.post(url, json={"hours": hours}, trust_env=False).raise_for_status()

    # what users have

    def signed_in(self, username: str) -> httpx.Client:
        """A browser-like client with a session of `username`."""
        client = httpx.Client(base_url=self.pages, trust_env=False, timeout=30)
        page = client.get("/login")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.text
        password = self.logins()[username]
        answer = client.post(
            "/login", data={"csrfmiddlewaretoken": token[1], "username": username, "password": password}
        )
        assert answer.status_code == 302, answer.text
        return client

    def logins(self) -> dict[str, str]:
        return dict(json.loads((self.folder / "demo_logins.json").read_text(encoding="utf-8")))

    # what is stored

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows straight from the database, past the product's own code."""
        if "DATABASE_URL" in self.environment:
            with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
                return list(connection.execute(query))
        with sqlite3.connect(f"file:{self.folder / 'clinic.sqlite3'}?mode=ro", uri=True, timeout=30) as connection:
            return list(connection.execute(query))

    def wait_for_jobs(self, patience: float = 180) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            (states,) = (dict(self.sql("select state, count(*) from records_job group by state")),)
            if not states.get("queued") and not states.get("running"):
                assert not states.get("failed"), self.sql("select key, error from records_job where state = 'failed'")
                return
            time.sleep(0.3)
        raise AssertionError(f"jobs are not done after {patience} s: {states}")

    def _await(self, url: str, patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.processes.check()
            try:
                httpx.get(url, trust_env=False, timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(f"{url} did not answer within {patience} s")

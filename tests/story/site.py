"""A whole site of its own for a test: ward, web server and workers as real processes on a real database and broker."""

import itertools
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import redis

from clinic.site.processes import Processes, manage, web, worker
from tests import migrated

BROKERS = range(13, 16)
"""Redis databases of sites; those below are of the tests' own processes."""
_BROKERS = itertools.cycle(BROKERS)
EPOCH = "2026-01-05T00:00:00+00:00"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def link(html: str, pattern: str) -> str:
    """The first link of the page whose whole path is of that pattern."""
    found = re.search(rf'href="({pattern})"', html)
    assert found, f"no link {pattern} on the page:\n{html}"
    return found[1]


def field(html: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, f"no field {name} on the page:\n{html}"
    return found[1]


def token(html: str) -> str:
    return field(html, "csrfmiddlewaretoken")


class Site:
    """One site in `folder`; on the servers that ``TEST_DATABASE_URL`` and ``TEST_BROKER_URL`` name, or on none.

    With `people` it has the demo's logins, whose passwords take seconds to hash.
    """

    def __init__(self, folder: Path, *, people: bool = True) -> None:
        self.folder = folder
        self._people = people
        folder.mkdir(parents=True, exist_ok=True)
        self.processes = Processes(folder / "logs")
        self.environment = {"VAR_DIR": str(folder), "JOB_LEASE_SECONDS": "4", "SWEEP_SECONDS": "1"}
        self._database = os.environ.get("TEST_DATABASE_URL")
        self._name = f"site_{uuid.uuid4().hex[:12]}"
        if self._database:
            self.environment["DATABASE_URL"] = migrated.create(self._database, self._name)
        else:
            migrated.into(folder)
        broker = os.environ.get("TEST_BROKER_URL")
        if broker:
            # Sites that live at the same time must not take each other's messages: each has a database of its own.
            own = urlunsplit(urlsplit(broker)._replace(path=f"/{next(_BROKERS)}"))
            redis.Redis.from_url(own).flushdb()
            self.environment["CELERY_BROKER_URL"] = own
        self.ward_port = self.web_port = 0

    def __enter__(self) -> "Site":
        self.processes.__enter__()
        if self._people:
            self.manage("demo_users")
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.stop()
        if self._database:
            migrated.drop(self._database, self._name)

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
        self.processes.start(
            "ward",
            manage(
                *("ward", "--port", str(self.ward_port), "--epoch", EPOCH, "--speed", "0"),
                *("--hours-known", str(hours), "--seed", str(seed)),
            ),
            environment=self.environment,
        )
        self._await(f"{self.ward}/metadata")
        if faults:
            plan = {"names": list(faults), "seed": seed, "rate": 0.2, "retry_after_s": 1, "timeout_s": 2}
            httpx.post(f"{self._control}/faults", json=plan, trust_env=False).raise_for_status()
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
    def _control(self) -> str:
        return f"http://127.0.0.1:{self.ward_port}/_ward"

    @property
    def pages(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def move_ward_clock(self, hours: float) -> None:
        httpx.post(f"{self._control}/clock", json={"hours": hours}, trust_env=False).raise_for_status()

    # what users have

    @contextmanager
    def signed_in(self, username: str) -> Iterator[httpx.Client]:
        """A browser-like client with a session of `username`."""
        with httpx.Client(base_url=self.pages, trust_env=False, timeout=30) as client:
            self._sign_in(client, username)
            yield client

    def _sign_in(self, client: httpx.Client, username: str) -> None:
        page = client.get("/login")
        password = self.logins()[username]
        answer = client.post(
            "/login", data={"csrfmiddlewaretoken": token(page.text), "username": username, "password": password}
        )
        assert answer.status_code == 302, answer.text

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
            self.processes.check()
            (states,) = (dict(self.sql("select state, count(*) from records_job group by state")),)
            if not states.get("queued") and not states.get("running"):
                assert not states.get("failed"), self.sql("select key, error from records_job where state = 'failed'")
                return
            time.sleep(0.3)
        raise AssertionError(f"jobs are not done after {patience} s: {states}")

    def refusal(self, statement: str) -> str:
        """What the database answers to `statement`, which it must refuse."""
        try:
            if "DATABASE_URL" in self.environment:
                with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
                    connection.execute(statement)  # type: ignore[call-overload]
            else:
                with sqlite3.connect(self.folder / "clinic.sqlite3", timeout=30) as connection:
                    connection.execute(statement)
        except (psycopg.Error, sqlite3.Error) as error:
            return str(error)
        raise AssertionError(f"the database did as it was told: {statement}")

    def _await(self, url: str, patience: float = 180) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.processes.check()
            try:
                httpx.get(url, trust_env=False, timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(f"{url} did not answer within {patience} s")

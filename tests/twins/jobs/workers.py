"""Real workers on a database and a broker of their own, to be killed at any moment."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import migrated

ROOT = Path(__file__).resolve().parents[3]


class Workers:
    """One site's workers in `folder`, on SQLite and Celery's filesystem broker."""

    def __init__(self, folder: Path, *, lease: int = 3) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "VAR_DIR": str(folder),
            "JOB_LEASE_SECONDS": str(lease),
            "SWEEP_SECONDS": "1",
            "DJANGO_SETTINGS_MODULE": "clinic.site.settings",
        }
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            self.environment.pop(name, None)

    def __enter__(self) -> "Workers":
        migrated.into(self.folder)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_all()

    def manage(self, *arguments: str, ok: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not ok or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *, concurrency: int = 1, beat: bool = False) -> "subprocess.Popen[bytes]":
        """A worker in a process group of its own; with `beat` it sweeps too."""
        clock = ["--beat"] if beat else []
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app", "clinic.site", "worker", "--hostname", f"{name}@%h"),
                    *("--concurrency", str(concurrency), "--loglevel", "INFO", *clock),
                ],
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """The worker and its children do nothing until they are let go on."""
        os.killpg(process.pid, signal.SIGSTOP)

    def go_on(self, process: "subprocess.Popen[bytes]") -> None:
        os.killpg(process.pid, signal.SIGCONT)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """SIGKILL to the worker and its children: nothing gets a chance to tidy up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.running = [other for other in self.running if other is not process]

    def kill_all(self) -> None:
        for process in list(self.running):
            self.kill(process)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.folder / 'clinic.sqlite3'}?mode=ro", uri=True, timeout=30) as connection:
            return list(connection.execute(query))

    def job(self, key: str) -> dict[str, Any]:
        """State, progress, result and error of one job."""
        names = ("state", "done", "attempts", "result", "error")
        ((*values,),) = self.sql(
            "select {} from records_job where id = '{}'".format(", ".join(names), key.replace("-", ""))  # noqa: S608
        )
        found = dict(zip(names, values, strict=True))
        return {**found, "result": json.loads(found["result"])}

    def chunks(self, key: str) -> set[tuple[int, str]]:
        """Number and time of each stored chunk."""
        query = "select number, finished_at from records_jobchunk where job_id = '{}'"
        return set(self.sql(query.format(key.replace("-", ""))))

    def wait(self, until: Callable[[], bool], *, patience: float = 180.0, why: str) -> None:
        """Until `until` holds."""
        deadline = time.monotonic() + patience
        while not until():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text(encoding="utf-8")[-3000:] for path in self.folder.glob("*.log"))
                jobs = self.sql("select id, state, done, total, attempts, error from records_job")
                raise AssertionError(f"{why} did not come in {patience:g} s: {jobs}\n{logs}")
            time.sleep(0.02)

    def wait_until_done(self) -> None:
        self.wait(lambda: not self.sql("select 1 from records_job where state <> 'done'"), why="the jobs' end")

    def wait_until_ready(self, name: str) -> None:
        log = self.folder / f"{name}.log"
        self.wait(lambda: " ready." in log.read_text(encoding="utf-8"), why=f"worker {name}")

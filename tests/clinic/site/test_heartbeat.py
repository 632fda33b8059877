"""A real worker process is heard again and again while it lives."""

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from clinic.site.processes import Processes, worker
from tests import migrated


def beats(folder: Path) -> list[tuple[str, datetime]]:
    with sqlite3.connect(f"file:{folder / 'clinic.sqlite3'}?mode=ro", uri=True, timeout=30) as database:
        rows = database.execute("select worker, beat_at from clinic_site_workerheartbeat").fetchall()
    return [(name, datetime.fromisoformat(at).replace(tzinfo=UTC)) for name, at in rows]


def until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def test_a_worker_beats_while_it_lives(tmp_path: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path)}
    migrated.into(tmp_path)
    with Processes(tmp_path / "logs") as processes:
        processes.start("worker", worker(concurrency=1, beat=False, name="ears"), environment=environment)
        assert until(lambda: bool(beats(tmp_path)), 180), (tmp_path / "logs" / "worker.log").read_text()
        ((name, first),) = beats(tmp_path)
        assert name.startswith("ears@")
        assert until(lambda: beats(tmp_path)[0][1] > first, 15), "it goes on"

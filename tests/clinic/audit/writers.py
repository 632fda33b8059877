"""Processes that append events at the same time, on a migrated database of their own."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clinic.site.processes import manage
from tests import migrated
from tests.environment import ROOT

WRITE = """
import django
django.setup()
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
import os, sys
me = Actor(f"writer-{os.getpid()}")
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
for number in range(int(sys.argv[1])):
    record(by=me, action=Action.READ, activity="page.patient", detail={"number": number})
"""


@contextmanager
def own_database(folder: Path, server: str = "") -> Iterator[dict[str, str]]:
    """The environment of a process with a migrated database of its own: in `folder`, or on the PostgreSQL `server`."""
    environment = {**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}
    environment.pop("DATABASE_URL", None)
    name = f"chain_writers_{uuid.uuid4().hex[:12]}"
    if server:
        environment["DATABASE_URL"] = migrated.create(server, name)
    else:
        migrated.into(folder)
    try:
        yield environment
    finally:
        if server:
            migrated.drop(server, name)


@dataclass(frozen=True, slots=True)
class Written:
    """How long all writers together took, from their common start, and what they said on their error output."""

    seconds: float
    errors: list[str]


def write_at_once(environment: dict[str, str], *, writers: int, each: int, patience: float) -> Written:
    """`writers` processes, started together once all are ready, append `each` events."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(each)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(writers)
    ]
    try:
        for writer in started:
            writer.stdout.readline()  # type: ignore[union-attr]
        began = time.perf_counter()
        for writer in started:
            writer.stdin.write("go\n")  # type: ignore[union-attr]
            writer.stdin.flush()  # type: ignore[union-attr]
        errors = [
            said for writer in started if (said := writer.communicate(timeout=patience)[1]) or writer.returncode != 0
        ]
        return Written(time.perf_counter() - began, errors)
    finally:
        for writer in started:
            writer.kill()


def verified(environment: dict[str, str], *options: str, patience: float = 120) -> subprocess.CompletedProcess[str]:
    """What ``verify_audit`` says of that database."""
    return subprocess.run(
        manage("verify_audit", *options), env=environment, capture_output=True, text=True, check=False, timeout=patience
    )

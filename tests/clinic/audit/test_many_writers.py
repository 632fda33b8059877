"""Several processes write at once, on a database of their own; one chain comes of it."""

import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from clinic.site.processes import manage

EACH = 40
WRITERS = 4
WRITE = f"""
import django
django.setup()
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
import os
me = Actor(f"writer-{{os.getpid()}}")
for number in range({EACH}):
    record(by=me, action=Action.READ, activity="page.patient", detail={{"number": number}})
"""


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a process with a migrated database of its own, of the same kind as this test's."""
    environment = {**os.environ, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}
    server = os.environ.get("TEST_DATABASE_URL")
    name = f"writers_{uuid.uuid4().hex[:12]}"
    if server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        environment["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    subprocess.run(manage("migrate", "-v0"), env=environment, check=True, timeout=120)
    yield environment
    if server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')


def test_four_writing_processes_leave_one_unbroken_chain(surroundings: dict[str, str], tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE], env=surroundings, stderr=subprocess.PIPE, text=True)
        for _ in range(WRITERS)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    verified = subprocess.run(
        manage("verify_audit"), env=surroundings, capture_output=True, text=True, check=False, timeout=60
    )
    assert verified.returncode == 0, verified.stderr
    assert f"{WRITERS * EACH} events checked" in verified.stdout
    if "DATABASE_URL" not in surroundings:
        with sqlite3.connect(tmp_path / "clinic.sqlite3") as database:
            actors = [actor for (actor,) in database.execute("SELECT actor FROM audit_auditevent ORDER BY sequence")]
        assert any(a != b for a, b in pairwise(actors)), "the writers took turns"

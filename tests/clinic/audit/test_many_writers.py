"""Eight processes write at once, on a database of their own; one chain comes of it.

``AUDIT_EVENTS_EACH=10000`` makes it as long as the judged one; the same with throughput: ``python -m
tests.benchmarks.audit``.
"""

import os
import sqlite3
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from clinic.site.processes import manage
from tests.clinic.audit.writers import own_database, verified, write_at_once

pytestmark = pytest.mark.servers

EACH = int(os.environ.get("AUDIT_EVENTS_EACH", "25"))
WRITERS = 8
PATIENCE = 120 + EACH


@pytest.mark.timeout(300 + 2 * EACH)
def test_eight_writing_processes_leave_one_unbroken_chain(tmp_path: Path) -> None:
    with own_database(tmp_path, os.environ.get("TEST_DATABASE_URL", "")) as environment:
        assert write_at_once(environment, writers=WRITERS, each=EACH, patience=PATIENCE).errors == []
        whole = verified(environment)
        assert whole.returncode == 0, whole.stderr
        assert f"{WRITERS * EACH} events checked" in whole.stdout
        signed = subprocess.run(manage("audit_checkpoint"), env=environment, capture_output=True, text=True, check=True)
        assert f'"sequence":{WRITERS * EACH},' in signed.stdout
        onwards = verified(environment, "--incremental")
        assert "1 checkpoints of the database" in onwards.stdout
        if "DATABASE_URL" not in environment:
            with sqlite3.connect(tmp_path / "clinic.sqlite3") as database:
                rows = database.execute("SELECT actor FROM audit_auditevent ORDER BY sequence").fetchall()
            assert any(a != b for a, b in pairwise(rows)), "the writers took turns"

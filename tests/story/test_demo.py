"""``make demo ONCE=1``: the main job from nothing, exit code 0 only if all of it is there."""

import os
import subprocess
from pathlib import Path

import pytest

from clinic.site.processes import manage


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="the demo needs no server; it ran on SQLite")
def test_the_demo_runs_from_nothing_prints_every_patient_and_leaves_nothing_running(tmp_path: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path / "demo")}
    done = subprocess.run(
        manage("demo", "--once"), env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("chance of an AUC24") >= 2 * 7
    assert "the chain is whole" in done.stdout
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in left
    assert not [
        line for line in left.splitlines() if "manage.py ward" in line and "--speed 0" in line and "demo" in line
    ]

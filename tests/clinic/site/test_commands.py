"""``manage.py`` on a machine where nothing was set up."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_a_command_on_a_database_without_tables_says_in_one_line_what_to_run_first(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VAR_DIR")}
    asked = [sys.executable, "manage.py", "study", "run", "docs/examples/vancomycin_study.toml", "--here"]
    done = subprocess.run(
        asked,
        cwd=ROOT,
        env=environment | {"VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    line = "The database lacks a table (no such table: records_job). Run: python manage.py migrate"
    assert done.stderr.strip().splitlines() == [line]

"""``manage.py ward`` as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from tests.environment import ROOT

COMMAND = [sys.executable, str(ROOT / "manage.py"), "ward"]


def test_it_serves_until_it_is_told_to_stop_and_needs_no_database(tmp_path: Path) -> None:
    options = ["--port", "0", "--seed", "9", "--epoch", "2026-03-01T08:00:00Z", "--speed", "0", "--hours-known", "30"]
    with subprocess.Popen(
        [*COMMAND, *options, "--faults", "duplicate,corrected"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "VAR_DIR": str(tmp_path / "var")},
    ) as process:
        try:
            line = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+/fhir", line)
            assert address, line + process.stderr.read()
            assert "14 patients, 30 h known, speed 0, now 2026-03-02 14:00 UTC" in line
            base = address.group().removesuffix("/fhir")
            assert httpx.get(f"{base}/fhir/Patient", trust_env=False).json()["total"] == 12
            assert httpx.get(f"{base}/_ward/faults", trust_env=False).json()["names"] == ["duplicate", "corrected"]
            assert httpx.get(f"{base}/_ward/truth", trust_env=False).json()["seed"] == 9
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - began < 3
            assert process.stderr.read() == ""
        finally:
            process.kill()
    assert not list((tmp_path / "var").glob("*.sqlite3"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--faults", "fire"], "names has 'fire'"),
        (["--epoch", "monday"], "--epoch is 'monday'"),
        (["--epoch", "2026-03-01"], "without a time zone"),
        (["--speed", "-1"], "speed is -1"),
        (["--token-file", "nowhere"], "--token-file is nowhere"),
    ],
)
def test_what_cannot_be_served_is_said(options: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=re.escape(words)):
        call_command("ward", "--port", "0", *options)

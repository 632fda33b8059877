"""docs/examples/fhir_door.py does what it says against a server that runs, and the page names what there is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from clinic.site.processes import Processes, web
from integrations.fhir.registry import TYPES
from integrations.fhir.validate.faults import faults
from tests import migrated
from tests.api.test_real_clients import _wait
from tests.environment import ROOT
from tests.story.site import free_port

EXAMPLE = ROOT / "docs" / "examples" / "fhir_door.py"
PAGE = ROOT / "docs" / "integrators.md"
FILL = """
import django
django.setup()
from django.core.management import call_command
call_command("integration_token", "example", scope="system/*.cruds")
call_command("integration_token", "reader", scope="system/*.rs")
"""


@dataclass(frozen=True)
class Site:
    base: str
    token: str
    reader: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("example-site")
    migrated.into(folder)
    environment = {**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", FILL], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    token, reader = done.stdout.split()
    port = free_port()
    with Processes(folder / "logs") as processes:
        processes.start("web", web(port), environment=environment)
        _wait(f"http://127.0.0.1:{port}/healthz", folder / "logs" / "web.log")
        yield Site(f"http://127.0.0.1:{port}/fhir", token, reader)


def run(site: Site, token: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLE), site.base, token]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_example_sends_finds_changes_and_is_recorded(site: Site) -> None:
    done = run(site, site.token)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert told[0] == f"FHIR 4.0.1, {len(TYPES)} types"
    assert told[1] == "sent: 201 Created, 201 Created, 201 Created"
    assert told[2] == "sent again: 200 OK, 200 OK, 200 OK"
    assert told[3] == "found: 11.4, 14.9 mg/L"
    assert told[4] == 'corrected: now version W/"2"'
    assert told[5].startswith("refused: PUT Observation/")
    assert "412" in told[5]
    assert told[6] == "recorded: 1 change, PatientUpdate"


def test_a_token_that_only_reads_is_told_so(site: Site) -> None:
    done = run(site, site.reader)
    assert done.returncode != 0
    assert "403" in done.stderr
    assert "system/" in done.stderr


def test_the_observation_that_the_page_sends_is_there_and_without_fault() -> None:
    (name,) = set(re.findall(r"-d @(\S+)", PAGE.read_text(encoding="utf-8")))
    text = (ROOT / name).read_text(encoding="utf-8")
    assert faults("Observation", text, json.loads(text, parse_float=Decimal)) == []


def test_the_page_names_every_type_and_links_only_what_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in TYPES:
        assert name in text, f"{name} is served and not on the page"
    for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not link.startswith("http") and link not in ("cds_hooks.md", "connecting.md"):
            assert (PAGE.parent / Path(link)).exists(), link

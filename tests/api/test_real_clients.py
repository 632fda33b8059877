"""fhirpy and fhirclient, as integrators install them, read page by page over real HTTP, and nothing without a token."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.riskassessment import RiskAssessment
from fhirclient.server import FHIRUnauthorizedException
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError

from clinic.site.processes import Processes, web
from tests.story.site import free_port

FILL = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.api.ward_data import level, patient
from tests.factories import patient_records
for number in range(1, 8):
    who = patient(number)
    level(who, number, value=f"{number}.30", hours=number)
patient_records.twin(who.subject, with_records=False)
call_command("integration_token", "lab")
call_command("integration_token", "lab", credentials=True)
"""


@dataclass(frozen=True)
class Server:
    base: str
    token: str
    client_id: str
    client_secret: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fhir-server")
    environment = {**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}

    done = subprocess.run(
        [sys.executable, "-c", FILL], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    token, *credentials = done.stdout.splitlines()
    words = dict(line.split() for line in credentials)
    port = free_port()
    with Processes(folder / "logs") as processes:
        processes.start("web", web(port), environment=environment)
        _wait(f"http://127.0.0.1:{port}/healthz", folder / "logs" / "web.log")
        yield Server(f"http://127.0.0.1:{port}/fhir", token, words["client_id"], words["client_secret"])


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False, timeout=2).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_fhirpy_reads_patients_page_by_page(server: Server) -> None:
    client = SyncFHIRClient(server.base, authorization=f"Bearer {server.token}")
    found = client.resources("Patient").sort("_lastUpdated").limit(3).fetch_all()
    assert [item["id"] for item in found] == [f"ward.p{number}" for number in range(1, 8)]
    assert client.resources("Patient").search(name="oskars", gender="female").count() == 4
    observation = client.resources("Observation").search(patient="ward.p3", code="20578-1").first()
    assert observation is not None
    assert observation["subject"].to_resource()["id"] == "ward.p3", "the reference resolves"
    assert client.reference("Patient", "ward.p2").to_resource()["name"][0]["family"] == "Óskarsdóttir"


def test_fhirpy_is_refused_without_a_token(server: Server) -> None:
    with pytest.raises(AuthorizationError, match="bearer token"):
        SyncFHIRClient(server.base).resources("Patient").fetch()


def signed_in(server: Server) -> FHIRClient:
    """A fhirclient that read /metadata, found the token's address there and got a token for its credentials."""
    client = FHIRClient(
        settings={
            "app_id": server.client_id,
            "app_secret": server.client_secret,
            "api_base": server.base,
            "scope": "system/*.rs",
        }
    )
    client.wants_patient = False  # a system, not an app that is started for one patient
    assert not client.prepare(), "not before it has a token"
    client.server.authorize()
    assert client.ready
    return client


def test_fhirclient_reads_patients_page_by_page_with_its_own_credentials(server: Server) -> None:
    client = signed_in(server)
    assert client.server.capabilityStatement.fhirVersion == "4.0.1"
    found = list(Patient.where({"_count": "3"}).perform_resources_iter(client.server))
    assert [item.id for item in found] == [f"ward.p{number}" for number in range(1, 8)]
    assert found[1].name[0].family == "Óskarsdóttir"
    level = next(Observation.where({"patient": "ward.p4"}).perform_resources_iter(client.server))
    assert (level.valueQuantity.value, level.valueQuantity.unit) == (4.3, "mg/L")
    assert Patient.read("ward.p4", client.server).gender == "male"


def test_fhirclient_reads_the_twins_forecasts(server: Server) -> None:
    client = signed_in(server)
    forecasts = list(RiskAssessment.where({"patient": "ward.p7"}).perform_resources_iter(client.server))
    assert len(forecasts) == 4
    first = forecasts[0]
    assert sum(one.probabilityDecimal for one in first.prediction[:3]) == pytest.approx(100, abs=0.02)
    assert first.subject.reference == "Patient/ward.p7"


def test_fhirclient_is_refused_without_a_token(server: Server) -> None:
    client = FHIRClient(settings={"app_id": "nobody", "api_base": server.base})
    client.prepare()
    with pytest.raises(FHIRUnauthorizedException):
        next(Patient.where({}).perform_resources_iter(client.server))

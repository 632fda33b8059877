"""fhirpy, fhirclient and fhir-pyrate, as integrators install them, over real HTTP: page by page, by search and include,
as writers, and nothing without a token."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import requests
from fhir_pyrate import Pirate
from fhirclient.client import FHIRClient
from fhirclient.models.humanname import HumanName
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.riskassessment import RiskAssessment
from fhirclient.server import FHIRUnauthorizedException
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, MultipleResourcesFound, OperationOutcome, ResourceNotFound

from clinic.site.processes import Processes, web
from tests import migrated
from tests.story.site import free_port

FILL = """
import django
django.setup()
from django.core.management import call_command
from tests.api.ward_data import level, patient
from tests.factories import patient_records
for number in range(1, 8):
    who = patient(number)
    level(who, number, value=f"{number}.30", hours=number)
patient_records.twin(who.subject, with_records=False)
call_command("integration_token", "lab")
call_command("integration_token", "gateway", scope="system/*.cruds")
call_command("integration_token", "lab", credentials=True)
"""


@dataclass(frozen=True)
class Server:
    base: str
    token: str
    writing: str
    """A token that may write."""
    client_id: str
    client_secret: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fhir-server")
    migrated.into(folder)
    environment = {**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}

    done = subprocess.run(
        [sys.executable, "-c", FILL], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    token, writing, *credentials = done.stdout.splitlines()
    words = dict(line.split() for line in credentials)
    port = free_port()
    with Processes(folder / "logs") as processes:
        processes.start("web", web(port), environment=environment)
        _wait(f"http://127.0.0.1:{port}/healthz", folder / "logs" / "web.log")
        yield Server(f"http://127.0.0.1:{port}/fhir", token, writing, words["client_id"], words["client_secret"])


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + 180
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
    found = client.resources("Patient").search(name="oskars").sort("_lastUpdated").limit(3).fetch_all()
    assert [item["id"] for item in found] == [f"ward.p{number}" for number in range(1, 8)]
    assert client.resources("Patient").search(name="oskars", gender="female").count() == 4
    observation = client.resources("Observation").search(patient="ward.p3", code="20578-1").first()
    assert observation is not None
    assert observation["subject"].to_resource()["id"] == "ward.p3", "the reference resolves"
    assert client.reference("Patient", "ward.p2").to_resource()["name"][0]["family"] == "Óskarsdóttir"


def writer(server: Server) -> SyncFHIRClient:
    return SyncFHIRClient(server.base, authorization=f"Bearer {server.writing}")


def test_fhirpy_finds_with_includes_and_dates(server: Server) -> None:
    client = SyncFHIRClient(server.base, authorization=f"Bearer {server.token}")
    bundle = client.resources("Observation").search(_id="ward.o3").include("Observation", "subject").fetch_raw()
    assert [(one["resource"]["resourceType"], one["search"]["mode"]) for one in bundle["entry"]] == [
        ("Observation", "match"),
        ("Patient", "include"),
    ]
    found = client.resources("Patient").has("Observation", "patient", code="20578-1").fetch_all()
    assert len(found) == 7
    first = client.resources("Observation").sort("date").first()
    assert first is not None
    since = client.resources("Observation").search(date__gt=first["effectiveDateTime"], code="20578-1").count()
    assert since == 6
    assert client.resources("Patient").search(_id="ward.p1").revinclude("Observation", "patient").fetch_raw()["entry"]


def test_fhirpy_writes_what_it_reads_back(server: Server) -> None:
    client = writer(server)
    known = client.resource("Patient", name=[{"family": "Pyfhir"}], identifier=[{"system": "urn:py", "value": "1"}])
    known.save()
    assert known["meta"]["versionId"] == "1"
    known["birthDate"] = "1950-01-01"
    known.save(fields=["birthDate"])
    assert client.reference("Patient", known.id).to_resource()["birthDate"] == "1950-01-01"
    same, is_new = (
        client.resources("Patient")
        .search(identifier="urn:py|1")
        .get_or_create(client.resource("Patient", name=[{"family": "Pyfhir"}]))
    )
    assert (same["id"], is_new) == (known.id, False)
    known["gender"] = "female"
    changed, is_new = client.resources("Patient").search(identifier="urn:py|1").update(known)
    assert (changed["gender"], is_new) == ("female", False)
    assert changed["meta"]["versionId"] == "3"


def test_fhirpy_is_told_why_a_write_is_refused(server: Server) -> None:
    client = writer(server)
    with pytest.raises(OperationOutcome, match="gender"):
        client.resource("Patient", gender="nonsense").save()
    with pytest.raises(AuthorizationError):
        SyncFHIRClient(server.base, authorization="Bearer wrong").resource("Patient", name=[{"family": "X"}]).save()
    with pytest.raises(ResourceNotFound):
        client.resources("Patient").search(_id="nobody").get()
    with pytest.raises(MultipleResourcesFound):
        client.resources("Patient").search(gender="male").get()


def test_fhirpy_turns_pages_while_others_write(server: Server) -> None:
    """Nothing is shown twice or left out of what was there before, whatever is written between the pages."""
    client = writer(server)
    known = client.resource("Patient", name=[{"family": "Turner"}])
    known.save()

    def note() -> str:
        made = client.resource(
            "Observation", status="final", code={"text": "note"}, subject={"reference": f"Patient/{known.id}"}
        )
        made.save()
        return str(made.id)

    before = [note() for _ in range(7)]
    seen = []
    for one in client.resources("Observation").search(patient=known.id).limit(2):
        seen.append(one["id"])
        if len(seen) < 7:
            note()
    assert len(seen) == len(set(seen))
    assert seen[:7] == before


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
    found = list(Patient.where({"_count": "3", "name": "Óskarsdóttir"}).perform_resources_iter(client.server))
    assert [item.id for item in found] == [f"ward.p{number}" for number in range(1, 8)]
    assert found[1].name[0].family == "Óskarsdóttir"
    level = next(Observation.where({"patient": "ward.p4"}).perform_resources_iter(client.server))
    assert (level.valueQuantity.value, level.valueQuantity.unit) == (4.3, "mg/L")
    assert Patient.read("ward.p4", client.server).gender == "male"


def test_fhirclient_writes_and_takes_back(server: Server) -> None:
    client = FHIRClient(settings={"app_id": "gateway", "api_base": server.base})
    client.server.auth = None
    client.server.session.headers["Authorization"] = f"Bearer {server.writing}"
    made = Patient({"name": [{"family": "Client"}]})
    saved = made.create(client.server)
    assert saved is not None
    known = Patient.read(saved["id"], client.server)
    known.name = [HumanName({"family": "Client", "given": ["Second"]})]
    known.birthDate = None
    assert known.update(client.server)["meta"]["versionId"] == "2"
    assert Patient.read(saved["id"], client.server).name[0].given == ["Second"]
    note = Observation(
        {"status": "final", "code": {"text": "note"}, "subject": {"reference": f"Patient/{saved['id']}"}}
    )
    note.id = note.create(client.server)["id"]
    note.delete(client.server)
    assert list(Observation.where({"patient": saved["id"]}).perform_resources_iter(client.server)) == []


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


def test_fhir_pyrate_makes_frames_of_searches(server: Server) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {server.token}"
    client = Pirate(base_url=server.base, auth=session, num_processes=1)
    paths = ["id", ("at", "effectiveDateTime"), ("value", "valueQuantity.value"), ("of", "subject.reference")]
    asked = {"code": "http://loinc.org|20578-1", "_count": 2, "_sort": "date"}
    levels = client.steal_bundles_to_dataframe("Observation", request_params=asked, num_pages=-1, fhir_paths=paths)
    assert len(levels) == levels["id"].nunique() == 7, "all pages, nothing twice"
    assert list(levels["at"]) == sorted(levels["at"])
    people = levels.assign(who=levels["of"].str.removeprefix("Patient/"))
    mine = client.trade_rows_for_dataframe(
        people[:3], "Observation", df_constraints={"patient": "who"}, fhir_paths=paths, with_ref=False
    )
    assert set(mine["of"]) == set(people["of"][:3])
    spanned = client.sail_through_search_space_to_dataframe(
        "Observation", "date", "2020-01-01", "2030-01-01", request_params=asked, fhir_paths=paths
    )
    assert set(spanned["id"]) == set(levels["id"])

"""What a batch may ask besides writing: searches, operations and metadata, each within the scopes and counted."""

import base64
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from clinic.audit.models import AuditEvent
from integrations.fhir.authentication import CallerRate
from integrations.fhir.interactions import batch as batch_module
from integrations.fhir.interactions import entries as entries_module
from tests.api.test_bundle import entry, send, statuses
from tests.api.ward_data import level, patient

pytestmark = pytest.mark.django_db


def with_scope(scope: str) -> Client:
    out = StringIO()
    call_command("integration_token", "batcher", "--scope", scope, stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


@pytest.fixture
def reader(db: None) -> Client:
    for number in (1, 2):
        level(patient(number), number)
    return with_scope("system/*.rs")


def form(text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/x-www-form-urlencoded", "data": data}


def test_a_batch_searches_operates_and_tells_what_the_server_can_do(reader: Client) -> None:
    wrong = {"resourceType": "Observation", "status": "nonsense", "code": {}}
    answer = send(
        reader,
        entry("GET", "Observation?patient=ward.p1"),
        entry("POST", "Observation/_search?_count=50", form("patient=ward.p2")),
        entry("GET", "Patient/ward.p1/$everything?_type=Observation"),
        entry("GET", "Observation/$lastn?patient=ward.p2"),
        entry("POST", "Observation/$validate", wrong),
        entry("GET", "metadata"),
        kind="batch",
    )
    assert statuses(answer) == ["200"] * 6
    found = [one["resource"] for one in answer.json()["entry"]]
    ids = [[one["resource"]["id"] for one in bundle["entry"]] for bundle in found[:4]]
    assert ids == [["ward.o1"], ["ward.o2"], ["ward.o1"], ["ward.o2"]]
    assert found[4]["issue"][0]["severity"] == "error"
    assert found[5]["fhirVersion"] == "4.0.1"
    event = AuditEvent.objects.latest("sequence")
    assert (event.activity, len(event.detail["subjects"])) == ("fhir.batch", 2)


def test_each_entry_goes_as_far_as_the_token(reader: Client) -> None:
    narrow = with_scope("system/Patient.rs")
    answer = send(
        narrow,
        entry("GET", "Patient?_id=ward.p1"),
        entry("POST", "Observation/_search", form("patient=ward.p1")),
        entry("GET", "Observation/$lastn?patient=ward.p1"),
        entry("GET", "Patient/ward.p1/$everything"),
        kind="batch",
    )
    assert statuses(answer) == ["200", "403", "403", "200"]
    assert [one["resource"]["resourceType"] for one in answer.json()["entry"][3]["resource"]["entry"]] == ["Patient"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (entry("GET", "$export"), "400"),
        (entry("GET", "Patient/ward.p1/$nothing"), "404"),
        (entry("GET", "Patient/ward.p1/$what-if"), "405"),
        (entry("PUT", "Patient/ward.p1/$everything"), "400"),
        (
            entry("POST", "Patient/_search", {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}),
            "400",
        ),
        (entry("POST", "Nothing/_search"), "404"),
        (entry("POST", "metadata"), "400"),
    ],
)
def test_what_a_batch_does_not_do_is_refused_alone(reader: Client, asked: dict[str, Any], status: str) -> None:
    assert statuses(send(reader, asked, entry("GET", "Patient?_summary=count"), kind="batch")) == [status, "200"]


def test_a_transaction_does_none_of_it(reader: Client) -> None:
    for asked in (entry("GET", "metadata"), entry("POST", "Patient/_search"), entry("GET", "Observation/$lastn")):
        answer = send(reader, asked)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")


def test_a_batch_counts_as_all_its_entries(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CallerRate, "rate", "10/min")
    asked = [entry("GET", "Patient/ward.p1")]
    assert statuses(send(reader, *asked * 6, kind="batch")) == ["200"] * 6
    answer = send(reader, *asked * 5, kind="batch")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert statuses(send(reader, *asked * 2, kind="batch")) == ["200"] * 2, "what was refused counts as one"
    assert reader.get("/fhir/Patient/ward.p1").status_code == 200
    assert reader.get("/fhir/Patient/ward.p1").status_code == 429


def test_a_batch_whose_answer_is_long_reads_no_more(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "LARGEST_ANSWER", 100)
    asked = entry("GET", "Observation")
    answer = send(
        with_scope("system/*.cruds"),
        asked,
        asked,
        entry("GET", "Observation/$lastn?patient=ward.p1"),
        entry("POST", "Patient", {"resourceType": "Patient"}),
        kind="batch",
    )
    assert statuses(answer) == ["200", "400", "400", "201"]


def test_a_batch_has_an_end(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries_module, "MOST_OF_A_BATCH", 3)
    assert send(reader, *[entry("GET", "metadata")] * 4, kind="batch").status_code == 413
    monkeypatch.setattr(entries_module, "MOST_OPERATIONS", 2)
    asked = entry("GET", "Observation/$lastn?patient=ward.p1")
    assert statuses(send(reader, asked, asked, asked, kind="batch")) == ["200", "200", "400"]

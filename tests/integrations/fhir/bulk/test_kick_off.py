"""What an export is asked with: each parameter, and each refusal."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from clinic.audit.models import AuditEvent
from integrations.fhir import chain
from integrations.fhir.bulk.kick_off import MOST_OPEN
from integrations.fhir.bulk.models import Export
from integrations.readings.models import QuarantineEntry
from tests.api.ward_data import T0, infusion, level, patient, store
from tests.integrations.fhir.bulk.conftest import Client_of, ask, begin, done, fetched, ids, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> None:
    for number in (1, 2):
        person = patient(number)
        level(person, number, value="6.30" if number == 1 else "12.300")
        infusion(person, number, hours=1)


def refused(answer: Any, status: int = 400) -> str:
    assert answer.status_code == status, answer.content
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert not Export.objects.exists()
    return str(answer.json()["issue"][0]["details"]["text"])


def test_an_export_is_begun_with_the_address_that_tells_how_far_it_is(
    caller: Client, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = begin(caller)
    export = Export.objects.get()
    assert answer["Content-Location"] == f"http://testserver/fhir/$export/{export.pk}"
    assert sent == [str(export.pk)]


def test_without_respond_async_it_is_refused(caller: Client) -> None:
    assert "respond-async" in refused(caller.get("/fhir/$export"))
    assert "respond-async" in refused(caller.get("/fhir/$export", headers={"Prefer": "handling=lenient"}))


def test_a_head_begins_nothing(caller: Client) -> None:
    assert caller.head("/fhir/$export", headers={"Prefer": "respond-async"}).status_code == 405
    assert not Export.objects.exists()


def test_one_who_takes_no_json_is_refused(caller: Client) -> None:
    refused(begin(caller, Accept="application/fhir+xml"), 406)


@pytest.mark.parametrize("name", ["application/fhir+ndjson", "application/ndjson", "ndjson"])
def test_each_name_of_the_format_is_known(caller: Client, name: str) -> None:
    assert begin(caller, query={"_outputFormat": name}).status_code == 202
    assert begin(caller, f"/fhir/$export?_outputFormat={name}").status_code == 202, "a plus sign that was not escaped"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"_outputFormat": "application/fhir+xml"}, "_outputFormat"),
        ({"_outputFormat": "text/csv"}, "ndjson"),
        ({"_since": "yesterday"}, "_since"),
        ({"_since": "2026-13-01"}, "_since"),
        ({"_since": "ge2026-01-01"}, "_since"),
        ({"_since": (timezone.now() + timedelta(days=1)).isoformat()}, "future"),
        ({"_type": "Nonsense"}, "Nonsense"),
        ({"_type": ""}, "_type"),
        ({"_type": "AuditEvent"}, "AuditEvent"),
        ({"_elements": "!"}, "_elements"),
        ({"_typeFilter": "Observation"}, "_typeFilter"),
        ({"_typeFilter": "Observation?nonsense=1"}, "nonsense"),
        ({"_typeFilter": "Observation?date=never"}, "date"),
        ({"_typeFilter": "Observation?_include=Observation:subject"}, "_include"),
        ({"_typeFilter": "Nonsense?code=1"}, "Nonsense"),
        ({"_type": "Patient", "_typeFilter": "Observation?status=final"}, "_type"),
        ({"includeAssociatedData": "LatestProvenanceResources"}, "includeAssociatedData"),
        ({"organizeOutputBy": "Patient"}, "organizeOutputBy"),
        ({"nonsense": "1"}, "nonsense"),
        ({"patient": "Patient/ward.p1"}, "patient"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(caller: Client, query: dict[str, str], word: str) -> None:
    assert word in refused(begin(caller, query=query))


def test_lenient_handling_ignores_what_is_not_supported_and_says_so_in_a_file(caller: Client, ward: None) -> None:
    query = {"includeAssociatedData": "x", "nonsense": "1", "_type": "Patient,Nonsense", "organizeOutputBy": "Patient"}
    manifest = done(caller, begin(caller, query=query, Prefer="respond-async, handling=lenient"))
    assert ids(caller, manifest) == {"Patient/ward.p1", "Patient/ward.p2"}
    said = "\n".join(fetched(caller, manifest["error"]))
    assert all(word in said for word in ("includeAssociatedData", "nonsense", "Nonsense", "organizeOutputBy"))


def test_lenient_handling_does_not_take_a_bad_value(caller: Client) -> None:
    refused(begin(caller, query={"_since": "never"}, Prefer="respond-async;handling=lenient"))


def test_the_manifest_says_what_the_guide_asks(caller: Client, ward: None) -> None:
    manifest = done(caller, begin(caller, query={"_type": "Observation,Patient"}))
    export = Export.objects.get()
    assert manifest["transactionTime"] == export.transaction_time.isoformat().replace("+00:00", "Z")
    assert manifest["request"] == "http://testserver/fhir/$export?_type=Observation%2CPatient"
    assert manifest["requiresAccessToken"] is True
    assert manifest["error"] == []
    assert "deleted" not in manifest
    assert {(item["type"], item["count"]) for item in manifest["output"]} == {("Observation", 2), ("Patient", 2)}


def test_every_resource_is_one_line_and_what_a_read_answers_digit_for_digit(caller: Client, ward: None) -> None:
    manifest = done(caller, begin(caller))
    lines = fetched(caller, manifest["output"])
    assert len(lines) == 6
    for line in lines:
        resource = json.loads(line)
        read = caller.get(f"/fhir/{resource['resourceType']}/{resource['id']}").content.decode()
        assert line == read.replace("\n", " ")
    assert '"value": 6.30,' in "".join(lines)
    assert '"value": 12.300,' in "".join(lines)


def test_types_may_be_listed_or_repeated(caller: Client, ward: None) -> None:
    once = done(caller, begin(caller, query={"_type": "Patient,Observation"}))
    twice = done(caller, begin(caller, query={"_type": ["Patient", "Observation"]}))
    assert ids(caller, once) == ids(caller, twice)
    assert {item["type"] for item in once["output"]} == {"Patient", "Observation"}


def test_elements_are_cut_and_the_resource_says_that_it_is_not_whole(caller: Client, ward: None) -> None:
    query = {"_type": "Observation,Patient", "_elements": "Observation.valueQuantity,birthDate"}
    manifest = done(caller, begin(caller, query=query))
    for line in fetched(caller, manifest["output"]):
        resource = json.loads(line)
        assert resource["meta"]["tag"][-1]["code"] == "SUBSETTED"
        if resource["resourceType"] == "Observation":
            assert set(resource) == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
        else:
            assert set(resource) == {"resourceType", "id", "meta", "birthDate"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["Observation?_id=ward.o1"], {"Observation/ward.o1"}),
        (["Observation?_id=ward.o1", "Observation?_id=ward.o2"], {"Observation/ward.o1", "Observation/ward.o2"}),
        (["Observation?_id=ward.o1,Observation?_id=ward.o2"], {"Observation/ward.o1", "Observation/ward.o2"}),
        (["Observation?patient=ward.p2&status=final"], {"Observation/ward.o2"}),
        (["Observation?status=preliminary,entered-in-error"], set()),
        (["Observation?patient.gender=female"], {"Observation/ward.o1"}),
        (["Observation?value-quantity=gt10"], {"Observation/ward.o2"}),
        ([f"Observation?_lastUpdated=lt{T0.date()}"], set()),
        ([f"Observation?_lastUpdated=ge{T0.date()}"], {"Observation/ward.o1", "Observation/ward.o2"}),
    ],
)
def test_a_resource_of_a_filtered_type_answers_one_of_its_filters(
    caller: Client, ward: None, filters: list[str], found: set[str]
) -> None:
    manifest = done(caller, begin(caller, query={"_type": "Observation,Patient", "_typeFilter": filters}))
    assert ids(caller, manifest, "Observation") == found
    assert len(ids(caller, manifest, "Patient")) == 2, "types without a filter are whole"


def test_parameters_may_come_in_a_parameters_resource(caller: Client, ward: None) -> None:
    begun = ask(
        caller,
        "/fhir/$export",
        {"name": "_type", "valueString": "Observation"},
        {"name": "_typeFilter", "valueString": "Observation?_id=ward.o2"},
        {"name": "_outputFormat", "valueString": "application/fhir+ndjson"},
    )
    assert ids(caller, done(caller, begun)) == {"Observation/ward.o2"}


def test_a_refused_body_is_no_data_and_is_not_kept_in_quarantine(caller: Client) -> None:
    refused(ask(caller, "/fhir/$export", {"name": "_since", "valueInstant": "never"}))
    refused(ask(caller, "/fhir/$export", {"name": "_type", "valueInteger": 4}))
    answer = caller.post(
        "/fhir/$export", "{", content_type="application/fhir+json", headers={"Prefer": "respond-async"}
    )
    refused(answer)
    assert not QuarantineEntry.objects.exists()


def test_one_client_has_few_exports_under_way(caller: Client) -> None:
    for _ in range(MOST_OPEN):
        place(begin(caller))
    answer = begin(caller)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


def test_who_asked_for_what_is_recorded_and_filters_are_not(caller: Client, ward: None) -> None:
    begin(caller, "/fhir/Patient/$export", query={"_typeFilter": "Patient?name=" + quote("Óskars")})
    event = AuditEvent.objects.get(activity="fhir.export")
    assert event.actor.startswith("user-")
    assert event.detail["level"] == "patient"
    assert event.detail["filters"] == 1
    assert event.detail["export"] == str(Export.objects.get().pk)
    assert "skars" not in json.dumps(event.detail)


def test_at_the_level_of_patients_what_is_about_nobody_is_left_out_unless_anybody_may_see_it(
    caller: Client, ward: None
) -> None:
    store('{"resourceType": "Medication", "id": "m1", "code": {"text": "x"}}')
    store('{"resourceType": "Group", "id": "g1", "type": "person", "actual": true}')
    patients = done(caller, begin(caller, "/fhir/Patient/$export"))
    assert {item["type"] for item in patients["output"]} == {
        *("Patient", "Observation", "MedicationAdministration", "Medication"),
    }
    everything = done(caller, begin(caller))
    assert "Group/ward.g1" in ids(caller, everything)
    assert "Group" in refused_type(begin(caller, "/fhir/Patient/$export", query={"_type": "Group"}))


def refused_type(answer: Any) -> str:
    assert answer.status_code == 400
    return str(answer.json()["issue"][0]["details"]["text"])


def test_a_filter_looks_no_farther_than_the_token_when_it_is_judged(
    client_of: Client_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(1, family="Anders")
    monkeypatch.setattr(chain, "MOST_CHAINED", 0)  # what is found is too much, and is said so
    query = {"_type": "Observation", "_typeFilter": "Observation?subject:Patient.family=Anders"}
    assert begin(client_of("all"), query=query).status_code == 400
    assert begin(client_of("narrow", "system/Observation.rs"), query=query).status_code == 202

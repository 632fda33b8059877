"""A resource is served digit for digit as its source sent it, under this server's names."""

import json
from datetime import UTC
from email.utils import parsedate_to_datetime

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.audit.models import Action, AuditEvent, ChainHead, Outcome
from integrations.fhir.identity import FHIR_ID, server_id, source_key
from integrations.readings.models import Resource, Source
from tests.api.ward_data import T0, infusion, level, patient, store

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("value", ["6.30", "1e3", "0.10000000000000001234", "12", "-0.0", "100000000000000000000.5"])
def test_a_decimal_keeps_every_digit(caller: Client, value: str) -> None:
    level(patient(1), 1, value=value)
    text = caller.get("/fhir/Observation/ward.o1").content.decode()
    assert f'"value": {value},' in text


def test_only_names_change_and_everything_else_stays_as_it_came(caller: Client) -> None:
    stored = level(patient(1), 1)
    served = caller.get("/fhir/Observation/ward.o1").json()
    expected = json.loads(stored.text)
    expected["id"] = "ward.o1"
    expected["subject"]["reference"] = "Patient/ward.p1"
    expected["performer"][0]["reference"] = "Practitioner/ward.lab"
    expected["specimen"]["reference"] = "http://ward.test/fhir/Specimen/s1"
    assert served == expected
    assert served["note"][0]["text"] == 'said "reference": "Patient/x" in a note'
    get_fhir_model_class("Observation").model_validate(served)


def test_references_resolve_on_this_server_however_the_source_wrote_them(caller: Client) -> None:
    who = patient(1)
    infusion(who, 1, hours=0)
    text = '{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"%s"}}'
    for number, written in enumerate(["Patient/p1", "Patient\\/p1", "urn:uuid:p1", "http://ward.test/fhir/Patient/p1"]):
        store(text.replace("o2", f"v{number}") % written, subject=who.subject)
        served = caller.get(f"/fhir/Observation/ward.v{number}").json()
        assert served["subject"]["reference"] == "Patient/ward.p1", written
    administration = caller.get("/fhir/MedicationAdministration/ward.m1").json()
    assert caller.get(f"/fhir/{administration['subject']['reference']}").status_code == 200


@pytest.mark.parametrize("written", ["#contained", "http://other.test/fhir/Patient/p1", "urn:oid:1.2.3", "Patient?x=1"])
def test_references_that_are_not_this_sources_stay_as_they_are(caller: Client, written: str) -> None:
    who = patient(1)
    body = {"resourceType": "Observation", "id": "o1", "subject": {"reference": written}}
    store(json.dumps(body), subject=who.subject)
    assert caller.get("/fhir/Observation/ward.o1").json()["subject"]["reference"] == written


def test_two_sources_may_use_the_same_ids(caller: Client) -> None:
    level(patient(1), 1, value="1.0")
    level(patient(1, slug="icu"), 1, value="2.0")
    for slug, value in (("ward", 1.0), ("icu", 2.0)):
        served = caller.get(f"/fhir/Observation/{slug}.o1").json()
        assert served["valueQuantity"]["value"] == value
        assert served["subject"]["reference"] == f"Patient/{slug}.p1"


@pytest.mark.parametrize(("slug", "identifier"), [("a_ward", "o1"), ("w" * 50, "o" * 64), ("ward", "o" * 64)])
def test_an_id_that_would_be_none_in_fhir_gets_a_digest_and_is_found_by_it(
    caller: Client, slug: str, identifier: str
) -> None:
    store(json.dumps({"resourceType": "Observation", "id": identifier, "status": "final"}), slug=slug)
    key = f"{slug}/Observation/{identifier}"
    here = server_id(key)
    assert FHIR_ID.fullmatch(here)
    assert source_key("Observation", here) == key
    assert caller.get(f"/fhir/Observation/{here}").json()["id"] == here


def test_a_source_without_versions_gets_them(caller: Client) -> None:
    store('{"resourceType": "Observation", "id": "o1", "status": "final", "meta": {"profile": ["urn:x"]}}')
    answer = caller.get("/fhir/Observation/ward.o1")
    row = Resource.objects.get()
    assert answer.json()["meta"] == {
        "profile": ["urn:x"],
        "versionId": row.sha256,
        "lastUpdated": T0.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    assert answer["ETag"] == f'W/"{row.sha256}"'


def test_etag_and_last_modified_let_a_caller_ask_only_for_news(caller: Client) -> None:
    stored = level(patient(1), 1, version=3)
    answer = caller.get("/fhir/Observation/ward.o1")
    assert answer["ETag"] == 'W/"3"'
    assert parsedate_to_datetime(answer["Last-Modified"]) == stored.last_updated.replace(microsecond=0)
    for tag in ('W/"3"', '"3"', '"1", W/"3"', "*"):
        unchanged = caller.get("/fhir/Observation/ward.o1", headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", 'W/"3"')
    assert caller.get("/fhir/Observation/ward.o1", headers={"If-None-Match": '"33"'}).status_code == 200
    since = {"If-Modified-Since": answer["Last-Modified"]}
    assert caller.get("/fhir/Observation/ward.o1", headers=since).status_code == 304


def test_older_versions_can_be_read(caller: Client) -> None:
    who = patient(1)
    level(who, 1, value="5.0", version=1, current=False)
    level(who, 1, value="6.0", version=2)
    assert caller.get("/fhir/Observation/ward.o1").json()["valueQuantity"]["value"] == 6.0
    assert caller.get("/fhir/Observation/ward.o1/_history/1").json()["valueQuantity"]["value"] == 5.0
    assert caller.get("/fhir/Observation/ward.o1/_history/3").status_code == 404


@pytest.mark.parametrize(
    ("method", "address", "headers", "status", "code"),
    [
        ("get", "/fhir/Observation/none", {}, 404, "not-found"),
        ("get", "/fhir/Observation/ward.", {}, 404, "not-found"),
        ("get", "/fhir/Observation/%00", {}, 404, "not-found"),
        ("get", "/fhir/Observation/ward.o1/_history/%00", {}, 404, "not-found"),
        ("get", "/fhir/AuditEvent/%00", {}, 404, "not-found"),
        ("get", "/fhir/RiskAssessment/%00", {}, 404, "not-found"),
        ("get", "/fhir/Observation?status=%00", {}, 400, "value"),
        ("get", "/fhir/AuditEvent?altid=%00", {}, 400, "value"),
        ("get", "/fhir/Nonsense", {}, 404, "not-supported"),
        ("get", "/fhir/Nonsense/1", {}, 404, "not-supported"),
        ("get", "/fhir/", {}, 404, "not-found"),
        ("post", "/fhir/", {}, 415, "not-supported"),
        ("get", "/fhir/Patient/1/2/3", {}, 404, "not-found"),
        ("put", "/fhir/Patient/ward.p1", {}, 415, "not-supported"),
        ("delete", "/fhir/Patient/ward.p1", {}, 403, "forbidden"),
        ("delete", "/fhir/AuditEvent/1", {}, 405, "not-supported"),
        ("post", "/fhir/Patient", {}, 415, "not-supported"),
        ("get", "/fhir/Patient/_search", {}, 404, "not-found"),
        ("get", "/fhir/Patient", {"Accept": "application/fhir+xml"}, 406, "not-supported"),
        ("get", "/fhir/Patient", {"Accept": "application/fhir+json;q=0"}, 406, "not-supported"),
        ("get", "/fhir/Patient?_format=xml", {}, 406, "not-supported"),
    ],
)
def test_every_refusal_is_an_operation_outcome(
    caller: Client, method: str, address: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = getattr(caller, method)(address, headers=headers)
    if method == "get" and address.endswith("_search"):
        assert answer.status_code == 405
        return
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/fhir+json; charset=utf-8"
    body = answer.json()
    assert body["issue"][0]["code"] == code
    assert body["issue"][0]["diagnostics"] == body["issue"][0]["details"]["text"], "where HAPI's client looks for it"
    get_fhir_model_class("OperationOutcome").model_validate(body)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/fhir+xml;q=1.0, application/fhir+json;q=1.0",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "application/fhir+json; fhirVersion=4.0",
    ],
)
def test_whoever_takes_json_gets_it(caller: Client, accept: str) -> None:
    assert caller.get("/fhir/Patient", headers={"Accept": accept}).status_code == 200


def test_a_read_is_recorded_with_what_was_shown_and_to_whom(caller: Client, token: str) -> None:
    who = patient(1)
    level(who, 1, version=4)
    caller.get("/fhir/Observation/ward.o1")
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.activity, event.action, event.outcome) == ("fhir.read", Action.READ, Outcome.SUCCESS)
    assert (event.entity_type, event.entity_id, event.entity_version) == ("Observation", "ward.o1", "4")
    assert event.subject_key == str(who.pk)
    assert (event.actor_roles, event.request_id != "") == (["integration"], True)
    caller.get("/fhir/Observation/none")
    event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.entity_id, event.outcome) == ("none", Outcome.FAILED)
    assert token not in str(list(AuditEvent.objects.values()))


def test_what_cannot_be_recorded_is_not_shown(caller: Client) -> None:
    patient(1)
    ChainHead.objects.all().delete()
    answer = caller.get("/fhir/Patient/ward.p1")
    assert answer.status_code == 500
    assert "not shown" in answer.json()["issue"][0]["details"]["text"]
    assert b"Anna" not in answer.content


def test_an_unforeseen_fault_tells_nothing_of_its_inside(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret inside")

    patient(1)
    monkeypatch.setattr("integrations.fhir.resources.body.Bodies.served", fail)
    answer = caller.get("/fhir/Patient/ward.p1")
    assert (answer.status_code, answer.json()["issue"][0]["severity"]) == (500, "fatal")
    assert b"secret" not in answer.content
    assert AuditEvent.objects.order_by("-sequence")[0].outcome == Outcome.FAILED


def test_the_address_of_a_source_is_used_as_it_is_now(caller: Client) -> None:
    level(patient(1), 1)
    Source.objects.update(address="http://moved.test/r4/")
    served = caller.get("/fhir/Observation/ward.o1").json()
    assert served["specimen"]["reference"] == "http://moved.test/r4/Specimen/s1"

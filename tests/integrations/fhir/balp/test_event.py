"""Every interaction as BALP wants it told: who gave, who took, what, of whom, by which token."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from clinic.access.roles import Role
from clinic.audit.event import SYSTEM, Actor, record
from clinic.audit.models import Action, AuditEvent, Outcome
from integrations.fhir.validate.faults import faults
from tests.api.ward_data import level, patient
from tests.integrations.fhir.balp.rules import BASE, broken, codes
from tests.integrations.resources import observation
from tests.integrations.resources import patient as person

pytestmark = pytest.mark.django_db
JSON = "application/fhir+json"
Newest = Callable[[], dict[str, Any]]
OAUTH = f"{BASE}OAUTHaccessTokenUse.Minimal"


def valid(resource: dict[str, Any]) -> dict[str, Any]:
    """The event, which keeps R4 by two judges and the profiles that it names."""
    text = json.dumps(resource)
    assert [fault.sentence for fault in faults("AuditEvent", text, json.loads(text))] == []
    get_fhir_model_class("AuditEvent").model_validate(resource)
    assert broken(resource) == []
    return resource


def profiles(resource: dict[str, Any]) -> list[str]:
    return [one.removeprefix(BASE) for one in resource["meta"].get("profile", [])]


def entity(resource: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [one for one in resource["entity"] if one["type"]["code"] == code]
    return dict(found)


def bare(resource: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in resource.items() if name not in ("id", "meta")})


@pytest.fixture
def written(caller: Client) -> str:
    """The id of an Observation that was written at the door."""
    whose = caller.post("/fhir/Patient", bare(person()), content_type=JSON).json()["id"]
    answer = caller.post("/fhir/Observation", bare(observation(of=whose)), content_type=JSON)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_create_says_source_destination_and_author(caller: Client, newest: Newest, written: str) -> None:
    event = valid(newest())
    assert profiles(event) == ["PatientCreate", "OAUTHaccessTokenUse.Minimal"]
    assert entity(event, "2")["what"]["reference"] == f"Observation/{written}/_history/1"
    assert entity(event, "1")["what"]["reference"].startswith("Patient/")
    client, server, user = event["agent"]
    assert client["network"] == {"address": "127.0.0.1", "type": "2"}
    assert server["network"] == {"address": "http://testserver/fhir", "type": "5"}
    assert user["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"


def test_the_patient_itself_is_entity_and_data(caller: Client, newest: Newest) -> None:
    caller.post("/fhir/Patient", bare(person()), content_type=JSON)
    assert profiles(valid(newest()))[0] == "PatientCreate"


@pytest.mark.parametrize("address", ["/fhir/Observation/ward.o1", "/fhir/Observation/ward.o1/_history/1"])
def test_a_read_is_the_other_way_round(caller: Client, newest: Newest, address: str) -> None:
    level(patient(1), 1)
    assert caller.get(address).status_code == 200
    event = valid(newest())
    assert profiles(event)[0] == "PatientRead"
    client, server, user = event["agent"]
    assert {code for _, code in codes(client["type"])} == {"110152"}
    assert {code for _, code in codes(server["type"])} == {"110153"}
    assert {code for _, code in codes(user["type"])} == {"IRCP", "UserOauthAgent"}


def test_update_patch_and_delete(caller: Client, newest: Newest, written: str) -> None:
    address = f"/fhir/Observation/{written}"
    resource = caller.get(address).json()
    resource.pop("meta")
    caller.put(address, json.dumps(resource | {"status": "amended"}), content_type=JSON)
    event = valid(newest())
    assert (profiles(event)[0], event["subtype"][1]["code"]) == ("PatientUpdate", "update")
    assert entity(event, "2")["what"]["reference"].endswith("/_history/2"), "the version that it became"
    steps = [{"op": "replace", "path": "/status", "value": "corrected"}]
    caller.patch(address, json.dumps(steps), content_type="application/json-patch+json")
    event = valid(newest())
    assert (profiles(event)[0], event["subtype"][1]["code"]) == ("PatientUpdate", "patch")
    assert caller.delete(address).status_code == 204
    event = valid(newest())
    assert profiles(event)[0] == "PatientDelete"
    assert {code for _, code in codes(event["agent"][1]["type"])} == {"custodian"}


def test_a_resource_of_nobody_has_the_variant_without_a_patient(caller: Client, newest: Newest) -> None:
    answer = caller.post("/fhir/Organization", '{"resourceType": "Organization", "name": "A"}', content_type=JSON)
    assert answer.status_code == 201
    assert profiles(valid(newest()))[0] == "Create"


def request_of(event: dict[str, Any]) -> str:
    return base64.b64decode(entity(event, "2")["query"]).decode()


def test_a_search_keeps_its_request(caller: Client, newest: Newest) -> None:
    level(patient(1), 1)
    caller.get("/fhir/Observation?patient=ward.p1&code=http://loinc.org|20578-1")
    event = valid(newest())
    assert profiles(event)[0] == "PatientQuery"
    assert request_of(event) == (
        "GET http://testserver/fhir/Observation?patient=ward.p1&code=http%3A//loinc.org%7C20578-1"
    )
    shown = entity(event, "Observation")
    assert (shown["what"]["reference"], shown["description"]) == ("Observation/ward.o1", "shown")
    caller.get("/fhir/Patient/ward.p1/Observation")
    assert request_of(valid(newest())) == "GET http://testserver/fhir/Patient/ward.p1/Observation"
    caller.post("/fhir/Observation/_search", "status=final", content_type="application/x-www-form-urlencoded")
    assert request_of(valid(newest())) == "POST http://testserver/fhir/Observation/_search?status=final"


def test_a_value_that_may_name_a_person_is_withheld_and_the_profile_is_not_claimed(
    caller: Client, newest: Newest
) -> None:
    patient(1)
    caller.get("/fhir/Patient?family=Óskarsdóttir&_count=5")
    event = valid(newest())
    assert request_of(event) == "GET http://testserver/fhir/Patient?family=<withheld>&_count=5"
    assert "family" in entity(event, "2")["description"]
    assert "skarsd" not in json.dumps(event)
    assert profiles(event) == ["OAUTHaccessTokenUse.Minimal"]


def test_a_request_longer_than_is_kept_is_not_claimed_to_be_whole(caller: Client, newest: Newest) -> None:
    caller.get(f"/fhir/Observation?code={'x' * 400}")
    event = valid(newest())
    assert profiles(event) == ["OAUTHaccessTokenUse.Minimal"]
    assert entity(event, "2")["description"] == "The request was longer than is kept."


def test_who_asks_for_a_patient_and_finds_nothing_has_asked_about_the_patient(caller: Client, newest: Newest) -> None:
    whose = patient(1)
    for address in (
        "/fhir/Observation?patient=ward.p1",
        "/fhir/Observation?patient=Patient/ward.p1",
        "/fhir/Observation?patient=http://testserver/fhir/Patient/ward.p1",
        "/fhir/Patient/ward.p1/Observation",
        "/fhir/Patient?_id=ward.p1&active=false",
    ):
        caller.get(address)
        event = valid(newest())
        assert entity(event, "1")["what"]["reference"] == "Patient/ward.p1", address
        assert profiles(event)[0] == "PatientQuery", address
    found = caller.get("/fhir/AuditEvent?patient=ward.p1&subtype=fhir.search").json()["entry"]
    assert len(found) == 5
    searches = AuditEvent.objects.filter(subject_key=str(whose.pk), activity="fhir.search")
    assert searches.count() == 6, "and this search is about them too"


def test_what_shows_several_patients_keeps_no_profile_of_one(caller: Client, newest: Newest) -> None:
    patient(1), patient(2)
    caller.get("/fhir/Patient")
    event = valid(newest())
    assert profiles(event) == ["OAUTHaccessTokenUse.Minimal"]
    assert {one["what"]["reference"] for one in event["entity"] if one["type"]["code"] == "1"} == {
        "Patient/ward.p1",
        "Patient/ward.p2",
    }


def test_a_transaction_and_a_batch_are_one_event_with_an_entity_for_each_resource(
    caller: Client, newest: Newest
) -> None:
    level(patient(1), 1)
    entries = [
        {
            "request": {"method": "POST", "url": "Organization"},
            "resource": {"resourceType": "Organization", "name": "A"},
        },
        {"request": {"method": "GET", "url": "Observation/ward.o1"}},
    ]
    for kind in ("transaction", "batch"):
        bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
        assert caller.post("/fhir", json.dumps(bundle), content_type=JSON).status_code == 200
        event = valid(newest())
        assert event["subtype"][1]["code"] == kind
        assert (event["type"]["code"], event["action"]) == ("rest", "E")
        assert entity(event, "Organization")["description"] == "written"
        assert entity(event, "Observation")["what"]["reference"] == "Observation/ward.o1/_history/1"
        assert entity(event, "1")["what"]["reference"] == "Patient/ward.p1"


def test_a_history_lists_the_versions_that_it_showed(caller: Client, newest: Newest) -> None:
    whose = patient(1)
    level(whose, 1, version=1, current=False)
    level(whose, 1, version=2, value="13.0")
    caller.get("/fhir/Observation/ward.o1/_history")
    event = valid(newest())
    assert [coding["code"] for coding in event["subtype"]] == ["fhir.history", "history-instance"]
    names = [one["what"]["reference"] for one in event["entity"] if one["type"]["code"] == "Observation"]
    assert names == ["Observation/ward.o1/_history/2", "Observation/ward.o1/_history/1"]


@pytest.mark.parametrize(("address", "outcome"), [("/fhir/Observation/none", "8"), ("/fhir/Observation?date=x", "8")])
def test_what_failed_keeps_no_profile_of_a_success(caller: Client, newest: Newest, address: str, outcome: str) -> None:
    caller.get(address)
    event = valid(newest())
    assert event["outcome"] == outcome
    assert profiles(event) == ["OAUTHaccessTokenUse.Minimal"]


def test_the_token_is_named_and_never_kept(caller: Client, newest: Newest, token: str) -> None:
    caller.get("/fhir/Organization")
    event = newest()
    (policy,) = event["agent"][2]["policy"]
    assert policy == f"urn:ietf:params:oauth:jti:{AuditEvent.objects.latest('sequence').detail['token']}"
    assert token not in json.dumps(list(AuditEvent.objects.values("detail")))
    assert token[-8:] not in json.dumps(event)


def test_a_refused_token_is_an_authentication_that_failed(caller: Client, newest: Newest) -> None:
    Client(headers={"Authorization": "Bearer nonsense"}).get("/fhir/Patient")
    event = valid(newest())
    assert (event["type"]["code"], event["outcome"]) == ("110114", "4")
    assert "profile" not in event["meta"]


@pytest.mark.parametrize(
    ("activity", "code"),
    [
        ("page.patient", "110110"),
        ("page.audit", "110101"),
        ("twin.update", "110110"),
        ("comparison.sign", "110110"),
        ("comparison.decline", "110110"),
        ("cds.call", "110110"),
        ("pull.run", "110107"),
        ("bulk.import", "110107"),
        ("reading.open", "110107"),
        ("quarantine.retry", "110107"),
        ("ehr.notified", "110107"),
        ("export.file", "110106"),
        ("chart.deliver", "110106"),
        ("subscription.notify", "110106"),
        ("login", "110114"),
        ("logout", "110114"),
        ("oauth.token", "110114"),
        ("client.new", "110113"),
        ("integration.issue", "110113"),
        ("person.change", "110113"),
    ],
)
def test_other_activities_have_the_code_that_dicom_gives_them(newest: Newest, activity: str, code: str) -> None:
    who = Actor("user-7", (Role.CLINICIAN.value,), "request", "10.0.0.1")
    subject = patient(1).pk
    record(by=who, action=Action.READ, activity=activity, subject_key=subject, entity_type="page", entity_id="/p")
    event = valid(newest())
    assert event["type"]["code"] == code
    assert event["subtype"][0]["code"] == activity
    assert event["agent"][0]["who"]["reference"] == "Practitioner/user-7"
    assert event["agent"][0]["network"]["address"] == "10.0.0.1"
    assert "profile" not in event["meta"]


def test_what_the_chain_held_before_addresses_were_kept_is_served_without_a_profile(newest: Newest) -> None:
    record(by=Actor("user-1", ("integration",)), action=Action.READ, activity="fhir.read", entity_type="Patient",
           entity_id="ward.p1", entity_version="1", detail={"method": "GET", "status": 200})  # fmt: skip
    assert "profile" not in valid(newest())["meta"]


@pytest.mark.parametrize(
    "odd",
    [
        {"entity_type": "x" * 64, "entity_id": "a b/ü\x01", "entity_version": "?"},
        {"detail": {"query": "none", "ids": 7, "subjects": ["", None], "address": 5, "client_id": 6, "token": 8}},
        {"detail": {"query": [["a", "b", "c"], [1, 2], ["n", None]], "ids": ["//", "a/b/_history/", "x"]}},
    ],
)
def test_no_row_of_the_chain_stops_the_trail(newest: Newest, odd: dict[str, Any]) -> None:
    record(by=SYSTEM, action=Action.EXECUTE, activity="fhir.search", outcome=Outcome.FAILED, **odd)
    valid(newest())

"""Whose data an export holds: of a group, of named patients, as far as a token reaches, and for its own client only."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from clinic.audit.models import AuditEvent
from integrations.fhir.bulk.models import Export
from tests.api.ward_data import infusion, level, patient, store
from tests.integrations.fhir.bulk.conftest import Client_of, ask, begin, done, fetched, ids, place, status, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward() -> None:
    for number in (1, 2, 3):
        person = patient(number)
        level(person, number)
        infusion(person, number, hours=1)


def group(*members: str, identifier: str = "g1", inactive: str = "") -> str:
    found = [{"entity": {"reference": f"Patient/{one}"}, "inactive": one == inactive} for one in members]
    store(json.dumps({"resourceType": "Group", "id": identifier, "type": "person", "actual": True, "member": found}))
    return f"/fhir/Group/ward.{identifier}/$export"


def by_reference(*references: Any) -> list[dict[str, Any]]:
    return [{"name": "patient", "valueReference": {"reference": one}} for one in references]


def test_a_group_is_exported_with_its_members_data_alone(caller: Client, ward: None) -> None:
    manifest = done(caller, begin(caller, group("p1", "p3", "p2", inactive="p2")))
    found = ids(caller, manifest)
    assert {"Patient/ward.p1", "Patient/ward.p3"} == {one for one in found if one.startswith("Patient/")}
    assert {"Observation/ward.o1", "Observation/ward.o3"} == {one for one in found if one.startswith("Observation/")}


def test_a_group_without_members_is_exported_empty(caller: Client, ward: None) -> None:
    assert done(caller, begin(caller, group()))["output"] == []


def test_members_who_are_not_here_are_reported(caller: Client, ward: None) -> None:
    manifest = done(caller, begin(caller, group("p1", "gone")))
    assert "Patient/ward.gone" in fetched(caller, manifest["error"])[0]
    assert ids(caller, manifest, "Patient") == {"Patient/ward.p1"}


def test_a_group_that_is_not_here_is_404(caller: Client, ward: None) -> None:
    assert begin(caller, "/fhir/Group/ward.none/$export").status_code == 404
    assert begin(caller, "/fhir/Group/$export").status_code == 404
    assert begin(caller, "/fhir/Patient/ward.p1/$export").status_code == 404


def test_named_patients_are_exported_alone(caller: Client, ward: None) -> None:
    begun = ask(
        caller, "/fhir/Patient/$export", *by_reference("Patient/ward.p1", "http://testserver/fhir/Patient/ward.p2")
    )
    assert ids(caller, done(caller, begun), "Patient") == {"Patient/ward.p1", "Patient/ward.p2"}
    event = AuditEvent.objects.get(activity="fhir.export")
    assert event.detail["patients"] == len(event.detail["subjects"]) == 2


def test_of_a_group_named_patients_must_be_members(caller: Client, ward: None) -> None:
    where = group("p1", "p2")
    assert ids(caller, done(caller, ask(caller, where, *by_reference("Patient/ward.p2"))), "Patient") == {
        "Patient/ward.p2"
    }
    answer = ask(caller, where, *by_reference("Patient/ward.p3"))
    assert answer.status_code == 400
    assert "no member" in answer.json()["issue"][0]["details"]["text"]


def test_patients_who_are_not_here_are_refused_or_reported(caller: Client, ward: None) -> None:
    named = by_reference("Patient/ward.p1", "Patient/ward.nobody")
    answer = ask(caller, "/fhir/Patient/$export", *named)
    assert answer.status_code == 400
    assert "Patient/ward.nobody" in answer.json()["issue"][0]["details"]["text"]
    begun = ask(caller, "/fhir/Patient/$export", *named, Prefer="respond-async, handling=lenient")
    manifest = done(caller, begun)
    assert ids(caller, manifest, "Patient") == {"Patient/ward.p1"}
    assert "Patient/ward.nobody" in fetched(caller, manifest["error"])[0]


@pytest.mark.parametrize("reference", ["ward.p1", "Observation/ward.o1", "http://other.test/fhir/Patient/1", 7, None])
def test_what_is_no_reference_to_a_patient_is_refused(caller: Client, ward: None, reference: Any) -> None:
    assert ask(caller, "/fhir/Patient/$export", *by_reference(reference)).status_code == 400


def test_lenient_handling_with_nobody_left_exports_nobody_and_not_everybody(caller: Client, ward: None) -> None:
    begun = ask(
        caller, "/fhir/Patient/$export", *by_reference("Patient/ward.nobody"), Prefer="respond-async, handling=lenient"
    )
    assert done(caller, begun)["output"] == []


def test_patients_are_not_named_to_the_whole_system(caller: Client, ward: None) -> None:
    assert ask(caller, "/fhir/$export", *by_reference("Patient/ward.p1")).status_code == 400


def test_only_the_types_of_the_scope_are_exported(client_of: Client_of, ward: None) -> None:
    narrow = client_of("narrow", "system/Patient.rs system/Observation.r system/Group.cud")
    manifest = done(narrow, begin(narrow))
    assert {item["type"] for item in manifest["output"]} == {"Patient"}
    for query in ({"_type": "Observation"}, {"_type": "Patient,MedicationAdministration"}):
        answer = begin(narrow, query=query, Prefer="respond-async, handling=lenient")
        assert answer.status_code == 403
        assert answer.json()["issue"][0]["code"] == "forbidden"
    assert begin(narrow, group("p1")).status_code == 403, "who is in a group is only for those who may read it"


def test_a_scope_with_a_query_lets_only_its_answers_through(client_of: Client_of, ward: None) -> None:
    narrow = client_of("narrow", "system/Observation.rs?category=vital-signs system/Patient.rs?gender=female")
    assert ids(narrow, done(narrow, begin(narrow))) == {"Patient/ward.p1", "Patient/ward.p3"}


def test_a_scope_that_covers_nothing_is_refused(client_of: Client_of, ward: None) -> None:
    assert begin(client_of("writer", "system/Observation.c")).status_code == 403


def test_another_client_finds_neither_the_export_nor_its_files(client_of: Client_of, ward: None) -> None:
    mine, theirs = client_of("lab"), client_of("research")
    begun = begin(mine)
    where = place(begun)
    assert theirs.get(where).status_code == 404
    manifest = done(mine, begun)
    file = manifest["output"][0]["url"]
    assert theirs.get(where).status_code == status(theirs, file) == theirs.delete(where).status_code == 404
    assert status(mine, file) == 200


def test_a_narrower_token_of_the_same_client_gets_only_the_files_that_it_covers(
    client_of: Client_of, ward: None
) -> None:
    manifest = done(client_of(), begin(client_of()))
    narrow = client_of("lab", "system/Patient.rs system/Observation.rs?category=laboratory")
    answers = {item["type"]: status(narrow, item["url"]) for item in manifest["output"]}
    assert answers == {"Patient": 200, "Observation": 403, "MedicationAdministration": 403}


def test_strangers_and_expired_tokens_get_nothing(caller: Client, ward: None, client: Client) -> None:
    begun = begin(caller)
    where = place(begun)
    file = done(caller, begun)["output"][0]["url"]
    for address in ("/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/ward.g1/$export", where, file):
        assert client.get(address, headers={"Prefer": "respond-async"}).status_code == 401, address
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    for address in ("/fhir/$export", where, file):
        assert caller.get(address, headers={"Prefer": "respond-async"}).status_code == 401, address


def test_a_user_who_left_the_integration_role_is_refused(caller: Client, ward: None) -> None:
    begun = begin(caller)
    file = done(caller, begun)["output"][0]["url"]
    User.objects.get(username="lab").groups.clear()
    assert begin(caller).status_code == 403
    assert status(caller, file) == 403


def test_every_file_that_leaves_is_recorded_with_its_count(caller: Client, ward: None) -> None:
    manifest = done(caller, begin(caller, group("p1", "p2")))
    fetched(caller, [item for item in manifest["output"] if item["type"] == "Observation"])
    event = AuditEvent.objects.get(activity="fhir.export.file")
    assert event.detail["type"] == "Observation"
    assert event.detail["count"] == 2
    assert event.detail["export"] == str(Export.objects.get().pk)
    assert event.detail["client_id"]
    assert len(event.detail["subjects"]) == 2


def test_the_end_of_an_export_is_recorded(caller: Client, ward: None) -> None:
    begin(caller, query={"_type": "Patient"})
    work()
    event = AuditEvent.objects.get(activity="fhir.export.end")
    assert (event.detail["files"], event.detail["resources"]) == (1, 3)

"""Create, update, patch, delete: what was sent is kept to the digit, versioned, learned from and recorded."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from clinic.audit.models import Action, AuditEvent, ChainHead
from clinic.patients.models import Patient
from integrations.readings.models import QuarantineEntry, QuarantineReason, QuarantineState, Reading, Resource
from integrations.readings.quarantine import retry
from tests.api.ward_data import level
from tests.api.ward_data import patient as ward_patient
from tests.api.writing import JSON, bare, of, post, put
from tests.integrations.resources import administration, observation, patient
from twins.records.models import GivenDose, Job, RecordState, StoredSample

pytestmark = pytest.mark.django_db


def test_a_created_resource_has_an_id_a_version_and_an_address(writer: Client) -> None:
    answer = post(writer, bare(patient()))
    body = answer.json()
    assert answer.status_code == 201
    assert answer["ETag"] == 'W/"1"'
    assert answer["Location"] == f"http://testserver/fhir/Patient/{body['id']}/_history/1"
    assert "Last-Modified" in answer
    assert writer.get(f"/fhir/Patient/{body['id']}").json() == body
    assert Patient.objects.get().family_name == "Okafor"


def test_the_id_and_version_that_a_creator_sends_do_not_count(writer: Client) -> None:
    sent = patient("mine") | {
        "meta": {"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z", "tag": [{"code": "x"}]}
    }
    body = post(writer, sent).json()
    assert body["id"] != "mine"
    assert body["meta"]["versionId"] == "1"
    assert not body["meta"]["lastUpdated"].startswith("1999")
    assert body["meta"]["tag"] == [{"code": "x"}]


@pytest.mark.parametrize("value", ["6.30", "1e1", "15.0100000000000001234"])
def test_a_decimal_that_was_sent_comes_back_with_every_digit(writer: Client, known: str, value: str) -> None:
    text = json.dumps(of(known)).replace("15.3", value)
    answer = post(writer, text)
    assert answer.status_code == 201, answer.content
    assert f'"value": {value},' in writer.get(f"/fhir/Observation/{answer.json()['id']}").content.decode()


def test_what_is_pushed_teaches_the_twin_as_what_is_pulled_does(writer: Client, known: str) -> None:
    post(writer, bare(administration(of=known)))
    post(writer, of(known))
    assert StoredSample.objects.get().value == 15.3
    assert GivenDose.objects.get().drug == "vancomycin"
    assert Job.objects.filter(kind="twin-update").exists()
    assert {bytes(reading.content)[:1] for reading in Reading.objects.all()} == {b"{"}


def test_a_resource_can_be_about_a_patient_of_another_source(writer: Client) -> None:
    who = ward_patient(1)
    answer = post(writer, of("ward.p1"))
    assert answer.status_code == 201, answer.content
    assert answer.json()["subject"]["reference"] == "Patient/ward.p1"
    assert StoredSample.objects.get().subject_id == who.subject_id


def test_a_resource_about_nobody_known_is_refused_and_kept_until_the_patient_is_there(writer: Client) -> None:
    answer = post(writer, of("p77"))
    assert answer.status_code == 422
    assert "Patient/p77" in answer.json()["issue"][0]["details"]["text"]
    held = QuarantineEntry.objects.get()
    assert (held.reason, held.state) == (QuarantineReason.UNKNOWN_PATIENT, QuarantineState.WAITING)
    assert put(writer, "/fhir/Patient/p77", patient("p77")).status_code == 201
    assert retry().released == 1
    assert StoredSample.objects.get().value == 15.3
    assert Resource.objects.filter(resource_type="Observation").count() == 1


def test_a_long_condition_is_kept_whole_for_the_retry(writer: Client) -> None:
    level = of("p77") | {"identifier": [{"system": "urn:x", "value": "last"}]}
    condition = "identifier=" + ",".join(f"urn:x|{'z' * 20}{number}" for number in range(80)) + ",urn:x|last"
    assert post(writer, level, **{"If-None-Exist": condition}).status_code == 422
    assert QuarantineEntry.objects.get().reading.origin.endswith(condition)
    put(writer, "/fhir/Patient/p77", patient("p77"))
    assert post(writer, level).status_code == 201, "meanwhile somebody else sent it"
    retry()
    assert Resource.objects.filter(resource_type="Observation").count() == 1


def test_an_address_that_is_no_text_for_a_database_is_refused_and_kept(writer: Client) -> None:
    assert put(writer, "/fhir/Patient/%00", patient("p77")).status_code == 400
    assert QuarantineEntry.objects.get().reading.origin == "PUT Patient/\ufffd"


def test_what_a_narrowed_scope_was_refused_is_not_tried_again_without_its_bounds(writer: Client) -> None:
    out = StringIO()
    scope = "system/Observation.c?category=vital-signs"
    call_command("integration_token", "narrow", "--scope", scope, stdout=out)
    narrow = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    assert post(narrow, of("p77")).status_code == 422
    assert put(writer, "/fhir/Patient/p77", patient("p77")).status_code == 201
    assert post(narrow, of("p77")).status_code == 403
    assert retry().released == 0
    assert not Resource.objects.filter(resource_type="Observation").exists()


def test_a_narrowed_scope_does_not_learn_by_deleting_what_is_there(writer: Client, known: str) -> None:
    identifier = post(writer, of(known)).json()["id"]
    out = StringIO()
    scope = "system/Observation.d?category=vital-signs"
    call_command("integration_token", "narrow", "--scope", scope, stdout=out)
    narrow = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    for condition in ({"If-Match": 'W/"7"'}, {"If-None-Match": "*"}):
        there, nowhere = (
            narrow.delete(f"/fhir/Observation/{one}", headers=condition) for one in (identifier, "nobody")
        )
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
    assert writer.get(f"/fhir/Observation/{identifier}").status_code == 200


def test_a_retry_that_fails_again_says_so_and_doubles_nothing(writer: Client) -> None:
    post(writer, of("p77"))
    assert retry().released == 0
    assert QuarantineEntry.objects.get().tries == 2
    assert not Resource.objects.filter(resource_type="Observation").exists()


def test_what_no_channel_is_mapped_to_is_kept_and_served_and_waits_to_be_understood(
    writer: Client, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post(writer, of(known, code="1975-2", unit="mg/dL"))
    assert answer.status_code == 201
    assert writer.get(f"/fhir/Observation/{answer.json()['id']}").status_code == 200
    held = QuarantineEntry.objects.get()
    assert (held.reason, held.state) == (QuarantineReason.UNKNOWN_CODE, QuarantineState.WAITING)
    assert not StoredSample.objects.exists()

    from integrations.codes import loinc

    monkeypatch.setitem(loinc.MEASUREMENTS, "1975-2", loinc.MEASUREMENTS["2160-0"])
    assert retry().released == 1
    assert StoredSample.objects.get().channel == "creatinine"
    assert Resource.objects.filter(resource_type="Observation").count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (" ", 400, "structure"),
        ("{", 400, "structure"),
        ("[]", 400, "structure"),
        ('{"resourceType": "Observation"}', 400, "invalid"),
        ('{"resourceType": "Patient", "gender": "nonsense"}', 422, None),
        ('{"resourceType": "Patient", "colour": "red"}', 422, None),
        ('{"resourceType": "Patient", "name": "x\\u0000"}', 400, None),
        ("\udcff", 400, "structure"),
    ],
)
def test_what_is_no_patient_is_refused_with_its_reason_and_kept(
    writer: Client, body: str, status: int, code: str | None
) -> None:
    sent = body.encode("utf-8", "surrogateescape")
    answer = writer.post("/fhir/Patient", sent, content_type=JSON)
    assert answer.status_code == status, answer.content
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert code in (None, outcome["issue"][0]["code"])
    assert not Resource.objects.exists()
    if sent.strip():
        assert bytes(Reading.objects.get().content) == sent
        assert QuarantineEntry.objects.get().state == QuarantineState.WAITING


def test_a_payload_that_is_accepted_later_leaves_quarantine(writer: Client) -> None:
    sent = of("p77")
    assert post(writer, sent).status_code == 422
    put(writer, "/fhir/Patient/p77", patient("p77"))
    assert post(writer, sent).status_code == 201
    assert QuarantineEntry.objects.get().state == QuarantineState.RELEASED


def test_prefer_says_what_comes_back(writer: Client) -> None:
    assert post(writer, bare(patient()), Prefer="return=minimal").content == b""
    outcome = post(writer, bare(patient()), Prefer="return=OperationOutcome").json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert post(writer, bare(patient()), Prefer="return=representation").json()["resourceType"] == "Patient"


def test_an_update_makes_the_next_version_and_the_old_one_stays_readable(writer: Client, known: str) -> None:
    answer = put(writer, f"/fhir/Patient/{known}", patient(known, birthDate="1970-01-01"))
    assert (answer.status_code, answer["ETag"]) == (200, 'W/"2"')
    assert writer.get(f"/fhir/Patient/{known}").json()["birthDate"] == "1970-01-01"
    assert writer.get(f"/fhir/Patient/{known}/_history/1").json()["birthDate"] == "1968-05-04"
    assert Patient.objects.get().birth_date.year == 1970


def test_the_same_update_again_makes_no_version(writer: Client) -> None:
    first = put(writer, "/fhir/Patient/p9", patient("p9"))
    again = put(writer, "/fhir/Patient/p9", patient("p9"))
    assert (first.status_code, again.status_code, again["ETag"]) == (201, 200, 'W/"1"')
    assert Resource.objects.count() == 1


def test_an_update_of_a_level_supersedes_what_was_learned(writer: Client, known: str) -> None:
    identifier = post(writer, of(known)).json()["id"]
    put(writer, f"/fhir/Observation/{identifier}", observation(identifier, value=9.9, of=known, status="corrected"))
    states = dict(StoredSample.objects.values_list("value", "state"))
    assert states == {15.3: RecordState.SUPERSEDED, 9.9: RecordState.ACTIVE}


@pytest.mark.parametrize(
    ("address", "resource", "status"),
    [
        ("/fhir/Patient/p9", patient("p8"), 400),
        ("/fhir/Patient/p9", bare(patient()), 400),
        ("/fhir/Patient/ward.p1", patient("ward.p1"), 405),
        ("/fhir/Patient/a_b", patient("a_b"), 400),
        ("/fhir/AuditEvent/1", {"resourceType": "AuditEvent", "id": "1"}, 405),
        ("/fhir/Nonsense/1", {"resourceType": "Nonsense", "id": "1"}, 404),
        ("/fhir/Patient", patient("p9"), 400),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    writer: Client, address: str, resource: dict[str, Any], status: int
) -> None:
    ward_patient(1)
    answer = put(writer, address, resource)
    assert answer.status_code == status, answer.content
    assert Resource.objects.count() == 1


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', 'W/"9", W/"1"', "*"])
def test_an_update_under_the_right_version_goes_through(writer: Client, known: str, tag: str) -> None:
    changed = patient(known, birthDate="1970-01-01")
    assert put(writer, f"/fhir/Patient/{known}", changed, **{"If-Match": tag}).status_code == 200


@pytest.mark.parametrize("tag", ['W/"2"', '"x"', ""])
def test_an_update_under_another_version_is_refused(writer: Client, known: str, tag: str) -> None:
    changed = patient(known, birthDate="1970-01-01")
    answer = put(writer, f"/fhir/Patient/{known}", changed, **{"If-Match": tag})
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "conflict")
    assert Resource.objects.filter(resource_type="Patient").count() == 1


@pytest.mark.parametrize("scope", ["system/*.rs", "system/Observation.cruds", "system/Patient.ud"])
def test_a_scope_without_create_creates_nothing(scope: str, db: None) -> None:
    out = StringIO()
    call_command("integration_token", "reader", "--scope", scope, stdout=out)
    reader = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    assert post(reader, bare(patient())).status_code == 403
    assert not Resource.objects.exists()
    assert not QuarantineEntry.objects.exists()


def test_what_cannot_be_recorded_is_not_written(writer: Client) -> None:
    ChainHead.objects.all().delete()
    assert post(writer, bare(patient())).status_code == 500
    assert not Resource.objects.exists()
    assert not Patient.objects.exists()


def test_a_write_is_recorded_with_the_version_that_it_made(writer: Client, known: str) -> None:
    put(writer, f"/fhir/Patient/{known}", patient(known, birthDate="1970-01-01"))
    made, changed = AuditEvent.objects.filter(activity__in=["fhir.create", "fhir.update"]).order_by("sequence")
    assert (made.action, made.entity_type, made.entity_id, made.entity_version) == (
        Action.CREATE, "Patient", known, "1",
    )  # fmt: skip
    assert (changed.action, changed.entity_version, changed.subject_key) == (
        Action.UPDATE, "2", str(Patient.objects.get().pk),
    )  # fmt: skip


def test_a_body_of_another_kind_is_refused(writer: Client) -> None:
    answer = writer.post("/fhir/Patient", "<Patient/>", content_type="application/fhir+xml")
    assert answer.status_code == 415


def test_a_pulled_resource_is_changed_at_its_source_only(writer: Client) -> None:
    level(ward_patient(1), 1)
    assert writer.delete("/fhir/Observation/ward.o1").status_code == 405
    assert writer.get("/fhir/Observation/ward.o1").status_code == 200

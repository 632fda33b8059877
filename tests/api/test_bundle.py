"""Batch and transaction at the door."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.readings.models import QuarantineEntry, QuarantineState, Reading, Resource
from integrations.readings.quarantine import retry
from tests.api.ward_data import patient as ward_patient
from tests.api.writing import JSON, bare, of
from tests.integrations.fhir.validate.found import found
from tests.integrations.resources import administration, observation, patient
from twins.records.models import GivenDose, StoredSample

pytestmark = pytest.mark.django_db
PATIENT = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"
LEVEL = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acba"


def entry(method: str, url: str, resource: Any = None, name: str = "", **request: str) -> dict[str, Any]:
    return {
        **({"fullUrl": name} if name else {}),
        **({"resource": resource} if resource else {}),
        "request": {"method": method, "url": url, **request},
    }


def send(client: Client, *entries: dict[str, Any], kind: str = "transaction", **headers: str) -> Any:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return client.post("/fhir/", json.dumps(bundle), content_type=JSON, headers=headers)


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["response"]["status"].split()[0] for one in answer.json()["entry"]]


def test_names_of_the_bundle_become_ids_forward_and_back(writer: Client) -> None:
    answer = send(
        writer,
        entry("POST", "Observation", of("x") | {"subject": {"reference": PATIENT}}, LEVEL),
        entry("POST", "Patient", bare(patient()), PATIENT),
        entry("POST", "Observation", of("x", value=7.1) | {"subject": {"reference": PATIENT}}),
    )
    assert statuses(answer) == ["201", "201", "201"]
    assert answer.json()["type"] == "transaction-response"
    levels = writer.get("/fhir/Observation").json()["entry"]
    who = answer.json()["entry"][1]["response"]["location"].split("/")[-3]
    assert {level["resource"]["subject"]["reference"] for level in levels} == {f"Patient/{who}"}
    assert StoredSample.objects.count() == 2
    assert Reading.objects.count() == 1


def test_a_decimal_in_a_bundle_keeps_its_digits(writer: Client) -> None:
    ward_patient(1)
    level = json.dumps(entry("POST", "Observation", of("ward.p1"))).replace("15.3", "15.300")
    text = f'{{"resourceType": "Bundle", "type": "transaction", "entry": [{level}]}}'
    answer = writer.post("/fhir", text, content_type=JSON)
    assert answer.status_code == 200, answer.content
    assert '"value": 15.300' in answer.content.decode()


def test_all_entries_or_none(writer: Client) -> None:
    answer = send(
        writer,
        entry("POST", "Patient", bare(patient()), PATIENT),
        entry("POST", "Observation", of("x") | {"subject": {"reference": PATIENT}, "status": "nonsense"}),
    )
    assert answer.status_code == 422
    issue = answer.json()["issue"][0]
    assert issue["expression"] == ["Bundle.entry[1].resource.status"]
    assert issue["details"]["text"].startswith("Bundle.entry[1]: ")
    assert not Resource.objects.exists()
    assert not Patient.objects.exists()
    assert QuarantineEntry.objects.get().state == QuarantineState.WAITING


def test_a_transaction_that_was_refused_can_be_retried_whole(writer: Client) -> None:
    doses = [entry("POST", "MedicationAdministration", bare(administration(of="p5")))]
    assert send(writer, *doses).status_code == 422
    writer.put("/fhir/Patient/p5", json.dumps(patient("p5")), content_type=JSON)
    assert retry().released == 1
    assert GivenDose.objects.count() == 1


def test_entries_are_done_in_the_order_of_fhir_and_answered_in_their_own(writer: Client) -> None:
    writer.put("/fhir/Patient/p1", json.dumps(patient("p1")), content_type=JSON)
    old = writer.post("/fhir/Observation", json.dumps(of("p1")), content_type=JSON).json()["id"]
    answer = send(
        writer,
        entry("GET", "Observation?_summary=count"),
        entry("PUT", "Patient/p1", patient("p1", birthDate="1970-01-01")),
        entry("POST", "Observation", of("p1", value=1.5)),
        entry("DELETE", f"Observation/{old}"),
        entry("GET", "Patient/p1"),
    )
    assert statuses(answer) == ["200", "200", "201", "204", "200"]
    first, *_, last = answer.json()["entry"]
    assert first["resource"]["total"] == 1
    assert last["resource"]["birthDate"] == "1970-01-01"


def test_a_resource_of_the_same_condition_is_written_once_a_bundle_and_once_for_all(writer: Client) -> None:
    writer.put("/fhir/Patient/p1", json.dumps(patient("p1")), content_type=JSON)
    named = of("p1") | {"identifier": [{"system": "urn:sensor", "value": "7"}]}
    step = entry("POST", "Observation", named, ifNoneExist="identifier=urn:sensor|7")
    twice = send(writer, step, step)
    assert statuses(twice) == ["201", "200"]
    assert statuses(send(writer, step)) == ["200"]
    names = [one.get("fullUrl", "") for one in twice.json()["entry"]]
    assert (names[0].rsplit("/", 1)[0], names[1]) == ("http://testserver/fhir/Observation", ""), "bdl-7: named once"
    assert found(twice.json()) == []
    assert Resource.objects.filter(resource_type="Observation").count() == 1


def test_a_gateway_sends_its_devices_clock_along_and_may_send_all_of_it_again(writer: Client) -> None:
    """As HL7's Personal Health Device guide has it: the clock is the device's, and names no patient."""
    device, clock, weight = (
        f"urn:uuid:05efabf0-4be2-4561-91ce-5154842{number}" for number in ("50001", "50002", "50003")
    )
    serial = {"system": "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680", "value": "00-1C-05-04-00-00-78-26"}
    mdc = "urn:iso:std:iso:11073:10101"
    read_at = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": mdc, "code": "67975"}]},
        "subject": {"reference": device},
        "effectiveDateTime": "2026-03-01T12:40:07.936-04:00",
        "valueDateTime": "2026-03-01T12:40:09.000-04:00",
        "device": {"reference": device},
    }
    measured = of("x", code="29463-7", unit="kg", value=74) | {
        "subject": {"reference": PATIENT},
        "identifier": [{"value": "20260301T124016-188736-74"}],
        "derivedFrom": [{"reference": clock}],
        "device": {"reference": device},
    }
    who = patient("x") | {"identifier": [{"system": "urn:mrn", "value": "G1"}]}
    sent = (
        entry("POST", "Patient", bare(who), PATIENT, ifNoneExist="identifier=urn:mrn|G1"),
        entry(
            "POST", "Device", {"resourceType": "Device", "identifier": [serial]}, device,
            ifNoneExist=f"identifier={serial['system']}|{serial['value']}",
        ),
        entry("POST", "Observation", read_at, clock),
        entry("POST", "Observation", measured, weight, ifNoneExist="identifier=20260301T124016-188736-74"),
    )  # fmt: skip
    assert statuses(send(writer, *sent)) == ["201", "201", "201", "201"]
    assert statuses(send(writer, *sent)) == ["200", "200", "201", "200"], "a clock is never the same twice"
    assert not QuarantineEntry.objects.exists()


def test_a_conditional_reference_means_the_one_that_answers(writer: Client) -> None:
    who = patient("p1") | {"identifier": [{"system": "urn:mrn", "value": "A1"}]}
    writer.put("/fhir/Patient/p1", json.dumps(who), content_type=JSON)
    level = of("x") | {"subject": {"reference": "Patient?identifier=urn:mrn|A1"}}
    assert statuses(send(writer, entry("POST", "Observation", level))) == ["201"]
    assert StoredSample.objects.get().subject_id == Patient.objects.get().subject_id
    nobody = of("x") | {"subject": {"reference": "Patient?identifier=urn:mrn|B2"}}
    assert send(writer, entry("POST", "Observation", nobody)).status_code == 412


def test_what_was_refused_in_a_batch_and_whose_was_asked_for_is_on_record(writer: Client) -> None:
    who = ward_patient(1)
    out = StringIO()
    call_command("integration_token", "narrow", "--scope", "system/Observation.rs", stdout=out)
    narrow = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    asked = [entry("GET", "Observation?patient=ward.p1"), entry("GET", "Patient/ward.p1"), entry("GET", "$x")]
    answer = send(narrow, *asked, kind="batch")
    assert statuses(answer) == ["200", "403", "404"]
    event = AuditEvent.objects.get(activity="fhir.batch")
    assert event.subject_key == str(who.subject_id)
    assert event.detail["refused"] == [[1, "GET", "Patient/ward.p1", 403], [2, "GET", "", 404]]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (entry("POST", "Observation", of("urn:uuid:nobody") | {"subject": {"reference": LEVEL}}), 400),
        (entry("FLY", "Observation", of("p1")), 400),
        (entry("POST", "Observation/1", of("p1")), 400),
        (entry("PUT", "Patient/ward.p1", patient("ward.p1")), 405),
        (entry("PUT", "Patient/p2", patient("p3")), 400),
        (entry("PUT", "Patient/p1", patient("p1"), ifMatch='W/"7"'), 412),
        (entry("POST", "AuditEvent", {"resourceType": "AuditEvent"}), 405),
        (entry("POST", "Nonsense", {"resourceType": "Nonsense"}), 404),
        (entry("GET", "Patient/nobody"), 404),
        (entry("POST", "Patient"), 400),
    ],
)
def test_a_transaction_with_an_entry_that_cannot_be_does_nothing(
    writer: Client,
    step: dict[str, Any],
    status: int,
) -> None:
    answer = send(writer, entry("POST", "Patient", bare(patient())), step)
    assert answer.status_code == status, answer.content
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert not Resource.objects.exists()


def test_the_same_resource_is_not_written_twice(writer: Client) -> None:
    twice = [entry("PUT", "Patient/p1", patient("p1")), entry("PUT", "Patient/p1", patient("p1", gender="female"))]
    assert send(writer, *twice).status_code == 400


def test_entries_of_a_batch_know_nothing_of_each_other(writer: Client) -> None:
    answer = send(
        writer,
        entry("PUT", "Patient/p1", patient("p1")),
        entry("POST", "Observation", of("p1") | {"status": "nonsense"}),
        entry("POST", "Observation", of("p1")),
        entry("GET", "Patient/p1"),
        kind="batch",
    )
    assert statuses(answer) == ["201", "422", "201", "200"]
    assert answer.json()["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert Resource.objects.count() == 2


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"resourceType": "Bundle"}', '{"resourceType": "Patient"}', '{"entry": 1}']
)
def test_what_is_no_batch_or_transaction_is_refused(writer: Client, body: str) -> None:
    answer = writer.post("/fhir/", body, content_type=JSON)
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


def test_a_patch_in_a_bundle_is_a_binary(writer: Client) -> None:
    writer.put("/fhir/Patient/p1", json.dumps(patient("p1")), content_type=JSON)
    import base64

    steps = base64.b64encode(b'[{"op": "replace", "path": "/gender", "value": "female"}]').decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": steps}
    assert statuses(send(writer, entry("PATCH", "Patient/p1", binary))) == ["200"]
    assert writer.get("/fhir/Patient/p1").json()["gender"] == "female"


def test_a_transaction_is_one_event_that_names_every_version(writer: Client) -> None:
    send(
        writer,
        entry("PUT", "Patient/p1", patient("p1")),
        entry("PUT", "Observation/o1", observation(of="p1")),
    )
    event = AuditEvent.objects.get(activity="fhir.transaction")
    assert event.detail["written"] == ["Patient/p1/_history/1", "Observation/o1/_history/1"]
    assert event.subject_key == str(Patient.objects.get().pk)


def test_a_thousand_observations_are_written_in_a_fixed_number_of_queries(
    writer: Client,
    django_assert_max_num_queries: Any,
) -> None:
    writer.put("/fhir/Patient/p1", json.dumps(patient("p1")), content_type=JSON)
    steps = [entry("POST", "Observation", of("p1", value=1 + number / 100)) for number in range(1000)]
    with django_assert_max_num_queries(80):
        answer = send(writer, *steps, Prefer="return=minimal")
    assert set(statuses(answer)) == {"201"}
    assert StoredSample.objects.count() == 1000

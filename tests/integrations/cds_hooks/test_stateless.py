"""A patient of whom nothing was received: answered from what was sent along, or 412 with what is missing."""

from typing import Any

import pytest

from clinic.patients.models import Patient
from integrations.cds_hooks.models import IssuedCard
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Resource, Source
from tests.factories.learned import learn
from tests.integrations.cds_hooks.calls import SERVER, call, draft, sign_call
from tests.integrations.cds_hooks.conftest import Ask
from tests.integrations.cds_hooks.test_trust import refused
from tests.integrations.resources import administration, as_bytes, bundle, condition, encounter, observation
from tests.integrations.resources import patient as person
from twins.records.models import Subject

pytestmark = pytest.mark.django_db


def sent(**changes: Any) -> dict[str, Any]:
    doses = [
        administration(f"a{k}", start=start, end=end)
        for k, (start, end) in enumerate(
            [
                ("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"),
                ("2026-03-01T20:00:00Z", "2026-03-01T21:00:00Z"),
                ("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"),
                ("2026-03-02T20:00:00Z", "2026-03-02T21:00:00Z"),
            ]
        )
    ]
    values = [
        observation("weight", "29463-7", 80, "kg", at="2026-03-01T06:00:00Z"),
        observation("creatinine", "2160-0", 1.1, "mg/dL", at="2026-03-01T06:00:00Z"),
        observation("l1", value=11.0, at="2026-03-02T07:30:00Z"),
        observation("l2", value=14.0, at="2026-03-02T19:30:00Z"),
    ]
    return {
        "patient": person(),
        "observations": bundle(*values),
        "administrations": bundle(*doses),
        "conditions": bundle(),
        **changes,
    }


def test_what_was_sent_makes_the_twin_that_a_pull_would_have_made(ask: Ask, at_the_time: None) -> None:
    stateless = ask(body=call(prefetch=sent()))
    assert stateless.status_code == 200, stateless.content
    (card,) = stateless.json()["cards"]
    assert "A twin made for this answer alone" in card["detail"]
    assert "fitted to 2 levels" in card["detail"]
    assert card["links"] == []
    assert not Subject.objects.exists()
    assert not Resource.objects.exists()
    issued = IssuedCard.objects.get()
    assert (issued.subject_id, issued.twin_version_id) == (None, None)

    source = Source.objects.create(slug="ward", address=SERVER)
    everything = bundle(
        person(),
        # Age is counted on the day of the stay; without one, on the day of the call.
        encounter(period={"start": "2026-03-02T21:00:00Z"}),
        *(entry["resource"] for name in ("observations", "administrations") for entry in sent()[name]["entry"]),
    )
    open_reading(receive(source, as_bytes(everything), content_type="application/fhir+json", origin=SERVER))
    patient = Patient.objects.get()
    learn(patient.subject)
    (stored,) = ask(body=call(prefetch=sent())).json()["cards"]
    basis = stored["extension"]["org.patient-twin.basis"]
    assert stored["summary"] == card["summary"]
    assert stored["detail"].split("\n\n")[:2] == card["detail"].split("\n\n")[:2]
    assert basis["twinNumber"] == "1"


def test_a_draft_is_tried_on_what_was_sent(ask: Ask, at_the_time: None) -> None:
    (card,) = ask("patient-twin-order-sign", sign_call(prefetch=sent())).json()["cards"]
    assert card["summary"].startswith("Vancomycin 1250 mg every 12 h")
    assert card["suggestions"]
    nothing_yet = sent(administrations=None, observations=bundle(*sent_values("weight", "creatinine")))
    (card,) = ask("patient-twin-order-sign", sign_call(prefetch=nothing_yet)).json()["cards"]
    assert "no level yet" in card["detail"]


def sent_values(*names: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in sent()["observations"]["entry"] if e["resource"]["id"] in names]


@pytest.mark.parametrize("name", ["patient", "observations", "administrations", "conditions"])
def test_what_is_not_sent_or_failed_is_412(ask: Ask, name: str) -> None:
    prefetch = sent()
    del prefetch[name]
    answer = ask(body=call(prefetch=prefetch))
    assert f"prefetch.{name} cannot stand in for it: not sent" in refused(answer, 412)
    assert answer.json()["issue"][0]["expression"] == [f"prefetch.{name}"]
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    answer = ask(body=call(prefetch=sent(**{name: failed})))
    assert "the client could not fetch it" in refused(answer, 412)


def test_null_means_that_there_are_no_such_data(ask: Ask, at_the_time: None) -> None:
    answer = ask(body=call(prefetch=sent(observations=None, administrations=None)))
    assert (answer.status_code, answer.json()) == (200, {"cards": []})
    assert "there are no such data" in refused(ask(body=call(prefetch=sent(patient=None))), 412)


def test_no_prefetch_at_all_is_412_and_a_draft_of_another_drug_needs_none(ask: Ask) -> None:
    refused(ask(), 412)
    refused(ask("patient-twin-order-sign", sign_call()), 412)
    other = draft(medicationCodeableConcept={"text": "saline"})
    assert ask("patient-twin-order-sign", sign_call(other)).json() == {"cards": []}


def test_dialysis_that_was_sent_is_known_to_the_twin(ask: Ask, at_the_time: None) -> None:
    without = ask(body=call(prefetch=sent())).json()["cards"][0]
    on_it = ask(body=call(prefetch=sent(conditions=bundle(condition())))).json()["cards"][0]
    over = condition(clinicalStatus={"coding": [{"system": "x", "code": "resolved"}]})
    ended = ask(body=call(prefetch=sent(conditions=bundle(over)))).json()["cards"][0]
    assert on_it["detail"].split("\n\n")[:2] != without["detail"].split("\n\n")[:2]
    assert ended["detail"].split("\n\n")[:2] == without["detail"].split("\n\n")[:2]


def test_what_cannot_be_used_is_said(ask: Ask, at_the_time: None) -> None:
    odd = [
        observation("l3", value=14.0, unit="furlong", at="2026-03-02T19:30:00Z"),
        observation("l4", value=15.0, at="2027-01-01T00:00:00Z"),
        observation("l5", value=99.0, at="2026-03-02T19:30:00Z", status="entered-in-error"),
        observation("heart", "8867-4", 80, "/min", at="2026-03-02T19:30:00Z"),
    ]
    unnamed = administration("a9", medicationReference={"reference": "Medication/m1"})
    del unnamed["medicationCodeableConcept"]
    values = bundle(*sent_values("weight", "creatinine", "l1", "l2"), *odd)
    values["link"] = [{"relation": "next", "url": "https://ehr.test/fhir?page=2"}]
    doses = bundle(*(e["resource"] for e in sent()["administrations"]["entry"]), unnamed)
    (card,) = ask(body=call(prefetch=sent(observations=values, administrations=doses))).json()["cards"]
    assert "fitted to 2 levels" in card["detail"]
    assert "2 of prefetch.observations could not be used" in card["detail"].replace("\\", "")
    assert "1 of prefetch.administrations could not be used" in card["detail"].replace("\\", "")
    assert "only the first page" in card["detail"]

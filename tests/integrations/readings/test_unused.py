"""What waits in quarantine is told of by patient: what it is, of which drug, when it happened and why it waits."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from clinic.patients.models import Patient
from clinic.patients.unused import Unused, unused_of
from integrations.ehr.deleted import withdraw
from integrations.readings.models import QuarantineEntry, QuarantineReason, Source
from integrations.readings.quarantine import retry
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import LOINC, RXNORM, SNOMED, administration, concept, observation, patient, request


def waiting(**asked: Any) -> list[Unused]:
    subject = Patient.objects.get().subject_id
    return unused_of([subject], **asked).get(subject, [])


def product(name: str = "", code: str = "999999") -> dict[str, Any]:
    """A concept that no drug is mapped to."""
    return {"medicationCodeableConcept": {**concept(RXNORM, code), **({"text": name} if name else {})}}


def called(code: str, name: str) -> dict[str, Any]:
    """A result under a code that no channel is mapped to."""
    return {**observation(), "code": {**concept(LOINC, code), "text": name}}


@pytest.mark.parametrize(
    ("resource", "what", "drug", "reason"),
    [
        (administration(unit="{puff}"), "dose", "vancomycin", "unknown-unit"),
        (administration(**product()), "dose", "", "unknown-code"),
        (administration(**product("Vancomycin 1 g vial")), "dose", "vancomycin", "unknown-code"),
        (administration(**product("Heparin 5000 IU")), "other", "", "unknown-code"),
        (administration(amount=-3), "dose", "vancomycin", "implausible-value"),
        (request(dosageInstruction=[{"text": "daily"}]), "order", "vancomycin", "missing-value"),
        (observation(unit="{puff}"), "level", "vancomycin", "unknown-unit"),
        (observation(at=None), "level", "vancomycin", "missing-time"),
        (observation(code="2160-0", unit="{puff}"), "creatinine", "", "unknown-unit"),
        (called("99991-2", "Vancomycin trough"), "level", "vancomycin", "unknown-code"),
    ],
)
def test_what_could_not_be_read_is_told_of_with_drug_and_reason(
    take_in: TakeIn, resource: dict[str, Any], what: str, drug: str, reason: str
) -> None:
    take_in(patient(), resource)
    found = waiting()
    assert [(one.what, one.drug, one.reason) for one in found] == [(what, drug, reason)]
    assert found[0].source == f"{resource['resourceType']}/{resource['id']}"
    if reason != "missing-time":
        assert found[0].happened is not None
        assert found[0].happened.isoformat()[:10] in ("2026-03-01", "2026-03-02")


@pytest.mark.parametrize(
    "resource",
    [
        observation(code="8867-4", unit="{puff}"),
        observation(code="2339-0", unit="{puff}"),
        observation(code="718-7"),
        called("19000-9", "Vancomycin [Susceptibility]"),
        administration(status="not-done", **product()),
        request(intent="proposal", **product()),
    ],
    ids=["heart rate", "glucose", "unknown", "susceptibility", "not done", "proposed"],
)
def test_what_no_twin_would_use_is_not_told_of(take_in: TakeIn, resource: dict[str, Any]) -> None:
    take_in(patient(), resource)
    assert QuarantineEntry.objects.count() == 1
    assert waiting() == []


def test_a_drug_by_mouth_that_does_not_reach_the_blood_is_another_product(take_in: TakeIn) -> None:
    dosage = {"route": concept(SNOMED, "26643006"), "dose": {"value": 125, "unit": "mg"}}
    take_in(patient(), administration(dosage=dosage))
    assert [(one.what, one.drug) for one in waiting()] == [("other", "")]
    assert waiting(others=False) == []


def test_a_try_that_succeeds_ends_it(take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.codes import drugs

    take_in(patient(), administration(**product()))
    assert len(waiting()) == 1
    monkeypatch.setitem(drugs.DRUGS, (RXNORM, "999999"), "vancomycin")
    retry()
    assert waiting() == []


def test_a_try_that_fails_says_anew_what_it_is(take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(patient(), administration(unit="{puff}"))
    QuarantineEntry.objects.update(what="", drug="", event_time=None)
    assert waiting() == []
    retry()
    assert [(one.what, one.drug) for one in waiting()] == [("dose", "vancomycin")]


@pytest.mark.parametrize("correction_first", [False, True])
def test_a_corrected_version_ends_it_whichever_came_first(take_in: TakeIn, correction_first: bool) -> None:
    odd, corrected = administration(unit="{puff}", version=1), administration(version=2)
    take_in(patient())
    for one in (corrected, odd) if correction_first else (odd, corrected):
        take_in(one)
    assert QuarantineEntry.objects.get().state == "waiting"
    assert waiting() == []


def test_a_correction_that_cannot_be_read_is_told_of_once_for_all_its_tries(take_in: TakeIn) -> None:
    take_in(patient(), administration())
    take_in(administration(unit="{puff}", version=2))
    take_in(administration(unit="{spray}", version=3))
    assert QuarantineEntry.objects.count() == 2
    assert len(waiting()) == 1


def test_what_was_taken_back_or_deleted_at_its_source_is_missed_no_more(take_in: TakeIn, source: Source) -> None:
    take_in(patient(), administration("a1", unit="{puff}"), administration("a2", unit="{puff}"))
    take_in(administration("a1", unit="{puff}", version=2, status="entered-in-error"))
    assert [one.source for one in waiting()] == ["MedicationAdministration/a2"]
    withdraw(source, ["MedicationAdministration/a2"])
    assert waiting() == []


def test_the_newest_come_first_and_older_ones_can_be_left_out(take_in: TakeIn) -> None:
    march, april = "2026-03-02T08:00:00Z", "2026-04-02T08:00:00Z"
    take_in(patient(), *(administration(start[5:7], unit="{puff}", start=start, end=None) for start in (march, april)))
    assert [one.source[-2:] for one in waiting()] == ["04", "03"]
    assert [one.source[-2:] for one in waiting(since=datetime(2026, 4, 1, tzinfo=UTC))] == ["04"]


def test_many_patients_take_one_query(take_in: TakeIn, django_assert_num_queries: Any) -> None:
    for name in ("p1", "p2", "p3"):
        take_in(patient(name), administration(f"a-{name}", unit="{puff}", of=name))
    subjects = list(Patient.objects.values_list("subject_id", flat=True))
    with django_assert_num_queries(1):
        assert len(unused_of(subjects)) == 3


def test_what_waited_before_this_was_kept_is_described_when_the_database_is_brought_up_to_date(
    take_in: TakeIn,
) -> None:
    take_in(patient(), administration("a1", unit="{puff}"), administration("a2", unit="{puff}"))
    take_in(administration("a2", version=2))
    before = waiting()
    QuarantineEntry.objects.update(what="", drug="", named="", event_time=None, is_newest=True)
    import_module("integrations.readings.migrations.0004_what_waits").describe(apps, connection.schema_editor())
    assert waiting() == before
    assert [one.reason for one in before] == [QuarantineReason.UNKNOWN_UNIT]

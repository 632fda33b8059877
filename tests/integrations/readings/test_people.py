"""Patients, stays and diagnoses, and what the twins may know of them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from clinic.patients.models import CareTeam, Condition, Encounter, Patient
from integrations.readings.moment import whole_years
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import administration, concept, condition, encounter, observation, patient
from twins.records.models import Job, StoredSample, Subject

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def test_a_patient_has_a_name_in_the_clinic_and_a_key_in_the_twins(take_in: TakeIn) -> None:
    number = {"type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR"), "value": "W-1"}
    take_in(patient(identifier="p1", version=1) | {"identifier": [{"value": "other"}, number]})
    person = Patient.objects.get()
    assert (person.family_name, person.given_name, person.record_number) == ("Okafor", "Daniel", "W-1")
    assert (person.birth_date, person.sex, person.source_key) == (date(1968, 5, 4), "male", "ward/Patient/p1")
    subject = Subject.objects.get()
    assert (subject.sex, subject.age_years, subject.age_as_of) == ("male", 57, date(2026, 3, 1))


def test_age_is_that_of_the_day_the_stay_began_in_either_order(take_in: TakeIn) -> None:
    take_in(encounter(), patient())
    assert (Subject.objects.get().age_years, Subject.objects.get().age_as_of) == (57, date(2026, 5, 3))
    take_in(encounter("e2", period={"start": "2026-05-04T00:00:00Z"}))
    assert (Subject.objects.get().age_years, Subject.objects.get().age_as_of) == (58, date(2026, 5, 4))
    take_in(encounter("e2", version=2, status="entered-in-error"))
    assert Subject.objects.get().age_years == 57


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("1968-05-04", date(2026, 5, 3), 57),
        ("1968-05-04", date(2026, 5, 4), 58),
        ("2000-02-29", date(2025, 2, 28), 24),
        ("2000-02-29", date(2025, 3, 1), 25),
        ("1968-05", date(2026, 5, 1), 58),
        ("1968", date(2026, 1, 1), 58),
        ("2030-01-01", date(2026, 1, 1), None),
        ("", date(2026, 1, 1), None),
    ],
)
def test_whole_years(birth: str, day: date, age: int | None) -> None:
    assert whole_years(birth, day) == age


def test_a_partial_birth_date_gives_an_age_and_is_not_shown_as_a_day(take_in: TakeIn) -> None:
    take_in(patient(birthDate="1968"))
    assert Patient.objects.get().birth_date is None
    assert Subject.objects.get().age_years == 58


def test_no_birth_date_is_no_age(take_in: TakeIn) -> None:
    take_in({k: v for k, v in patient(gender="other").items() if k != "birthDate"})
    assert (Subject.objects.get().age_years, Subject.objects.get().sex) == (None, "unknown")


def test_a_corrected_patient_is_the_same_person(take_in: TakeIn) -> None:
    take_in(patient(), administration())
    Job.objects.all().update(state="done")
    take_in(patient(version=3, gender="female"))
    take_in(patient(version=2, gender="male"))
    assert (Patient.objects.get().sex, Subject.objects.get().sex) == ("female", "female")
    assert Job.objects.filter(state="queued").count() == 1


def test_a_change_of_name_is_no_news_to_the_twin(take_in: TakeIn) -> None:
    take_in(patient(), administration())
    Job.objects.all().update(state="done")
    take_in(patient(version=2, name=[{"family": "Obi"}]))
    assert Patient.objects.get().family_name == "Obi"
    assert not Job.objects.filter(state="queued").exists()


def test_care_teams_take_in_the_patients_of_their_sources(take_in: TakeIn) -> None:
    ours = CareTeam.objects.create(name="Ward", sources=["ward"])
    CareTeam.objects.create(name="Other", sources=["ward-2"])
    take_in(patient())
    assert list(Patient.objects.get().care_teams.all()) == [ours]


def test_a_stay_has_place_and_times(take_in: TakeIn) -> None:
    take_in(patient(), encounter())
    stay = Encounter.objects.get()
    assert (stay.status, stay.location, stay.started) == ("in-progress", "Bed 4", datetime(2026, 5, 3, 10, tzinfo=UTC))
    take_in(encounter(version=2, status="finished", period={"start": "2026-05-03T10:00:00Z", "end": "2026-05-09"}))
    assert Encounter.objects.get().ended == datetime(2026, 5, 9, tzinfo=UTC)


def test_dependence_on_dialysis_is_known_to_the_twin(take_in: TakeIn) -> None:
    take_in(patient(), administration(), condition("c0", "14669001"))
    Job.objects.all().update(state="done")
    take_in(condition())
    subject = Subject.objects.get()
    assert subject.haemodialysis_since == datetime(2026, 2, 20, tzinfo=UTC)
    assert subject.haemodialysis_source == "Condition/c1"
    assert Job.objects.filter(state="queued").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"verificationStatus": concept(VERIFICATION, "entered-in-error")},
        {"verificationStatus": concept(VERIFICATION, "refuted")},
        {"clinicalStatus": concept(CLINICAL, "resolved")},
        {"abatementDateTime": "2026-02-25"},
    ],
)
def test_dialysis_that_ended_or_never_was_is_forgotten_by_the_twin(take_in: TakeIn, change: dict[str, Any]) -> None:
    take_in(patient(), condition())
    take_in(condition(version=2, **change))
    assert Subject.objects.get().haemodialysis_since is None
    assert Condition.objects.count() == 1


def test_a_second_coding_of_dialysis_counts(take_in: TakeIn) -> None:
    both = {
        "coding": [{"system": "urn:local", "code": "HD"}, *concept("http://snomed.info/sct", "105502003")["coding"]]
    }
    take_in(patient(), condition(code="x") | {"code": both})
    assert Subject.objects.get().haemodialysis_since is not None


def test_what_arrives_before_its_patient_is_taken_in_when_the_patient_comes(take_in: TakeIn) -> None:
    first = take_in(observation(), administration(), observation("o9", of="p9"))
    assert (first.accepted, first.quarantined) == (0, 3)
    second = take_in(patient())
    assert (second.accepted, second.released) == (1, 2)
    assert StoredSample.objects.count() == 1
    assert Job.objects.filter(state="queued").count() == 1
    assert take_in(observation()).known == 1

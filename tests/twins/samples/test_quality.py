from dataclasses import replace

import pytest

from tests.factories.courses import course
from twins.pharmacology import formulary
from twins.quantities.dose import Route
from twins.samples.course import Course, Finding, FindingCode, OrderedRegimen
from twins.samples.quality import SAME_DOSE_H, examine, find, usable_levels


def _codes(subject: Course) -> list[FindingCode]:
    return [finding.code for finding in find(subject)]


def _only(subject: Course) -> Finding:
    (finding,) = find(subject)
    return finding


def test_a_clean_course_has_no_findings() -> None:
    order = OrderedRegimen(0.0, 1000.0, 12.0, 1.0)
    assert find(course(levels=((11.5, 12.0), (23.5, 14.0)), orders=(order,))) == ()


def test_a_level_before_the_first_dose_is_found() -> None:
    finding = _only(course(doses=((5.0, 1000.0, 1.0),), levels=((3.0, 12.0),)))
    assert finding.code is FindingCode.LEVEL_BEFORE_FIRST_DOSE
    assert finding.time_h == 3.0
    assert finding.source == "Observation/level-0"
    assert "an earlier dose may be missing" in finding.sentence


def test_a_level_without_any_dose_says_so() -> None:
    assert "no dose is charted at all" in _only(course(doses=(), levels=((3.0, 12.0),))).sentence


def test_a_level_in_the_future_is_found_and_not_fitted() -> None:
    patient = course(levels=((23.5, 14.0), (38.0, 15.0)), until=36.0)
    finding = _only(patient)
    assert finding.code is FindingCode.LEVEL_IN_FUTURE
    assert "2.0 h in the future" in finding.sentence
    assert [level.time_h for level in usable_levels(patient)] == [23.5]


@pytest.mark.parametrize(
    ("time", "words"),
    [(12.5, "while an infusion was running"), (13.5, "30 min after the end"), (14.0, "60 min after the end")],
)
def test_a_level_soon_after_a_dose_is_probably_mistimed(time: float, words: str) -> None:
    finding = _only(course(levels=((time, 30.0),)))
    assert finding.code is FindingCode.LEVEL_SOON_AFTER_DOSE
    assert words in finding.sentence


def test_a_level_soon_after_a_dose_that_was_not_infused_is_said_to_be_after_the_dose() -> None:
    finding = _only(course(doses=((0.0, 0.125, 0.0), (24.0, 0.125, 0.0)), levels=((24.5, 1.4),), drug="digoxin"))
    assert finding.code is FindingCode.LEVEL_SOON_AFTER_DOSE
    assert finding.sentence == "Level of 1.4 ng/mL taken 30 min after the dose; probably mis-timed, check the times."


@pytest.mark.parametrize("time", [12.0, 14.1, 23.9])
def test_a_trough_or_a_later_level_is_not_mistimed(time: float) -> None:
    assert find(course(levels=((time, 12.0),))) == ()


def test_a_level_charted_twice_is_counted_once() -> None:
    patient = course(levels=((23.5, 14.0), (23.51, 14.0)))
    assert _codes(patient) == [FindingCode.DUPLICATE_LEVEL]
    assert "counted once" in find(patient)[0].sentence
    assert len(usable_levels(patient)) == 1


def test_two_values_of_one_time_are_both_kept_and_named() -> None:
    patient = course(levels=((23.5, 14.0), (23.5, 19.0)))
    assert "14 and 19 mg/L" in _only(patient).sentence
    assert len(usable_levels(patient)) == 2


def test_equal_values_hours_apart_are_two_levels() -> None:
    assert len(usable_levels(course(levels=((11.5, 14.0), (23.5, 14.0))))) == 2


def test_one_dose_charted_under_two_names_counts_twice_and_is_found() -> None:
    patient = course(doses=((0.0, 1000.0, 1.0), (0.2, 998.0, 1.1), (12.0, 1000.0, 1.0)))
    finding = _only(patient)
    assert (finding.code, finding.time_h) == (FindingCode.DUPLICATE_DOSE, 0.2)
    assert finding.source == "MedicationAdministration/1"
    assert finding.sentence == (
        "A dose of 998 mg is charted 12 min after another of 1000 mg, under another name; both count, check "
        "whether one was given."
    )
    assert examine(patient).doses == patient.doses


@pytest.mark.parametrize("duration", [0.0, 1.0])
def test_two_equal_doses_at_one_time_are_found_whether_infused_or_not(duration: float) -> None:
    assert "at the same time as another of 1000 mg" in _only(course(doses=((0.0, 1000.0, duration),) * 2)).sentence


@pytest.mark.parametrize(
    "doses",
    [
        ((0.0, 1000.0, 1.0), (0.2, 1500.0, 1.0)),
        ((0.0, 1000.0, 1.0), (0.6, 1000.0, 1.0)),
        ((0.0, 250.0, 0.25), (0.25, 250.0, 0.25), (0.5, 250.0, 0.25)),
    ],
    ids=["another amount", "further apart", "one bag after another"],
)
def test_doses_that_were_each_given_are_not_taken_for_one(doses: tuple[tuple[float, float, float], ...]) -> None:
    assert find(course(doses=doses)) == ()


def test_a_dose_split_between_two_ways_in_is_no_double() -> None:
    patient = course(doses=((0.0, 500.0, 0.0),) * 2)
    first, second = patient.doses
    assert find(replace(patient, doses=(first, replace(second, into="depot")))) == ()
    assert find(replace(patient, doses=(first, replace(second, route=Route.ORAL)))) == ()


def test_no_interval_of_practice_is_as_short_as_the_one_that_a_double_is_looked_for_in() -> None:
    practices = [formulary.drug(name).practice for name in formulary.drugs()]
    shortest = min(hours for practice in practices if practice for hours in practice.intervals_h)
    assert shortest >= 2 * SAME_DOSE_H


def test_a_dose_that_was_ordered_and_not_given_is_found_at_its_time() -> None:
    order = OrderedRegimen(0.0, 1000.0, 12.0, 1.0, source="MedicationRequest/1")
    finding = _only(course(doses=((0.0, 1000.0, 1.0), (24.0, 1000.0, 1.0)), orders=(order,), until=31.0))
    assert (finding.code, finding.time_h, finding.source) == (
        FindingCode.ORDERED_NOT_GIVEN,
        12.0,
        "MedicationRequest/1",
    )


def test_a_late_dose_is_a_dose_and_one_not_yet_due_is_not_missing() -> None:
    order = OrderedRegimen(0.0, 1000.0, 12.0, 1.0)
    assert find(course(doses=((0.0, 1000.0, 1.0), (15.0, 1000.0, 1.0)), orders=(order,), until=29.0)) == ()


def test_nothing_is_due_after_an_order_was_stopped() -> None:
    order = OrderedRegimen(0.0, 1000.0, 12.0, 1.0, end_h=20.0)
    assert find(course(doses=((0.0, 1000.0, 1.0), (12.0, 1000.0, 1.0)), orders=(order,), until=40.0)) == ()


def test_a_bolus_is_no_fault_of_the_chart() -> None:
    assert find(course(doses=((0.0, 1000.0, 0.0),))) == ()


def test_missing_covariates_are_named() -> None:
    found = find(course(weight=None, creatinine=()))
    assert [finding.sentence for finding in found] == ["No body weight is charted.", "No serum creatinine is charted."]
    assert all(finding.time_h is None for finding in found)


def test_a_given_clearance_stands_in_for_age_sex_and_creatinine() -> None:
    assert find(course(clearance=60.0)) == ()


def test_an_old_creatinine_is_found_with_its_age() -> None:
    finding = _only(course(creatinine=((0.0, 1.0), (10.0, 1.2)), until=70.0))
    assert finding.code is FindingCode.COVARIATE_STALE
    assert finding.sentence == "The last serum creatinine is 60 h old; it is carried forward."
    assert (finding.time_h, finding.source) == (10.0, "Observation/creatinine-1")


def test_examining_keeps_earlier_findings_and_twice_changes_nothing() -> None:
    asked = Finding(FindingCode.EXCLUDED_BY_USER, "Left out: haemolysed.", 20.0, "Observation/9")
    once = examine(course(levels=((12.5, 30.0),), findings=(asked,)))
    assert [finding.code for finding in once.findings] == [
        FindingCode.LEVEL_SOON_AFTER_DOSE,
        FindingCode.EXCLUDED_BY_USER,
    ]
    assert examine(once) == once
    assert once.levels == course(levels=((12.5, 30.0),)).levels

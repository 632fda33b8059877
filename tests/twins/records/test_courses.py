"""Courses are built from the stored records, and only equal data give equal digests."""

from datetime import date, timedelta

import pytest

from tests.factories.chart import START, Chart
from twins.pharmacology.regimen import current_plan
from twins.records.courses import build_course
from twins.records.followed import NotFollowedError
from twins.records.models import QuestionAction, RecordState, Sex
from twins.samples.channel import Channel
from twins.samples.course import Course, Finding, FindingCode

pytestmark = pytest.mark.django_db


def built(chart: Chart) -> Course:
    course = build_course(chart.subject, "vancomycin")
    assert course is not None
    return course


def finding(course: Course, code: FindingCode) -> Finding:
    (found,) = (item for item in course.findings if item.code is code)
    return found


def test_a_subject_without_the_drug_has_no_course():
    chart = Chart.of()
    chart.sample(Channel.WEIGHT, 0.0, 80.0)
    assert build_course(chart.subject, "vancomycin") is None


def test_an_unknown_drug_is_named():
    with pytest.raises(NotFollowedError, match=r"'aspirin'.*vancomycin"):
        build_course(Chart.of().subject, "aspirin")


def test_time_zero_is_the_first_dose_and_sources_are_named():
    course = built(Chart.of().stable())
    assert course.start == START
    assert [dose.start_h for dose in course.doses] == [0.0, 12.0, 24.0, 36.0]
    assert course.doses[0].source == "MedicationAdministration/0"
    assert [(level.time_h, level.value, level.source) for level in course.levels] == [
        (23.5, 11.0, "Observation/level-1"),
        (35.5, 14.0, "Observation/level-2"),
    ]
    values = {value.name: (value.time_h, value.value) for value in course.covariates}
    assert values == {
        "age_y": (0.0, 60.0),
        "male": (0.0, 1.0),
        "haemodialysis": (0.0, 0.0),
        "weight_kg": (-2.0, 80.0),
        "creatinine_mg_per_dl": (-2.0, 1.1),
    }


def test_the_order_and_time_of_arrival_do_not_matter():
    first = Chart.of().stable()
    second = Chart.of()
    second.received = START + timedelta(days=400)
    second.level(35.5, 14.0, source_key="other/Observation/level-2")
    second.sample(Channel.CREATININE, -2.0, 1.1, source_key="other/Observation/creatinine")
    for number in (3, 1, 0, 2):
        second.dose(12.0 * number, source_key=f"other/MedicationAdministration/{number}", source_version="7")
    second.level(23.5, 9.0, source_key="other/Observation/level-1", state=RecordState.SUPERSEDED)
    second.level(23.5, 11.0, source_key="other/Observation/level-1", source_version="2")
    second.level(30.0, 99.0, state=RecordState.WITHDRAWN)
    second.sample(Channel.WEIGHT, -2.0, 80.0, source_key="other/Observation/weight")
    second.order(0.0, source_key="other/MedicationRequest/order")
    assert built(first).digest() == built(second).digest()


def test_a_corrected_level_changes_the_digest():
    chart = Chart.of().stable()
    before = built(chart).digest()
    chart.subject.samples.filter(value=14.0).update(state=RecordState.SUPERSEDED)
    chart.level(35.5, 14.5, source_key="ward/Observation/level-2", source_version="2")
    assert built(chart).digest() != before


def test_a_vital_sign_changes_nothing():
    chart = Chart.of().stable()
    before = built(chart)
    chart.sample(Channel.HEART_RATE, 47.0, 88.0)
    assert built(chart) == before


def test_the_course_ends_after_its_last_dose_so_that_the_dose_counts_as_given():
    chart = Chart.of().stable()
    assert built(chart).until_h == 37.0
    chart.dose(48.0, duration=0.0)
    assert built(chart).until_h == pytest.approx(48.0 + 1 / 60)


def test_a_missing_infusion_end_is_said_and_taken_from_the_order():
    chart = Chart.of().stable()
    chart.order(40.0, 1500.0, duration_h=1.5, source_key="ward/MedicationRequest/next")
    chart.dose(48.0, 1500.0, duration=None, order_key="ward/MedicationRequest/next")
    course = built(chart)
    assert course.doses[-1].duration_h == 1.5
    said = finding(course, FindingCode.INFUSION_END_MISSING)
    assert "the 1.5 h of its order" in said.sentence
    assert said.time_h == 48.0


def test_a_missing_infusion_end_without_an_order_is_one_hour():
    chart = Chart.of()
    chart.dose(0.0, duration=None)
    course = built(chart)
    assert course.doses[0].duration_h == 1.0
    assert "1 h taken instead" in finding(course, FindingCode.INFUSION_END_MISSING).sentence


def test_one_dose_charted_by_the_ward_and_by_the_pump_is_found_until_one_of_them_is_left_out():
    chart = Chart.of().stable()
    pumped = chart.dose(12.1, source_key="pump/MedicationAdministration/1")
    found = finding(built(chart), FindingCode.DUPLICATE_DOSE)
    assert found.time_h == pytest.approx(12.1)
    assert len(built(chart).doses) == 5
    chart.question(pumped)
    assert FindingCode.DUPLICATE_DOSE not in {item.code for item in built(chart).findings}


def test_an_excluded_level_is_left_out_and_said():
    chart = Chart.of().stable()
    level = chart.subject.samples.get(value=14.0)
    chart.question(level)
    course = built(chart)
    assert [item.value for item in course.levels] == [11.0]
    said = finding(course, FindingCode.EXCLUDED_BY_USER)
    assert said.sentence == "Vancomycin level of 14 mg/L is left out: drawn from the wrong line"
    assert said.source == "Observation/level-2"


def test_a_retimed_dose_is_taken_at_its_new_time():
    chart = Chart.of().stable()
    dose = chart.subject.doses.get(event_time=START + timedelta(hours=24))
    chart.question(dose, QuestionAction.RETIME, 25.5)
    course = built(chart)
    assert [item.start_h for item in course.doses] == [0.0, 12.0, 25.5, 36.0]
    assert "1.50 h later than recorded" in finding(course, FindingCode.RETIMED_BY_USER).sentence


def test_a_withdrawn_question_gives_the_first_course_back():
    chart = Chart.of().stable()
    before = built(chart).digest()
    question = chart.question(chart.subject.samples.get(value=14.0))
    assert built(chart).digest() != before
    question.withdrawn_at, question.withdrawn_by = START, "user-2"
    question.save()
    assert built(chart).digest() == before


def test_an_old_episode_is_not_part_of_the_course():
    chart = Chart.of().stable()
    before = built(chart)
    chart.dose(-24.0 * 40)
    chart.level(-24.0 * 39, 30.0)
    assert built(chart) == before


def test_the_last_weight_before_the_course_is_kept_however_old():
    chart = Chart.of()
    chart.sample(Channel.WEIGHT, -24.0 * 60, 70.0)
    chart.sample(Channel.WEIGHT, -24.0 * 30, 75.0)
    chart.dose(0.0)
    weights = [value for value in built(chart).covariates if value.name == "weight_kg"]
    assert [(value.time_h, value.value) for value in weights] == [(-720.0, 75.0)]


def test_a_level_flagged_as_of_the_future_does_not_move_the_end():
    chart = Chart.of().stable()
    chart.level(100.0, 20.0, quality=[FindingCode.LEVEL_IN_FUTURE])
    course = built(chart)
    assert course.until_h == 37.0
    assert finding(course, FindingCode.LEVEL_IN_FUTURE).time_h == 100.0


def test_a_creatinine_flagged_as_of_the_future_is_not_in_force_yet():
    chart = Chart.of().stable()
    chart.sample(Channel.CREATININE, 90.0, 4.0, quality=[FindingCode.LEVEL_IN_FUTURE])
    course = built(chart)
    assert course.until_h == 37.0
    assert course.covariate_at("creatinine_mg_per_dl", course.until_h).value == 1.1


def test_an_order_that_ends_later_is_still_running():
    chart = Chart.of().stable()
    chart.subject.orders.update(end_time=START + timedelta(days=7))
    course = built(chart)
    assert course.until_h == 37.0
    plan = current_plan(course)
    assert plan is not None
    assert plan.regimen is not None
    assert plan.regimen.start_h == 48.0


def test_an_order_that_was_stopped_is_no_current_plan():
    chart = Chart.of().stable()
    chart.subject.orders.update(end_time=START + timedelta(hours=40))
    chart.sample(Channel.HEART_RATE, 41.0, 88.0)
    course = built(chart)
    assert course.until_h == 40.0
    plan = current_plan(course)
    assert plan is not None
    assert plan.regimen is None


def test_dialysis_that_began_during_the_course_is_a_covariate_over_time():
    chart = Chart.of(haemodialysis_since=START + timedelta(hours=10), haemodialysis_source="Condition/1").stable()
    values = [c for c in built(chart).covariates if c.name == "haemodialysis"]
    assert [(value.time_h, value.value, value.source) for value in values] == [
        (0.0, 0.0, ""),
        (10.0, 1.0, "Condition/1"),
    ]


def test_unknown_sex_and_age_are_left_out():
    chart = Chart.of(sex=Sex.UNKNOWN, age_years=None, age_as_of=None).stable()
    assert {"male", "age_y"}.isdisjoint({value.name for value in built(chart).covariates})


def test_an_age_recorded_years_ago_has_grown():
    chart = Chart.of(age_as_of=date(2020, 3, 1)).stable()
    (age,) = (value for value in built(chart).covariates if value.name == "age_y")
    assert age.value == 66.0


def test_what_happened_later_is_left_out_on_request():
    chart = Chart.of().stable()
    course = build_course(chart.subject, "vancomycin", until=START + timedelta(hours=24))
    assert course is not None
    assert course.until_h == 24.0
    assert [level.value for level in course.levels] == [11.0]

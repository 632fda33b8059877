"""Courses from plain lists, dicts and DataFrames."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from twins.quantities.dose import Dose, DoseError, Modelled, Route, SteadyState
from twins.samples.course import Course, CourseError, CovariateValue, DialysisSession, Level
from twins.samples.plain import START, from_data, from_frame
from twins.solvers.system import CarryRule

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_tuples_are_enough_for_an_everyday_course() -> None:
    course = from_data(
        drug="vancomycin",
        doses=[(0, 1000, 1), (12, 1000, 1)],
        levels=[(11.5, 12.3)],
        covariates={"weight_kg": 80, "creatinine_mg_per_dl": [(0, 1.1), (10, 1.4)]},
    )
    assert course == Course(
        drug="vancomycin",
        start=START,
        until_h=12.0,
        doses=(Dose(0.0, 1000.0, 1.0), Dose(12.0, 1000.0, 1.0)),
        levels=(Level(11.5, 12.3),),
        covariates=(
            CovariateValue("weight_kg", 0.0, 80.0),
            CovariateValue("creatinine_mg_per_dl", 0.0, 1.1),
            CovariateValue("creatinine_mg_per_dl", 10.0, 1.4),
        ),
    )


def test_instants_are_counted_from_the_first_of_them() -> None:
    course = from_data(
        drug="x",
        doses=[{"at": MORNING + timedelta(hours=1), "amount_mg": 5}, ("2026-03-02T10:00+00:00", 5)],
        levels=[{"at": "2026-03-02T12:30:00+02:00", "value": 3}],
        covariates={"weight_kg": [(MORNING, 70)]},
        until=MORNING + timedelta(days=1),
    )
    assert course.start == MORNING
    assert [dose.start_h for dose in course.doses] == [1.0, 2.0]
    assert course.levels[0].time_h == 2.5
    assert course.until_h == 24.0


def test_a_start_may_be_given_and_hours_and_instants_mixed() -> None:
    course = from_data(drug="x", start=MORNING, doses=[(2, 5), (MORNING + timedelta(hours=1), 5)])
    assert [dose.start_h for dose in course.doses] == [1.0, 2.0]


def test_units_are_said_by_names() -> None:
    course = from_data(
        drug="x",
        doses=[
            {"time_min": 90, "amount_g": 1, "duration_min": 30},
            {"time_days": 1, "amount_ug": 500, "rate_mg_per_min": 0.5},
        ],
        covariates={
            "creatinine_umol_per_l": 88.4,
            "height_m": 1.8,
            "weight_g": 3500,
            "age_months": 6,
            "albumin_g_per_dl": 4,
            "creatinine_clearance_l_per_h": 6,
            "sex": "female",
        },
        dialysis=[{"from_h": 4, "to_h": 8, "clearance_ml_per_min": 100}],
    )
    assert [(dose.start_h, dose.amount_mg, dose.duration_h) for dose in course.doses] == [
        (1.5, 1000.0, 0.5),
        (24.0, 0.5, pytest.approx(1 / 60)),
    ]
    assert {value.name: value.value for value in course.covariates} == {
        "creatinine_mg_per_dl": pytest.approx(1.0),
        "height_cm": 180.0,
        "weight_kg": 3.5,
        "age_y": 0.5,
        "albumin_g_per_l": 40.0,
        "creatinine_clearance_ml_per_min": pytest.approx(100.0),
        "male": 0.0,
    }
    assert course.dialysis == (DialysisSession(4.0, 8.0, 6.0),)


def test_series_routes_and_what_the_model_says() -> None:
    course = from_data(
        drug="x",
        doses=[
            {"time_h": 0, "amount_mg": 5, "interval_h": 12, "steady_state": 1, "route": "oral"},
            {"time_h": 9, "amount_mg": 5, "interval_h": 12, "additional": 3, "into": "depot"},
            {"time_h": 60, "amount_mg": 5, "modelled": "duration", "steady_state": "adds", "interval_h": 8},
        ],
        levels=[{"time_h": 5, "value": 0.1, "below_limit": True, "output": "inr", "source": "lab"}],
        occasions=[24],
        resets=[48],
        carry=CarryRule.BACKWARD,
    )
    assert course.doses == (
        Dose(0.0, 5.0, route=Route.ORAL, interval_h=12.0, steady_state=SteadyState.REPLACES),
        Dose(9.0, 5.0, interval_h=12.0, additional=3, into="depot"),
        Dose(60.0, 5.0, modelled=Modelled.DURATION, steady_state=SteadyState.ADDS, interval_h=8.0),
    )
    assert course.levels == (Level(5.0, 0.1, "lab", "inr", below_limit=True),)
    assert (course.occasions_h, course.resets_h, course.carry) == ((24.0,), (48.0,), CarryRule.BACKWARD)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"doses": [{"time_h": 0, "ammount_mg": 5}]}, r"doses\[0\] has 'ammount_mg', .* did you mean 'amount_mg'"),
        ({"doses": [{"time_h": 0}]}, r"doses\[0\] has no amount_mg; say how much was given"),
        ({"doses": [(0, 5), {"amount_mg": 5}]}, r"doses\[1\] has no time; give time_h or at"),
        ({"doses": [{"time_h": 0, "at": MORNING, "amount_mg": 5}]}, r"doses\[0\] has both time_h and at"),
        ({"doses": [{"time_h": 0, "time_min": 3, "amount_mg": 5}]}, r"doses\[0\] has both time_h and time_min"),
        ({"doses": [(0,)]}, r"doses\[0\] is \(0,\); give \(time_h, amount_mg\) or a dict"),
        ({"doses": [{"time_h": 0, "amount_mg": "much"}]}, r"doses\[0\].amount_mg is 'much'; give a number"),
        (
            {"doses": [{"time_h": 0, "amount_mg": 5, "route": "nasal"}]},
            r"doses\[0\].route is 'nasal'; give one of intr",
        ),
        (
            {"doses": [{"time_h": 0, "amount_mg": 5, "rate_mg_per_h": 0}]},
            r"doses\[0\].rate_mg_per_h is 0; give a positive",
        ),
        (
            {"doses": [{"time_h": 0, "amount_mg": 5, "rate_mg_per_h": 1, "duration_h": 5}]},
            r"doses\[0\] has both duration_h and rate_mg_per_h",
        ),
        ({"doses": [(datetime(2026, 3, 2), 5)]}, "at is 2026-03-02T00:00:00 without a time zone"),  # noqa: DTZ001
        ({"doses": [("soon", 5)]}, "at is 'soon'; give hours, or an instant such as"),
        ({"levels": [{"time_h": 1}]}, r"levels\[0\] has no value; say what was measured"),
        ({"levels": [(1, 5, 6)]}, r"levels\[0\] is \(1, 5, 6\); give \(time_h, value\)"),
        ({"levels": [(1, -5)]}, "level of -5.0 at 1.0 h; give a value of 0 or more"),
        ({"covariates": {"sex": "x"}}, "covariates\\['male'\\] is 'x'; give male or female"),
        ({"covariates": {"weight_kg": [1, 2]}}, "covariates\\['weight_kg'\\] is .*; give one number, or records"),
        ({"covariates": {"weight_kg": "heavy"}}, "covariates\\['weight_kg'\\] is 'heavy'; give a number"),
        ({"dialysis": [{"from_h": 0, "to_h": 4}]}, r"dialysis\[0\] needs from_h, to_h and clearance_l_per_h"),
        ({"start": datetime(2026, 3, 2)}, "start is 2026-03-02T00:00:00 without a time zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_understood_is_named(data: dict[str, Any], said: str) -> None:
    with pytest.raises(CourseError, match=said):
        from_data(drug="x", **data)


def test_a_dose_that_cannot_have_been_given_is_named() -> None:
    with pytest.raises(DoseError, match=r"amount_mg is 0\.0; give a positive amount"):
        from_data(drug="x", doses=[(0, 0)])


FRAME = pd.DataFrame(
    {
        "patient": ["a", "a", "a", "b"],
        "time_h": [0.0, 11.5, 12.0, 0.0],
        "amount_mg": [1000.0, None, 1000.0, 500.0],
        "duration_h": [1.0, None, 1.0, None],
        "value": [None, 12.3, None, None],
        "weight_kg": [80.0, 80.0, 81.0, 60.0],
    }
)


def test_a_frame_of_events_is_one_course_or_one_for_each_subject() -> None:
    found = from_frame(FRAME, drug="x", covariates=["weight_kg"], subject="patient")
    assert list(found) == ["a", "b"]
    plain = from_data(
        drug="x",
        doses=[(0, 1000, 1), (12, 1000, 1)],
        levels=[(11.5, 12.3)],
        covariates={"weight_kg": [(0, 80), (11.5, 80), (12, 81)]},
    )
    assert found["a"] == plain
    alone = from_frame(FRAME[:3].drop(columns="patient"), drug="x", covariates=["weight_kg"])
    assert alone == plain


def test_a_frame_with_instants() -> None:
    frame = pd.DataFrame(
        {"at": pd.to_datetime(["2026-03-02T08:00Z", "2026-03-02T10:30Z"]), "amount_mg": [5, None], "value": [None, 3.0]}
    )
    course = from_frame(frame, drug="x")
    assert course.start == MORNING
    assert course.levels == (Level(2.5, 3.0),)


@pytest.mark.parametrize(
    ("frame", "asked", "said"),
    [
        ({"time_h": [0], "amount_mg": [5], "value": [3]}, {}, "row 1 has an amount and a value; write the dose and"),
        ({"time_h": [0], "amount_mg": [5], "weight_kg": [3]}, {}, r"doses\[0\] has 'weight_kg', which is unknown"),
        ({"time_h": [0], "weight_kg": [3]}, {}, "row 1 has 'weight_kg', which is unknown"),
        ({"amount_mg": [5]}, {}, "row 1 has no time; give time_h or at"),
        ({"time_h": [0]}, {"covariates": ["wt"]}, "covariates name 'wt', which is no column; give some of time_h"),
        ({"time_h": [0]}, {"subject": "id"}, "subject is 'id', which is no column; give one of time_h"),
    ],
)
def test_frames_that_cannot_be_understood_are_refused(frame: dict[str, Any], asked: dict[str, Any], said: str) -> None:
    with pytest.raises(CourseError, match=said):
        from_frame(pd.DataFrame(frame), drug="x", **asked)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"doses": [0, 1000, 1]}, r"doses\[0\] is 0, which is no record; give a list of \(time_h, amount_mg\)"),
        ({"doses": 1000}, "doses is 1000, which is no list of records"),
        (
            {"doses": {"time_h": 0, "amount_mg": 1}},
            "doses is .*, which is no list of records; give a list, even of one",
        ),
        ({"covariates": {"weight_kg": float("nan")}}, r"covariates\['weight_kg'\] is nan; give a finite number"),
        ({"covariates": {"weight_kg": [(0, float("inf"))]}}, r"covariates\['weight_kg'\] is inf; give a finite number"),
    ],
)
def test_what_is_no_record_or_no_number_is_said_plainly(more: dict[str, object], said: str) -> None:
    with pytest.raises(CourseError, match=said):
        Course.from_data(drug="x", **more)

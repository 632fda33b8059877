"""The regimen search under limits: what is tried, what is proposed and what kept it from being better."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from tests.factories.fits import certain
from twins.forecasts.limits import Limits, LimitsError
from twins.forecasts.optimise import optimise, way_in
from twins.pharmacology.formulary import drug, model
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Dose, Route

GOTI = model("vancomycin-goti-2018")
PRACTICE = drug("vancomycin").practice
TARGET = drug("vancomycin").target
PATIENT = course(doses=(), until=0.0)
CERTAIN = certain(GOTI, draws=np.random.default_rng(1).normal(0.0, 0.05, (60, 3)))


def test_amounts_go_by_steps_or_by_whole_tablets() -> None:
    assert Limits.of(PRACTICE).amounts_mg[:3] == (500.0, 750.0, 1000.0)
    tablets = Limits.of(replace(PRACTICE, min_mg=1.0, max_mg=10.0), route=Route.ORAL, sizes_mg=(5.0, 2.0))
    assert tablets.amounts_mg == (2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0)
    with pytest.raises(LimitsError, match="no sum of sizes"):
        Limits.of(replace(PRACTICE, min_mg=1.0, max_mg=2.0), sizes_mg=(5.0,))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ((1000.0, 12.0, 1.0), ""),
        ((3250.0, 24.0, 4.0), "the largest dose of 3000 mg"),
        ((250.0, 24.0, 1.0), "the smallest dose of 500 mg"),
        ((2500.0, 12.0, 3.0), "the most in a day, 4500 mg"),
        ((1500.0, 12.0, 1.0), "the fastest infusion, 1000 mg/h"),
        ((1100.0, 12.0, 2.0), "steps of 250 mg"),
    ],
)
def test_a_limit_that_speaks_against_a_dose_is_named(asked: tuple[float, float, float], reason: str) -> None:
    assert Limits.of(PRACTICE).refusal(*asked) == reason


def test_what_bound_a_proposal_is_said() -> None:
    tight = replace(Limits.of(PRACTICE), max_daily_mg=1000.0)
    (best,) = optimise(GOTI, PATIENT, CERTAIN, target=TARGET, limits=tight, count=1)
    assert best.plan.regimen is not None
    assert best.plan.regimen.daily_mg == 1000.0
    assert best.bound_by == ("the most in a day, 1000 mg",)
    (free,) = optimise(GOTI, PATIENT, CERTAIN, target=TARGET, limits=Limits.of(PRACTICE), count=1)
    assert free.score > best.score
    assert "the most in a day, 1000 mg" not in free.bound_by


def test_coarse_steps_are_named_where_a_dose_between_them_is_better() -> None:
    coarse = replace(Limits.of(PRACTICE), amounts_mg=(500.0, 3000.0), step_mg=2500.0, intervals_h=(24.0,))
    found = optimise(GOTI, PATIENT, CERTAIN, target=TARGET, limits=coarse, count=1)
    assert found[0].bound_by == ("steps of 2500 mg",)


def test_intervals_are_named_where_an_hour_that_is_not_kept_is_better() -> None:
    rigid = replace(Limits.of(PRACTICE), amounts_mg=(1000.0,), intervals_h=(6.0, 24.0))
    (best,) = optimise(GOTI, PATIENT, CERTAIN, target=TARGET, limits=rigid, count=1)
    assert best.held_by == ("the intervals that are kept, 6, 24 h",)


def test_the_upper_end_of_the_target_is_named_where_more_would_help_but_for_harm() -> None:
    unsure = certain(GOTI, draws=np.random.default_rng(1).normal(0.0, 0.35, (200, 3)))
    daily = replace(Limits.of(PRACTICE), intervals_h=(24.0,))
    (best,) = optimise(GOTI, PATIENT, unsure, target=TARGET, limits=daily, count=1)
    assert best.plan.regimen is not None
    larger = best.plan.regimen.amount_mg + 250.0
    (held,) = best.held_by
    assert held.startswith(f"the upper end of the target, 600: {larger:g} mg would lie above it with a chance of ")
    assert int(held.split()[-2]) / 100 > best.p_above


def test_extended_and_continuous_infusions_are_tried_and_win_where_time_above_counts() -> None:
    above = Target("fT>MIC", 1.0, math.inf, "x", Metric.TIME_ABOVE, "1", threshold=14.0)
    limits = replace(Limits.of(PRACTICE, lengths_h=(6.0,), continuous=True), amounts_mg=(2000.0,), intervals_h=(24.0,))
    proposals = optimise(GOTI, PATIENT, CERTAIN, target=above, limits=limits, count=5)
    assert proposals[0].plan.regimen is not None
    assert proposals[0].plan.regimen.continuous
    assert {plan.plan.label for plan in proposals} >= {"2000 mg per 24 h, continuously"}


def test_without_an_upper_limit_the_least_drug_that_is_enough_wins() -> None:
    low = Target("fT>MIC", 1.0, math.inf, "x", Metric.TIME_ABOVE, "1", threshold=0.5)
    (best,) = optimise(GOTI, PATIENT, CERTAIN, target=low, limits=Limits.of(PRACTICE), count=1)
    assert best.p_in_target >= 0.9
    assert best.plan.regimen is not None
    assert best.plan.regimen.daily_mg <= 500.0


def test_a_trough_can_be_aimed_at() -> None:
    trough = Target("trough 10–15", 10.0, 15.0, "x", Metric.TROUGH, "mg/L")
    (best,) = optimise(GOTI, PATIENT, CERTAIN, target=trough, limits=Limits.of(PRACTICE), count=1)
    assert best.p_in_target > 0.9
    frame = optimise(GOTI, PATIENT, CERTAIN, target=trough, limits=Limits.of(PRACTICE), count=2).to_frame()
    assert frame["plan"][0] == best.plan.label
    assert "bound_by" in frame


def test_doses_go_on_by_the_way_they_went_in() -> None:
    tacrolimus = model("tacrolimus-andrews-2019")
    assert way_in(GOTI, PATIENT) is Route.INTRAVENOUS
    assert way_in(tacrolimus, replace(PATIENT, drug="tacrolimus")) is Route.ORAL
    swallowed = replace(PATIENT, doses=(Dose(0.0, 5.0, 0.0, Route.ORAL),), until_h=1.0)
    assert way_in(GOTI, swallowed) is Route.ORAL
    assert way_in(GOTI, swallowed, Plan("now", Regimen(1.0, 12.0, 1.0, 2.0))) is Route.INTRAVENOUS

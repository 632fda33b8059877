"""Doses, intervals and times that lead to a target, against posologyr's and against going forward again."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from tests.factories.fits import certain
from twins.forecasts.backwards import (
    BackwardsError,
    Solved,
    dose_for_auc,
    dose_for_concentration,
    interval_for_trough,
    rate_for_steady_state,
    time_to_fall_to,
)
from twins.forecasts.simulate import Present
from twins.pharmacology.formulary import model
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose
from twins.samples.course import Course

GOTI = model("vancomycin-goti-2018")
# levenc/posologyr tests/testthat/test_doseoptim.R (AGPL-3.0), commit 4af150b9: Goti 2018 with creatinine clearance
# 65 mL/min, weight 70 kg, no dialysis and these etas; every infusion lasts 2 h. Its doses are found to 1e-3 or so, its
# times on a grid of 0.1 h. The second number of each case is the same question solved by root finding in SciPy.
FIT = certain(GOTI, (0.10796221, 0.04643863, 0.06859768))
FRESH = course(doses=(), clearance=65.0, weight=70.0, dialysis=0.0, until=0.0)
SINGLE = Regimen(1000.0, 1000.0, 2.0, 0.0)


def _given(count: int) -> Course:
    doses = tuple(Dose(24.0 * k, 1500.0, 2.0) for k in range(count))
    return replace(FRESH, doses=doses, until_h=doses[-1].end_h)


def test_a_single_dose_for_an_auc() -> None:
    found = dose_for_auc(GOTI, FRESH, FIT, auc=400.0, from_h=0.0, to_h=24.0, regimen=SINGLE)
    assert found.value == pytest.approx(2377.758, abs=2e-3)
    assert found.value == pytest.approx(2377.7575, abs=1e-4)
    assert found.unit == "mg"


def test_a_single_dose_for_a_concentration() -> None:
    found = dose_for_concentration(GOTI, FRESH, FIT, concentration=11.04931, at_h=24.0, regimen=SINGLE)
    assert found.value == pytest.approx(2530.699, abs=2e-3)
    assert found.value == pytest.approx(2530.7002, abs=1e-4)


def test_the_time_to_fall_after_one_dose_and_after_eleven() -> None:
    one = time_to_fall_to(GOTI, _given(1), FIT, concentration=10.0)
    assert 11.1 < one.value <= 11.2
    assert one.value == pytest.approx(11.1297, abs=1e-4)
    eleven = time_to_fall_to(GOTI, _given(11), FIT, concentration=10.0)
    assert 34.7 < eleven.value <= 34.8
    assert eleven.value == pytest.approx(34.749, abs=1e-3)


def test_the_dose_of_a_regimen_for_an_auc_of_a_later_interval() -> None:
    daily = Regimen(1000.0, 24.0, 2.0, 0.0)
    found = dose_for_auc(GOTI, FRESH, FIT, auc=400.0, from_h=216.0, to_h=240.0, regimen=daily)
    assert found.value == pytest.approx(1229.366, abs=1e-3)
    assert found.value == pytest.approx(1229.36577, abs=1e-5)


def test_the_interval_for_a_trough_at_steady_state() -> None:
    found = interval_for_trough(GOTI, FRESH, FIT, trough=10.0, amount_mg=2000.0, duration_h=2.0)
    assert 35.8 < found.value <= 35.9
    assert found.value == pytest.approx(35.807, abs=1e-3)


def test_the_rate_that_holds_a_concentration_is_the_clearance_times_it() -> None:
    found = rate_for_steady_state(GOTI, FRESH, FIT, concentration=400.0 / 24.0)
    clearance = 4.5 * (65.0 / 120.0) ** 0.8 * np.exp(0.10796221)
    assert 24.0 * found.value == pytest.approx(400.0 * clearance, rel=1e-10)
    assert 24.0 * found.value == pytest.approx(1227.8508, abs=1e-4)


def test_what_was_given_before_counts_and_may_be_enough_already() -> None:
    later = Regimen(1000.0, 1000.0, 2.0, 24.0)
    fresh = dose_for_auc(GOTI, FRESH, FIT, auc=400.0, from_h=24.0, to_h=48.0, regimen=later)
    found = dose_for_auc(GOTI, _given(1), FIT, auc=400.0, from_h=24.0, to_h=48.0, regimen=later)
    assert found.value < fresh.value
    with pytest.raises(BackwardsError, match="already leads to an AUC from 24 to 48 h of"):
        dose_for_auc(GOTI, _given(1), FIT, auc=10.0, from_h=24.0, to_h=48.0, regimen=later)


def test_a_loading_dose_keeps_its_proportion() -> None:
    loaded = Regimen(1000.0, 12.0, 1.0, 0.0, loading_mg=2000.0)
    found = dose_for_auc(GOTI, FRESH, FIT, auc=400.0, from_h=0.0, to_h=24.0, regimen=loaded)
    present = Present.reach(GOTI, FRESH, [FIT.eta])
    plan = Plan("", Regimen(found.value, 12.0, 1.0, 0.0, loading_mg=2.0 * found.value))
    assert present.measure(plan, np.array([0.0, 24.0])).auc[0, 0] == pytest.approx(400.0, rel=1e-10)


@pytest.fixture(scope="module")
def spread() -> np.ndarray:
    return np.random.default_rng(3).normal(0.0, 0.3, (201, 3))


def test_the_range_over_the_draws_is_that_of_each_draw_s_own_answer(spread: np.ndarray) -> None:
    def each(eta: np.ndarray) -> Solved:
        return dose_for_auc(GOTI, FRESH, certain(GOTI, tuple(eta)), auc=400.0, from_h=0.0, to_h=24.0, regimen=SINGLE)

    together = certain(GOTI, draws=spread)
    found = dose_for_auc(GOTI, FRESH, together, auc=400.0, from_h=0.0, to_h=24.0, regimen=SINGLE)
    alone = np.array([each(eta).value for eta in spread[:40]])
    few = replace(together, draws=spread[:40])
    again = dose_for_auc(GOTI, FRESH, few, auc=400.0, from_h=0.0, to_h=24.0, regimen=SINGLE)
    assert again.low is not None
    assert again.high is not None
    assert np.sort(alone)[1] <= again.low <= np.sort(alone)[2]
    assert np.sort(alone)[-3] <= again.high <= np.sort(alone)[-2]
    assert found.low is not None
    assert found.low < found.value < (found.high or 0.0)
    assert "90 % of the draws" in found.words


def test_the_time_to_fall_has_a_range_as_well(spread: np.ndarray) -> None:
    found = time_to_fall_to(GOTI, _given(1), certain(GOTI, FIT.eta, draws=spread), concentration=10.0)
    assert found.low is not None
    assert found.high is not None
    assert 0.0 < found.low < found.value < found.high
    at_high = [
        time_to_fall_to(GOTI, _given(1), certain(GOTI, tuple(eta)), concentration=10.0).value for eta in spread[:3]
    ]
    assert all(value > 0 for value in at_high)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: time_to_fall_to(GOTI, FRESH, FIT, concentration=10.0), "nothing was given"),
        (lambda: time_to_fall_to(GOTI, _given(1), FIT, concentration=500.0), "does not rise above 500"),
        (lambda: interval_for_trough(GOTI, FRESH, FIT, trough=900.0, amount_mg=100.0), "give a larger dose"),
        (lambda: rate_for_steady_state(GOTI, FRESH, FIT, concentration=-1.0), "concentration is -1"),
        (
            lambda: dose_for_concentration(
                GOTI, FRESH, FIT, concentration=5.0, at_h=3.0, regimen=Regimen(100.0, 24.0, 1.0, 10.0)
            ),
            "ask for another time",
        ),
    ],
)
def test_what_cannot_be_reached_is_said(ask, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BackwardsError, match=words):
        ask()

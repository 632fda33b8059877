"""Simulated patients: the population's spread, the same digits however many there are, and attainment over MICs."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from tests.factories.fits import certain
from twins.forecasts.enough import pta
from twins.forecasts.outlook import forecast
from twins.forecasts.population import drawn, simulate
from twins.forecasts.simulate import Present, concentrations, profiles
from twins.pharmacology.covariates import CovariateError
from twins.pharmacology.formulary import model
from twins.pharmacology.population import Eta, Link, Occasions
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target

GOTI = model("vancomycin-goti-2018")
PERSON = {"creatinine_clearance_ml_per_min": 80.0, "weight_kg": 70.0}
TWICE_DAILY = Regimen(1000.0, 12.0, 1.0, 0.0)
WITHIN = Occasions((Eta("clearance_l_per_h"),), np.array([[0.09]]))
BY_DAYS = replace(GOTI, occasions=WITHIN)


def test_simulated_patients_are_the_population_s() -> None:
    crowd = drawn(GOTI, PERSON, n=20_000, seed=3, until_h=24.0)
    logs = np.log(crowd.parameters[:, [0, 1, 3]] / np.array([4.5 * (80 / 120) ** 0.8, 58.4, 38.4]))
    assert logs.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.02)
    assert np.cov(logs.T) == pytest.approx(GOTI.omega, abs=0.02)


def test_more_patients_leave_the_first_ones_as_they_were() -> None:
    few = simulate(BY_DAYS, PERSON, TWICE_DAILY, n=5, seed=3, horizon_h=48.0)
    many = simulate(BY_DAYS, PERSON, TWICE_DAILY, n=40, seed=3, horizon_h=48.0)
    assert few.values == pytest.approx(many.values[:, :5], rel=1e-12)
    assert not np.array_equal(simulate(GOTI, PERSON, TWICE_DAILY, n=5, seed=4).values, few.values)


def test_a_simulated_patient_is_the_twin_of_the_same_effects() -> None:
    crowd = drawn(GOTI, PERSON, n=3, seed=3, until_h=24.0)
    etas = np.log(crowd.parameters[:, [0, 1, 3]] / np.array([4.5 * (80 / 120) ** 0.8, 58.4, 38.4]))
    patient = course(doses=(), clearance=80.0, weight=70.0, until=0.0)
    times = np.arange(0.0, 24.1, 0.5)
    expected = concentrations(GOTI, patient, etas, Plan("x", TWICE_DAILY), times)
    found = simulate(GOTI, PERSON, TWICE_DAILY, n=3, seed=3, times_h=times)
    assert found.values[0] == pytest.approx(expected, rel=1e-10)


def test_covariates_may_differ_from_patient_to_patient() -> None:
    found = drawn(GOTI, {**PERSON, "weight_kg": [50.0, 100.0]}, n=2, seed=1, until_h=24.0)
    same = drawn(GOTI, PERSON, n=2, seed=1, until_h=24.0)
    assert found.parameters[:, 1] / same.parameters[:, 1] == pytest.approx([50 / 70, 100 / 70])
    with pytest.raises(ValueError, match="weight_kg has 3 values"):
        drawn(GOTI, {**PERSON, "weight_kg": [1.0, 2.0, 3.0]}, n=2, seed=1, until_h=24.0)
    with pytest.raises(CovariateError, match="body weight"):
        simulate(GOTI, {"creatinine_clearance_ml_per_min": 80.0}, TWICE_DAILY, n=2)
    with pytest.raises(ValueError, match="n is 0"):
        simulate(GOTI, PERSON, TWICE_DAILY, n=0)


def test_every_link_is_followed() -> None:
    bent = replace(GOTI, links={"clearance_l_per_h": Link.IDENTITY, "central_volume_l": Link.IDENTITY})
    crowd = drawn(replace(bent, omega=0.01 * GOTI.omega), PERSON, n=2000, seed=3, until_h=24.0)
    moved = crowd.parameters[:, :2] - np.array([4.5 * (80 / 120) ** 0.8, 58.4])
    assert moved.std(axis=0) == pytest.approx(0.1 * np.sqrt(np.diag(GOTI.omega)[:2]), rel=0.05)
    share = replace(GOTI, typical=lambda values: {**GOTI.typical(values), "clearance_l_per_h": np.full(500, 0.3)})
    kept = drawn(replace(share, links={"clearance_l_per_h": Link.LOGIT}), PERSON, n=500, seed=3, until_h=24.0)
    odds = kept.parameters[:, 0] / (1.0 - kept.parameters[:, 0])
    assert np.log(odds / (0.3 / 0.7)).std() == pytest.approx(np.sqrt(GOTI.omega[0, 0]), rel=0.1)


def test_a_new_occasion_moves_the_future_and_not_the_first_day() -> None:
    patient = course(doses=(), clearance=80.0, weight=70.0, until=0.0)
    plan = Plan("x", TWICE_DAILY)
    etas = np.zeros((50, 3))
    drawn_ahead = profiles(BY_DAYS, patient, etas, plan, [12.0, 48.0], seed=5)[0]
    point = profiles(BY_DAYS, patient, etas, plan, [12.0, 48.0])[0]
    assert np.ptp(point[:, 1]) == 0.0
    assert np.std(drawn_ahead[:, 1]) > 0.05 * point[0, 1]
    again = profiles(BY_DAYS, patient, etas, plan, [12.0, 48.0, 96.0], seed=5)[0]
    assert again[:, 1] == pytest.approx(drawn_ahead[:, 1], rel=1e-12)
    present = Present.reach(BY_DAYS, patient, etas, seed=5)
    assert present.follow(plan, np.array([12.0, 48.0])).concentration == pytest.approx(drawn_ahead, rel=1e-10)


def test_residual_error_widens_what_would_be_measured() -> None:
    plain = simulate(GOTI, PERSON, TWICE_DAILY, n=4000, seed=1, times_h=[24.0])
    noisy = simulate(GOTI, PERSON, TWICE_DAILY, n=4000, seed=1, times_h=[24.0], with_residual=True)
    apart = (noisy.values - plain.values)[0, :, 0]
    sd = np.sqrt(GOTI.residual.variance(plain.values[0, :, 0]))
    # The lower half is cut off where a measurement would be below 0.
    assert np.quantile(apart / sd, 0.8413) == pytest.approx(1.0, abs=0.06)
    assert noisy.values.min() >= 0.0
    assert noisy.with_residual


def test_profiles_come_as_tables() -> None:
    found = simulate(GOTI, PERSON, TWICE_DAILY, n=50, seed=1, horizon_h=12.0, step_h=6.0)
    frame = found.to_frame()
    assert list(frame.columns) == ["output", "unit", "time_h", "q05", "q25", "q50", "q75", "q95"]
    assert list(frame["time_h"]) == [0.0, 6.0, 12.0]
    assert frame["q50"].to_numpy() == pytest.approx(np.median(found.values[0], axis=0))
    draws = found.draws_frame()
    assert len(draws) == 150
    assert draws["value"].to_numpy()[:3] == pytest.approx(found.values[0, 0])


def test_a_forecast_shows_every_turn_and_any_time_asked_for() -> None:
    patient = course()
    fit = certain(GOTI, draws=np.random.default_rng(1).normal(0, 0.2, (20, 3)))
    plan = Plan("x", Regimen(1000.0, 12.0, 1.3, 36.0))
    ahead = forecast(GOTI, patient, fit, plan, horizon_h=24.0, step_h=1.0)
    assert {36.0, 37.3, 48.0, 49.3, 60.0} <= set(ahead.times_h)
    past = forecast(GOTI, patient, fit, times_h=[23.5, 11.5])
    assert list(past.times_h) == [11.5, 23.5]
    expected = concentrations(GOTI, patient, fit.draws, None, [11.5, 23.5])
    assert past.values[0] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="times_h is empty"):
        forecast(GOTI, patient, fit, times_h=[])
    with pytest.raises(ValueError, match="horizon_h is 0"):
        forecast(GOTI, patient, fit, horizon_h=0.0)


def test_attainment_falls_with_the_mic_and_rises_with_the_dose() -> None:
    above = Target("fT>MIC", 0.5, math.inf, "x", Metric.TIME_ABOVE, "1", unbound=0.5)
    regimens = [Regimen(500.0, 12.0, 1.0, 0.0), TWICE_DAILY]
    table = pta(GOTI, PERSON, regimens, target=above, thresholds=[1.0, 4.0, 16.0], n=300, seed=2)
    low, high = ([row.p_in_target for row in table if row.regimen.startswith(start)] for start in ("500", "1000"))
    assert low == sorted(low, reverse=True)
    assert all(more >= less for more, less in zip(high, low, strict=True))
    assert high[0] == 1.0
    assert len(table.to_frame()) == 6
    ratio = Target("AUC24/MIC", 400.0, 650.0, "x", Metric.RATIO, "h")
    one, two = pta(GOTI, PERSON, [TWICE_DAILY], target=ratio, thresholds=[1.0, 2.0], n=300, seed=2)
    assert one.median == pytest.approx(2.0 * two.median, rel=1e-12)
    with pytest.raises(ValueError, match="which knows no MIC"):
        pta(GOTI, PERSON, [TWICE_DAILY], target=Target("", 1.0, 2.0, ""), thresholds=[1.0])

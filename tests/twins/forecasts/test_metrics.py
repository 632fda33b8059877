"""Each metric against a fine grid of the same curve, and against its definition."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import simpson

from tests.factories.courses import course
from tests.factories.fits import certain
from twins.forecasts.exposure import Window, attained
from twins.forecasts.exposures import attainment, exposure
from twins.forecasts.metrics import measured, trough_h
from twins.forecasts.optimise import way_in
from twins.forecasts.simulate import Present, concentrations
from twins.pharmacology.formulary import model
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Dose
from twins.samples.course import CovariateValue

GOTI = model("vancomycin-goti-2018")
PATIENT = course(until=36.0)
DRAWS = np.random.default_rng(5).normal(0.0, 0.3, (30, 3))
FIT = certain(GOTI, draws=DRAWS)
PLAN = Plan("plan", Regimen(1000.0, 12.0, 2.0, 36.0))
DAY = (60.0, 84.0)
FINE = np.linspace(*DAY, 24001)


@pytest.fixture(scope="module")
def present() -> Present:
    return Present.reach(GOTI, PATIENT, DRAWS, seed=1)


@pytest.fixture(scope="module")
def curves() -> np.ndarray:
    return concentrations(GOTI, PATIENT, DRAWS, PLAN, FINE)


def _of(present: Present, metric: Metric, **more: float) -> np.ndarray:
    values = {"low": 10.0, "high": 15.0, **more}
    target = Target("", values.pop("low"), values.pop("high"), "", metric, "mg/L", **values)
    return measured(present, PLAN, target, [DAY]).each[:, 0]


def test_areas_and_what_follows_from_them(present: Present, curves: np.ndarray) -> None:
    area = np.trapezoid(curves, FINE, axis=1)
    assert _of(present, Metric.AUC24) == pytest.approx(area, rel=1e-6)
    assert _of(present, Metric.AUC, window_h=48.0) == pytest.approx(2.0 * area, rel=1e-6)
    assert _of(present, Metric.AVERAGE) == pytest.approx(area / 24.0, rel=1e-6)
    assert _of(present, Metric.RATIO, threshold=2.0, unbound=0.5) == pytest.approx(area / 4.0, rel=1e-6)


def test_peak_trough_and_effect(present: Present, curves: np.ndarray) -> None:
    assert _of(present, Metric.PEAK) == pytest.approx(curves.max(axis=1), rel=1e-9)
    assert _of(present, Metric.TROUGH) == pytest.approx(curves[:, -1], rel=1e-9)  # the last dose is due at 84 h
    assert _of(present, Metric.EFFECT) == pytest.approx(curves[:, -1], rel=1e-9)
    assert trough_h(PLAN, 60.0, 83.0) == 72.0
    assert trough_h(PLAN, 60.5, 71.0) == 71.0
    assert trough_h(None, 60.0, 83.0) == 83.0


def test_times_above_and_within(present: Present, curves: np.ndarray) -> None:
    assert _of(present, Metric.TIME_ABOVE, threshold=12.0) == pytest.approx((curves > 12.0).mean(axis=1), abs=2e-4)
    unbound = _of(present, Metric.TIME_ABOVE, threshold=6.0, unbound=0.5)
    assert unbound == pytest.approx(_of(present, Metric.TIME_ABOVE, threshold=12.0), abs=1e-12)
    inside = ((curves >= 10.0) & (curves <= 15.0)).mean(axis=1)
    assert _of(present, Metric.TIME_IN_RANGE) == pytest.approx(inside, abs=3e-4)


def test_all_of_the_time_is_exactly_all(present: Present) -> None:
    assert np.array_equal(_of(present, Metric.TIME_ABOVE, threshold=1e-6), np.ones(30))


def test_the_chances_of_time_in_range_are_shares_of_moments(present: Present, curves: np.ndarray) -> None:
    target = Target("", 10.0, 15.0, "", Metric.TIME_IN_RANGE, "mg/L")
    (found,) = attained(measured(present, PLAN, target, [DAY]), target)
    assert found.p_above == pytest.approx((curves > 15.0).mean(), abs=3e-4)
    assert found.p_in_target + found.p_above + found.p_below == pytest.approx(1.0)


def test_a_window_belongs_to_its_start_and_not_to_its_end() -> None:
    bolus = Plan("bolus", Regimen(1000.0, 24.0, 0.0, 36.0))
    present = Present.reach(GOTI, PATIENT, np.zeros((1, 3)))
    target = Target("", 0.0, 1.0, "", Metric.PEAK, "mg/L")
    before, after = measured(present, bolus, target, [(48.0, 60.0), (60.0, 61.0)]).each[0]
    assert after > before + 10.0


@pytest.mark.parametrize(
    ("windows", "words"),
    [([], "windows are empty"), ([(60.0, 60.0)], "is empty"), ([(12.0, 60.0)], "before the course's end at 36 h")],
)
def test_windows_that_cannot_be_measured_are_refused(
    present: Present, windows: list[tuple[float, float]], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        measured(present, PLAN, Target("", 1.0, 2.0, ""), windows)


def test_an_output_that_is_not_there_is_refused(present: Present) -> None:
    with pytest.raises(ValueError, match="has no output 'inr'"):
        measured(present, PLAN, Target("", 2.0, 3.0, "", Metric.EFFECT, output="inr"), [DAY])


def test_a_plan_is_not_followed_beyond_what_was_laid(present: Present) -> None:
    with pytest.raises(ValueError, match="give a larger ahead_h"):
        present.follow(PLAN, np.array([36.0, 1000.0]))


def test_exposures_come_as_rows_and_as_a_table() -> None:
    rows = exposure(GOTI, PATIENT, FIT, PLAN, windows_h=[(36.0, 60.0), DAY], mic=1.0, unbound=0.5, between=(10.0, 15.0))
    frame = rows.to_frame()
    assert list(frame.columns) == ["from_h", "to_h", "metric", "unit", "q05", "q25", "q50", "q75", "q95"]
    assert set(frame["metric"]) == {
        "AUC", "AUC24", "average", "highest", "lowest", "trough", "at the end", "time above MIC", "AUC24 over MIC",
        "time in range",
    }  # fmt: skip
    day = {row.metric: row.value for row in rows if row.from_h == 60.0}
    assert day["average"].q50 == pytest.approx(day["AUC"].q50 / 24.0, rel=1e-12)
    assert day["AUC24 over MIC"].q50 == pytest.approx(0.5 * day["AUC24"].q50, rel=1e-12)
    assert day["lowest"].q50 <= day["trough"].q50 <= day["highest"].q50


def test_several_targets_stand_beside_each_other() -> None:
    targets = [
        Target("AUC", 400.0, 600.0, "x"),
        Target("trough", 10.0, 15.0, "x", Metric.TROUGH, "mg/L", harm="kidney"),
        Target("enough", 0.9, math.inf, "x", Metric.TIME_ABOVE, "1", threshold=5.0),
    ]
    rows = attainment(GOTI, PATIENT, FIT, [PLAN, Plan("stop", None)], targets=targets)
    frame = rows.to_frame()
    assert list(frame["target"]) == ["AUC", "trough", "enough"] * 2
    assert frame["p_in_target"].add(frame["p_above"]).add(frame["p_below"]).to_numpy() == pytest.approx(np.ones(6))
    assert frame["p_above"][2] == 0.0
    assert (frame["from_h"][0], frame["to_h"][0]) == (60.0, 84.0)


def test_the_windows_of_areas_and_effects_are_the_targets_own() -> None:
    area = Target("", 1.0, 2.0, "", Metric.AUC, window_h=96.0)
    effect = replace(area, metric=Metric.EFFECT)
    assert Window.of(PLAN, area) == Window(0.0, 96.0)
    assert Window.of(PLAN, effect) == Window(72.0, 96.0)
    assert Window.of(PLAN, replace(area, metric=Metric.PEAK)) == Window(24.0, 48.0)


@pytest.mark.parametrize(
    ("model_id", "output"),
    [
        ("propofol-eleveld-2018", "effect_site"),
        ("propofol-eleveld-2018", "bis"),
        ("sunitinib-mapbayr-run941", "su12662"),
    ],
)
def test_areas_extremes_and_times_of_a_further_output_are_as_exact_as_of_the_first(model_id: str, output: str) -> None:
    one = model(model_id)
    patient = course(doses=(), until=1.0, drug=one.drug)
    height = CovariateValue("height_cm", 0.0, 175.0)
    route = way_in(one, patient)
    dose = Dose(0.0, 50.0, 0.0, route)
    patient = replace(patient, doses=(dose,), covariates=(*patient.covariates, height))
    present = Present.reach(one, patient, np.zeros((1, len(one.etas))), ahead_h=12.0)
    plan = Plan("", Regimen(50.0, 2.0, 0.0, 1.0, route=route))
    number = [one.name for one in one.system.outputs].index(output)
    names = (Metric.AVERAGE, Metric.PEAK, Metric.TIME_ABOVE)
    fine = [np.linspace(start, start + 2.0, 4001) for start in (1.0, 3.0, 5.0)]
    fine = [np.append(piece[:-1], np.nextafter(piece[-1], 0.0)) for piece in fine]
    fine[1][0], fine[2][0] = np.nextafter(3.0, 9.0), np.nextafter(5.0, 9.0)
    curve = [present.follow(plan, piece, exposure=False).values[number, 0] for piece in fine]
    half = float(np.median(np.concatenate(curve)))
    aims = [Target("", 0.0, 1.0, "", name, "1", threshold=half, output=output) for name in names]
    average, peak, above = (float(measured(present, plan, aim, [(1.0, 7.0)]).each[0, 0]) for aim in aims)
    area = sum(simpson(values, x=times) for times, values in zip(fine, curve, strict=True))
    assert average == pytest.approx(area / 6.0, rel=1e-8)
    assert peak == pytest.approx(max(values.max() for values in curve), rel=1e-6)
    assert above == pytest.approx(np.mean(np.concatenate(curve) > half), abs=0.01)

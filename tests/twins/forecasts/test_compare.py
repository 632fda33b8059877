import json
from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from twins.estimation.fit import Fit
from twins.estimation.individualise import individualise
from twins.forecasts.compare import CannotForecastError, compare
from twins.forecasts.exposure import Attainment, Window, band, quantiles
from twins.forecasts.forecast import QUANTILES, ComparisonResult
from twins.forecasts.simulate import Present, concentrations
from twins.forecasts.wording import percent
from twins.pharmacology.formulary import drug, model
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Target

GOTI = model("vancomycin-goti-2018")
TARGET = drug("vancomycin").target
PATIENT = course(levels=((11.5, 11.0), (23.5, 14.0)), until=35.0)
CURRENT = Plan("Current", Regimen(1000.0, 12.0, 1.0, 36.0))
MORE = Plan("1500 mg every 12 h", Regimen(1500.0, 12.0, 1.5, 36.0))
STOP = Plan("No further doses", None)


@pytest.fixture(scope="module")
def fit() -> Fit:
    return individualise(GOTI, PATIENT, seed=8, draws=500)


@pytest.fixture(scope="module")
def result(fit: Fit) -> ComparisonResult:
    return compare(GOTI, PATIENT, fit, [CURRENT, MORE, STOP], target=TARGET)


def test_plans_keep_their_order_and_days_begin_at_the_course_s_end(result: ComparisonResult) -> None:
    assert [forecast.plan for forecast in result.forecasts] == [CURRENT, MORE, STOP]
    assert result.as_of_h == 35.0
    for forecast in result.forecasts:
        assert [(day.from_h, day.to_h) for day in forecast.days] == [(35.0, 59.0), (59.0, 83.0), (83.0, 107.0)]
        assert forecast.times_h[0] == 35.0
        assert forecast.times_h[-1] == 107.0
        assert len(forecast.quantiles) == len(QUANTILES)
        assert all(len(row) == len(forecast.times_h) for row in forecast.quantiles)


def test_auc_is_the_area_under_the_curve_of_each_draw(fit: Fit, result: ComparisonResult) -> None:
    fine = np.linspace(59.0, 83.0, 48001)
    curves = concentrations(GOTI, PATIENT, fit.draws[:40], MORE, fine)
    present = Present.reach(GOTI, PATIENT, fit.draws[:40])
    run = present.follow(MORE, np.array([59.0, 83.0]))
    areas = np.trapezoid(curves, fine, axis=1)
    assert run.auc[:, 1] - run.auc[:, 0] == pytest.approx(areas, rel=1e-6)
    whole = concentrations(GOTI, PATIENT, fit.draws, MORE, np.linspace(59.0, 83.0, 2401))
    median = float(np.median(np.trapezoid(whole, dx=0.01, axis=1)))
    assert result.forecasts[1].days[1].auc24.q50 == pytest.approx(median, rel=1e-3)


def test_peak_and_trough_are_where_the_curve_turns(fit: Fit, result: ComparisonResult) -> None:
    day = result.forecasts[0].days[1]  # doses at 60 and 72 h; the last one due in (59, 83] is at 72 h
    curves = concentrations(GOTI, PATIENT, fit.draws, CURRENT, np.linspace(59.0, 83.0, 4801))
    assert day.peak.q95 == pytest.approx(float(np.quantile(curves.max(axis=1), 0.95)), rel=1e-6)
    before = concentrations(GOTI, PATIENT, fit.draws, CURRENT, [72.0])[:, 0]
    assert day.trough.q50 == pytest.approx(float(np.median(before)), rel=1e-12)


def test_a_day_without_a_dose_has_its_trough_at_its_end(fit: Fit, result: ComparisonResult) -> None:
    at_end = concentrations(GOTI, PATIENT, fit.draws, STOP, [107.0])[:, 0]
    assert result.forecasts[2].days[2].trough.q50 == pytest.approx(float(np.median(at_end)), rel=1e-12)


def test_the_peak_of_a_day_belongs_to_that_day_alone(fit: Fit, result: ComparisonResult) -> None:
    at_start = concentrations(GOTI, PATIENT, fit.draws, STOP, [59.0])[:, 0]  # it only falls from here on
    assert result.forecasts[2].days[1].peak.q50 == pytest.approx(float(np.median(at_start)), rel=1e-12)


def test_the_curve_has_a_point_at_each_start_and_end_of_an_infusion(result: ComparisonResult) -> None:
    for k in range(5):
        assert 36.0 + 12 * k in result.forecasts[1].times_h
        assert 37.5 + 12 * k in result.forecasts[1].times_h


def test_probabilities_sum_to_one_and_more_drug_means_more_above(result: ComparisonResult) -> None:
    for forecast in result.forecasts:
        for day in forecast.days:
            assert day.p_in_target + day.p_above + day.p_below == pytest.approx(1.0)
    current, more, stop = (forecast.days[1] for forecast in result.forecasts)
    assert more.p_above > current.p_above >= stop.p_above
    assert more.auc24.q50 > current.auc24.q50 > stop.auc24.q50


def test_hours_to_target_end_the_first_day_with_half_of_the_draws_in_it(result: ComparisonResult) -> None:
    for forecast in result.forecasts:
        reached = [24.0 * (k + 1) for k, day in enumerate(forecast.days) if day.p_in_target >= 0.5]
        assert forecast.hours_to_target == (reached[0] if reached else None)


@pytest.mark.parametrize(("inside", "outside", "hours"), [(1, 1, 24.0), (2, 3, None), (0, 2, None)])
def test_half_of_the_draws_in_the_target_are_enough(fit: Fit, inside: int, outside: int, hours: float | None) -> None:
    typical, slow = np.zeros(3), np.array([-3.0, 0.0, 0.0])
    mixed = replace(fit, draws=np.array([typical] * inside + [slow] * outside))
    plan = Plan("steady", Regimen(1000.0, 12.0, 1.0, 36.0))
    (forecast,) = compare(GOTI, PATIENT, mixed, [plan], target=TARGET, horizon_h=24.0).forecasts
    assert forecast.days[0].p_in_target == pytest.approx(inside / (inside + outside))
    assert forecast.hours_to_target == hours


def test_the_sentence_speaks_of_the_second_day(result: ComparisonResult) -> None:
    forecast = result.forecasts[0]
    day = forecast.days[1]
    assert forecast.sentence.startswith(
        f"{percent(day.p_in_target)} chance of an AUC24 of 400–600 mg·h/L on day 2, "
        f"{percent(day.p_above)} chance above 600"
    )


def test_a_dose_every_48_h_is_judged_over_its_whole_interval(fit: Fit) -> None:
    rare = Plan("rare", Regimen(2000.0, 48.0, 2.0, 36.0))
    (forecast,) = compare(GOTI, PATIENT, fit, [rare], target=TARGET).forecasts
    assert "on average over days 2–3" in forecast.sentence
    two = [forecast.days[1].auc24.q50, forecast.days[2].auc24.q50]
    assert two[1] > 1.2 * two[0]  # one of the two days has the dose
    assert Window.of(Plan("x", Regimen(1000.0, 36.0, 1.0, 0.0))).words == "on average from 24 to 60 h"


def test_the_past_runs_from_the_first_dose_to_the_course_s_end(fit: Fit, result: ComparisonResult) -> None:
    assert (result.past.times_h[0], result.past.times_h[-1]) == (0.0, 35.0)
    column = result.past.times_h.index(23.5)
    at = concentrations(GOTI, PATIENT, fit.draws, None, [23.5])[:, 0]
    assert result.past.quantiles[2][column] == pytest.approx(float(np.median(at)), rel=1e-12)


def test_a_level_that_moves_the_answer_is_named_first(fit: Fit, result: ComparisonResult) -> None:
    moves = [abs(item.after - item.before) for item in result.influences]
    assert moves == sorted(moves, reverse=True)
    said = {(item.what, item.changed) for item in result.influences}
    assert said == {
        ("Level of 11 mg/L at 11.5 h", "left out"),
        ("Level of 14 mg/L at 23.5 h", "left out"),
        ("All levels", "left out"),
        ("The population's spread", "twice as wide"),
        ("Serum creatinine", "20 % higher"),
        ("Serum creatinine", "20 % lower"),
        ("Body weight", "10 % higher"),
        ("Body weight", "10 % lower"),
    }
    for item in result.influences:
        assert item.before == pytest.approx(result.forecasts[0].days[1].auc24.q50, rel=1e-12)


def test_leaving_all_levels_out_is_the_population_s_answer(result: ComparisonResult) -> None:
    prior = individualise(GOTI, course(until=35.0), seed=8, draws=500)
    alone = compare(GOTI, course(until=35.0), prior, [CURRENT], target=TARGET)
    left_out = next(item for item in result.influences if item.what == "All levels")
    assert left_out.after == pytest.approx(alone.forecasts[0].days[1].auc24.q50, rel=1e-12)
    assert left_out.p_in_target_after == alone.forecasts[0].days[1].p_in_target


def test_the_same_fit_gives_the_same_comparison_bit_for_bit(fit: Fit, result: ComparisonResult) -> None:
    assert compare(GOTI, PATIENT, fit, [CURRENT, MORE, STOP], target=TARGET) == result
    alone = compare(GOTI, PATIENT, fit, [MORE], target=TARGET)
    assert alone.forecasts[0] == result.forecasts[1]


def test_a_comparison_survives_storage_bit_for_bit(result: ComparisonResult) -> None:
    stored = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert ComparisonResult.from_json(stored) == result


def test_a_twin_that_cannot_be_made_cannot_forecast() -> None:
    nothing = course(weight=None)
    cannot = individualise(GOTI, nothing, seed=1)
    with pytest.raises(CannotForecastError, match="No body weight"):
        compare(GOTI, nothing, cannot, [CURRENT], target=TARGET)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"plans": []}, "plans is empty"), ({"horizon_h": 12.0}, "horizon_h"), ({"step_h": 0.0}, "step_h")],
)
def test_what_cannot_be_compared_is_refused(fit: Fit, change: dict[str, object], words: str) -> None:
    asked = {"plans": [CURRENT], "target": TARGET, **change}
    with pytest.raises(ValueError, match=words):
        compare(GOTI, PATIENT, fit, **asked)  # type: ignore[arg-type]


def test_a_long_course_is_drawn_on_a_coarser_grid() -> None:
    doses = tuple((12.0 * k, 1000.0, 1.0) for k in range(60))
    patient = course(doses=doses, until=720.0)
    prior = individualise(GOTI, patient, seed=1, draws=20)
    drawn = compare(GOTI, patient, prior, [CURRENT], target=TARGET).past.times_h
    assert 400 < len(drawn) < 540


def test_quantiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=(101, 7))
    assert quantiles(values) == pytest.approx(np.quantile(values, QUANTILES, axis=0), rel=1e-14)
    assert band(values[:1, 0]).q05 == band(values[:1, 0]).q95 == values[0, 0]


def test_the_limits_of_the_target_are_in_it() -> None:
    at = Attainment.of(np.array([399.999, 400.0, 600.0, 600.001]), Target("t", 400.0, 600.0, ""))
    assert (at.p_below, at.p_in_target, at.p_above) == (0.25, 0.5, 0.25)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "under 1 %"), (0.001, "under 1 %"), (0.784, "78 %"), (0.998, "over 99 %"), (1.0, "over 99 %")],
)
def test_percentages_never_claim_more_than_the_draws(share: float, words: str) -> None:
    assert percent(share) == words


def test_bands_come_from_the_draws_of_the_fit(fit: Fit, result: ComparisonResult) -> None:
    narrow = replace(fit, draws=np.repeat(fit.draws[:1], 50, axis=0))
    (forecast,) = compare(GOTI, PATIENT, narrow, [CURRENT], target=TARGET).forecasts
    day = forecast.days[0].auc24
    assert day.q05 == pytest.approx(day.q95, rel=1e-12)
    assert result.forecasts[0].days[0].auc24.q95 > 1.1 * result.forecasts[0].days[0].auc24.q05

"""Outliers and mistimed levels: what was altered in a simulated chart is found and named; a good chart is left be."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories.courses import course
from twins.estimation.evidence import Evidence
from twins.estimation.suspects import OUTLYING, Suspicion, suspects
from twins.pharmacology.formulary import model
from twins.samples.course import Course, Level

THOMSON = model("vancomycin-thomson-2009")
TIMES = (1.75, 11.5, 13.5, 23.5, 35.5, 37.5, 47.5)
DOSES = [(12.0 * k, 1000.0, 1.0) for k in range(4)]
ETAS = np.array([[0.2, -0.1, 0.05, 0.0]])


def chart(
    values: np.ndarray, times: tuple[float, ...] = TIMES, doses: list[tuple[float, float, float]] = DOSES
) -> Course:
    levels = [(time, float(value)) for time, value in zip(times, values, strict=True)]
    return course(doses=doses, levels=levels, until=48.0, dialysis=0.0)


def true_levels(times: tuple[float, ...] = TIMES, doses: list[tuple[float, float, float]] = DOSES) -> np.ndarray:
    """Levels of one patient without error."""
    bare = course(doses=doses, until=60.0, dialysis=0.0)
    return Evidence.of(THOMSON, bare, [Level(time, 1.0) for time in times]).predict(ETAS)[0]


def measured(seed: int = 3) -> np.ndarray:
    """The same with the model's error of half its size."""
    values = true_levels()
    noise = np.random.default_rng(seed).normal(size=values.size)
    return values + 0.5 * noise * np.sqrt(THOMSON.residual.variance(values))


def test_levels_of_one_patient_are_not_suspected() -> None:
    assert suspects(THOMSON, chart(measured())) == ()


def test_a_level_of_another_patient_is_an_outlier_that_no_time_explains() -> None:
    values = measured()
    values[4] = 95.0  # higher than any level after such doses
    found = {one.level.time_h: one for one in suspects(THOMSON, chart(values))}
    assert found[35.5].explanation is Suspicion.OUTLIER
    assert found[35.5].deviation > OUTLYING
    assert "above" in found[35.5].sentence
    assert "check the sample and the doses" in found[35.5].sentence


def test_a_trough_that_was_drawn_after_the_dose_fits_that_later_time() -> None:
    values = measured()
    drawn = tuple(25.25 if time == 23.5 else time for time in TIMES)
    values[3] = true_levels(drawn)[3]
    (found,) = suspects(THOMSON, chart(values))  # and the levels that it drags off are not doubted with it
    assert found.level.time_h == 23.5
    assert found.explanation is Suspicion.LEVEL_TIME
    assert abs(found.deviation_then) < 1.0
    assert found.shift_h == pytest.approx(1.75, abs=1.0)
    assert "later: check when the sample was drawn" in found.sentence


def test_a_peak_that_was_drawn_before_the_dose_fits_an_earlier_time() -> None:
    values = measured()
    drawn = tuple(11.75 if time == 13.5 else time for time in TIMES)
    values[2] = true_levels(drawn)[2]
    found = {one.level.time_h: one for one in suspects(THOMSON, chart(values))}
    assert found[13.5].explanation is Suspicion.LEVEL_TIME
    assert found[13.5].shift_h < 0
    assert "h earlier: check when the sample was drawn" in found[13.5].sentence


def test_a_dose_that_was_given_late_is_named_where_it_explains_more_than_the_levels_time() -> None:
    # The dose charted at 12 h ran from 15 h: the level at 13.5 h is a trough, and no earlier or later time
    # within the hours before the next dose makes it one but that before the charted dose.
    late = [(15.0, 1000.0, 1.0) if start == 12.0 else (start, *rest) for start, *rest in DOSES]  # type: ignore[misc]
    values = measured()
    values[2] = true_levels(doses=late)[2]  # type: ignore[arg-type]
    found = {one.level.time_h: one for one in suspects(THOMSON, chart(values))}
    assert found[13.5].explanation in (Suspicion.DOSE_TIME, Suspicion.LEVEL_TIME)
    assert abs(found[13.5].deviation_then) < OUTLYING


def test_a_dose_that_was_not_given_is_named_where_no_shift_explains_it() -> None:
    sparse, given = [(0.0, 1000.0, 1.0), (40.0, 2000.0, 1.0)], [(0.0, 1000.0, 1.0)]
    times = (2.0, 12.0, 24.0, 47.5)
    values = true_levels(times, given)
    found = {one.level.time_h: one for one in suspects(THOMSON, chart(values, times, sparse))}
    assert found[47.5].explanation is Suspicion.DOSE_NOT_GIVEN
    assert found[47.5].dose is not None
    assert found[47.5].dose.start_h == 40.0
    assert "was not given: check that it was" in found[47.5].sentence


def test_a_lone_level_is_held_against_the_population() -> None:
    bare = course(doses=DOSES, levels=((23.5, 12.0),), until=48.0, dialysis=0.0)
    assert suspects(THOMSON, bare) == ()
    (found,) = suspects(THOMSON, replace(bare, levels=(Level(23.5, 150.0),)))
    assert found.deviation > OUTLYING


def test_good_levels_are_seldom_suspected() -> None:
    # 30 simulated charts of seven levels with the model's own error and between-subject variability.
    source = np.random.default_rng(8)
    bare = course(doses=DOSES, until=60.0, dialysis=0.0)
    evidence = Evidence.of(THOMSON, bare, [Level(time, 1.0) for time in TIMES])
    wrong = 0
    for _ in range(30):
        values = evidence.predict(source.multivariate_normal(np.zeros(4), THOMSON.omega)[None])[0]
        values = values + source.normal(size=values.size) * np.sqrt(THOMSON.residual.variance(values))
        wrong += len(suspects(THOMSON, chart(np.maximum(values, 0.1))))
    assert wrong <= 8  # of 210; 1 in 100 is expected where predictions are normal


def test_the_same_chart_gives_the_same_answer() -> None:
    values = measured()
    values[4] = 95.0
    assert suspects(THOMSON, chart(values)) == suspects(THOMSON, chart(values))

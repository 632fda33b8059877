"""What must hold of linear kinetics whatever the patient and the doses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from twins.quantities.dose import Dose
from twins.solvers import batch, schedule

Array = NDArray[np.float64]

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
TIMES = np.array([0.0, 0.7, 3.0, 8.0, 12.0, 23.9, 24.0, 36.5, 60.0, 96.0])

positive = st.floats(min_value=0.05, max_value=300.0)
rows = st.tuples(st.floats(0.01, 20.0), st.floats(3.0, 200.0), st.floats(0.01, 30.0), st.floats(3.0, 300.0))
doses = st.builds(
    Dose,
    start_h=st.floats(0.0, 60.0),
    amount_mg=st.floats(50.0, 3000.0),
    duration_h=st.one_of(st.just(0.0), st.floats(0.05, 24.0)),
)
regimens = st.lists(doses, min_size=1, max_size=5)


def _run(row: tuple[float, ...], given_doses: list[Dose], times: Array = TIMES) -> batch.Trajectory:
    events = schedule.build(given_doses, np.array([0.0]), times, start_h=min(0.0, float(times[0])))
    return batch.run(np.array([[row]]), events, exposure=True)


def _close(found: Array, expected: Array, scale: float = 1.0) -> None:
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)


@QUICK
@given(rows, regimens, regimens)
def test_doses_given_together_add_up(row: tuple[float, ...], one: list[Dose], other: list[Dose]) -> None:
    both = _run(row, one + other)
    first, second = _run(row, one), _run(row, other)
    _close(both.concentration, first.concentration + second.concentration)
    _close(both.auc, first.auc + second.auc, scale=100.0)


@QUICK
@given(rows, regimens, st.floats(0.1, 10.0))
def test_concentration_is_proportional_to_dose(row: tuple[float, ...], one: list[Dose], factor: float) -> None:
    scaled = [Dose(dose.start_h, dose.amount_mg * factor, dose.duration_h) for dose in one]
    _close(_run(row, scaled).concentration, factor * _run(row, one).concentration)


@QUICK
@given(rows, regimens)
def test_what_was_given_is_in_the_body_or_has_left_it(row: tuple[float, ...], one: list[Dose]) -> None:
    end = 120.0
    run = _run(row, one, np.array([0.0, end]))
    in_body = float(run.state.sum())
    left = row[0] * float(run.auc[0, -1])
    total = sum(dose.amount_mg for dose in one)
    assert in_body + left == pytest.approx(total, rel=1e-9)


@QUICK
@given(rows, regimens, st.floats(-500.0, 5000.0))
def test_the_clock_may_start_anywhere(row: tuple[float, ...], one: list[Dose], shift: float) -> None:
    moved = [Dose(dose.start_h + shift, dose.amount_mg, dose.duration_h) for dose in one]
    events = schedule.build(moved, np.array([shift]), TIMES + shift, start_h=shift)
    later = batch.run(np.array([[row]]), events).concentration
    # Shifted times are rounded, and a concentration moves with its time at most as fast as a bolus decays.
    bounded = [dose for dose in one if dose.duration_h > 0]
    if len(bounded) == len(one):
        assert later == pytest.approx(_run(row, one).concentration, rel=1e-7, abs=1e-6)


@QUICK
@given(rows, doses, st.floats(0.05, 0.95))
def test_an_infusion_may_be_split_in_two(row: tuple[float, ...], dose: Dose, share: float) -> None:
    if dose.duration_h == 0:
        parts = [Dose(dose.start_h, dose.amount_mg * s, 0.0) for s in (share, 1.0 - share)]
    else:
        cut = dose.start_h + share * dose.duration_h
        parts = [
            Dose(dose.start_h, dose.amount_mg * share, cut - dose.start_h),
            Dose(cut, dose.amount_mg * (1.0 - share), dose.end_h - cut),
        ]
    _close(_run(row, parts).concentration, _run(row, [dose]).concentration)


@QUICK
@given(rows, regimens, st.lists(st.floats(0.01, 95.0), max_size=6))
def test_looking_more_often_changes_nothing(row: tuple[float, ...], one: list[Dose], extra: list[float]) -> None:
    more = np.unique(np.concatenate((TIMES, extra)))
    seen = _run(row, one, more)
    columns = np.searchsorted(more, TIMES)
    plain = _run(row, one)
    _close(seen.concentration[:, columns], plain.concentration)
    _close(seen.auc[:, columns], plain.auc, scale=100.0)


@QUICK
@given(st.lists(rows, min_size=2, max_size=40), regimens, st.integers(1, 7))
def test_a_row_is_the_same_bit_for_bit_in_any_batch(many: list[tuple[float, ...]], one: list[Dose], size: int) -> None:
    parameters = np.array(many)[:, None, :]
    events = schedule.build(one, np.array([0.0]), TIMES, start_h=0.0)
    whole = batch.run(parameters, events, exposure=True)
    for start in range(0, len(many), size):
        part = batch.run(parameters[start : start + size], events, exposure=True)
        for name in ("concentration", "auc", "highest", "state"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[start : start + size])


@QUICK
@given(rows, regimens, st.floats(1.0, 90.0))
def test_a_course_may_be_carried_on_from_its_state(row: tuple[float, ...], one: list[Dose], at: float) -> None:
    parameters = np.array([[row]])
    before = batch.run(parameters, schedule.build(one, np.array([0.0]), np.array([0.0, at]), start_h=0.0))
    times = TIMES[at < TIMES]
    after = batch.run(
        parameters, schedule.build(one, np.array([0.0]), times, start_h=at), state=before.state, exposure=True
    )
    whole = _run(row, one, np.concatenate(([0.0, at], times)))
    _close(after.concentration, whole.concentration[:, 2:])
    _close(after.auc, whole.auc[:, 2:] - whole.auc[:, 1:2], scale=1e3)


@QUICK
@given(rows, regimens)
def test_concentrations_are_never_negative_and_the_highest_bounds_them(row: tuple[float, ...], one: list[Dose]) -> None:
    run = _run(row, one)
    assert np.all(run.concentration >= 0)
    assert np.all(np.diff(run.auc) >= 0)
    assert np.all(run.highest >= run.concentration)

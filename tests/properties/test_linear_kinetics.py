"""What must hold of linear kinetics whatever the structure, the patient and the doses."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, SteadyState
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
TIMES = np.array([0.0, 0.7, 3.0, 8.0, 12.0, 23.9, 24.0, 36.5, 60.0, 96.0])

volumes = st.floats(3.0, 300.0)
clearances = st.floats(0.01, 20.0)
# Absorption rates are drawn as shares of elimination too, so that the two often meet.
absorptions = st.one_of(st.floats(0.02, 6.0), st.just(-1.0))
doses = st.builds(
    Dose,
    start_h=st.floats(0.0, 60.0),
    amount_mg=st.floats(50.0, 3000.0),
    duration_h=st.one_of(st.just(0.0), st.floats(0.05, 24.0)),
    into=st.sampled_from(["central", "central", "depot"]),
)
regimens = st.lists(doses, min_size=1, max_size=5)
Row = tuple[int, list[float]]


@st.composite
def rows(draw: Any) -> Row:
    """How many compartments, and the parameters of a system with a depot."""
    count = draw(st.integers(1, 3))
    row = [draw(st.one_of(clearances, volumes) if k % 2 else clearances) for k in range(2 * count)]
    row[1::2] = [draw(volumes) for _ in range(count)]
    ka = draw(absorptions)
    return count, [*row, row[0] / row[1] if ka < 0.0 else ka]


def _run(row: Row, given_doses: list[Dose], times: Array = TIMES, **options: Any) -> Trajectory:
    count, parameters = row
    system = compartments(count, oral=True)
    start = options.pop("start_h", min(0.0, float(times[0])))
    line = Timeline(tabulate(system, given_doses), [0.0], times, start_h=start)
    return solve(system, np.array([[parameters]]), line, exposure=True, **options)


def _close(found: Array, expected: Array, scale: float = 1.0) -> None:
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)


@QUICK
@given(rows(), regimens, regimens)
def test_doses_given_together_add_up(row: Row, one: list[Dose], other: list[Dose]) -> None:
    both = _run(row, one + other)
    first, second = _run(row, one), _run(row, other)
    _close(both.concentration, first.concentration + second.concentration)
    _close(both.auc, first.auc + second.auc, scale=100.0)


@QUICK
@given(rows(), regimens, st.floats(0.1, 10.0))
def test_concentration_is_proportional_to_dose(row: Row, one: list[Dose], factor: float) -> None:
    scaled = [replace(dose, amount_mg=dose.amount_mg * factor) for dose in one]
    _close(_run(row, scaled).concentration, factor * _run(row, one).concentration)
    _close(_run(row, scaled).highest, factor * _run(row, one).highest)


@QUICK
@given(rows(), regimens)
def test_what_was_given_is_in_the_body_or_has_left_it(row: Row, one: list[Dose]) -> None:
    run = _run(row, one, np.array([0.0, 120.0]))
    in_body = float(run.state.sum())
    left = row[1][0] * float(run.auc[0, -1])
    assert in_body + left == pytest.approx(sum(dose.amount_mg for dose in one), rel=1e-9)


@QUICK
@given(rows(), st.lists(doses, min_size=1, max_size=5), st.floats(-500.0, 5000.0))
def test_the_clock_may_start_anywhere(row: Row, one: list[Dose], shift: float) -> None:
    # Shifted times are rounded, and only an infusion's concentration moves with its time as slowly as that.
    one = [replace(dose, duration_h=max(dose.duration_h, 0.05)) for dose in one]
    moved = [replace(dose, start_h=dose.start_h + shift) for dose in one]
    later = _run(row, moved, TIMES + shift, start_h=shift)
    assert later.concentration == pytest.approx(_run(row, one).concentration, rel=1e-7, abs=1e-6)


@QUICK
@given(rows(), doses, st.floats(0.05, 0.95))
def test_an_infusion_may_be_split_in_two(row: Row, dose: Dose, share: float) -> None:
    if dose.duration_h == 0:
        parts = [replace(dose, amount_mg=dose.amount_mg * s) for s in (share, 1.0 - share)]
    else:
        cut = dose.start_h + share * dose.duration_h
        parts = [
            replace(dose, amount_mg=dose.amount_mg * share, duration_h=cut - dose.start_h),
            replace(dose, start_h=cut, amount_mg=dose.amount_mg * (1.0 - share), duration_h=dose.end_h - cut),
        ]
    _close(_run(row, parts).concentration, _run(row, [dose]).concentration)


@QUICK
@given(rows(), regimens, st.lists(st.floats(0.01, 95.0), max_size=6))
def test_looking_more_often_changes_nothing(row: Row, one: list[Dose], extra: list[float]) -> None:
    more = np.unique(np.concatenate((TIMES, extra)))
    seen = _run(row, one, more)
    columns = np.searchsorted(more, TIMES)
    plain = _run(row, one)
    _close(seen.concentration[:, columns], plain.concentration)
    _close(seen.auc[:, columns], plain.auc, scale=100.0)
    _close(seen.highest.max(), plain.highest.max())


@QUICK
@given(st.integers(1, 3), st.lists(st.floats(-1.5, 1.5), min_size=7, max_size=7), st.integers(2, 40), regimens)
def test_a_row_is_the_same_bit_for_bit_in_any_batch(
    count: int, spread: list[float], size: int, one: list[Dose]
) -> None:
    system = compartments(count, oral=True)
    typical = np.array([*[4.0, 50.0, 6.0, 40.0, 1.3, 200.0][: 2 * count], 0.9])
    steps = np.linspace(-1.0, 1.0, 41)[:, None, None]
    parameters = typical * np.exp(steps * np.array(spread)[: 2 * count + 1])
    line = Timeline(tabulate(system, one), [0.0], TIMES, start_h=0.0)
    whole = solve(system, parameters, line, exposure=True)
    for start in range(0, 41, size):
        part = solve(system, parameters[start : start + size], line, exposure=True)
        for name in ("concentration", "auc", "highest", "state"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[start : start + size])


@QUICK
@given(rows(), regimens, st.floats(1.0, 90.0))
def test_a_course_may_be_carried_on_from_its_state(row: Row, one: list[Dose], at: float) -> None:
    before = _run(row, one, np.array([0.0, at]))
    times = TIMES[at < TIMES]
    after = _run(row, one, times, start_h=at, state=before.state)
    whole = _run(row, one, np.concatenate(([0.0, at], times)))
    _close(after.concentration, whole.concentration[:, 2:])
    _close(after.auc, whole.auc[:, 2:] - whole.auc[:, 1:2], scale=1e3)


@QUICK
@given(rows(), regimens)
def test_concentrations_are_never_negative_and_the_highest_bounds_them(row: Row, one: list[Dose]) -> None:
    run = _run(row, one)
    assert np.all(run.concentration >= 0)
    assert np.all(np.diff(run.auc) >= 0)
    assert np.all(run.highest >= run.concentration)


@QUICK
@given(rows(), doses, st.integers(1, 9), st.floats(2.0, 36.0))
def test_a_series_is_its_doses_one_by_one(row: Row, dose: Dose, more: int, interval: float) -> None:
    series = replace(dose, interval_h=interval, additional=more)
    written = [replace(dose, start_h=dose.start_h + k * interval) for k in range(more + 1)]
    _close(_run(row, [series]).concentration, _run(row, written).concentration)


@QUICK
@given(rows(), doses, st.floats(4.0, 36.0))
def test_a_steady_state_repeats_itself(row: Row, dose: Dose, interval: float) -> None:
    dose = replace(dose, interval_h=interval, steady_state=SteadyState.REPLACES, additional=2)
    times = dose.start_h + np.array([0.0, interval, 2.0 * interval])
    run = _run(row, [dose], times, start_h=dose.start_h)
    assert run.concentration[0, 1:] == pytest.approx(run.concentration[0, 0], rel=1e-8, abs=1e-9)
    # What leaves the body in an interval is what is given in one.
    assert row[1][0] * np.diff(run.auc[0]) == pytest.approx(dose.amount_mg, rel=1e-7)

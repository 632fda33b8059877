"""What windows of a curve amount to, against the curve looked at closely."""

import numpy as np
import pytest

from twins.pharmacology.structure import compartments
from twins.quantities.dose import Dose, Route
from twins.solvers.measure import measure
from twins.solvers.solve import SolveError, solve
from twins.solvers.timeline import Timeline, tabulate

EDGES = np.array([0.0, 12.0, 24.0, 47.0])


@pytest.mark.parametrize("oral", [False, True])
def test_windows_agree_with_the_curve_looked_at_closely(oral: bool) -> None:
    system = compartments(2, oral=oral, lag=oral)
    rows = np.array([4.0, 50.0, 6.0, 40.0, 0.9, 0.7][: 6 if oral else 4]) * np.exp(
        np.random.default_rng(1).normal(0.0, 0.4, (40, 1, 6 if oral else 4))
    )
    if oral:
        doses = [Dose(10.0 * k, 300.0, route=Route.ORAL) for k in range(4)]
    else:
        doses = [Dose(10.0 * k, 300.0, (0.0, 2.0)[k % 2]) for k in range(4)]
    table = tabulate(system, doses)
    found = measure(system, rows, Timeline(table, [0.0], []), EDGES, threshold=3.0, low=2.0, high=4.0, threads=2)

    # Just after each dose too, where a bolus jumps.
    grid = np.unique(np.concatenate((np.linspace(0.0, 47.0, 18_801), [np.nextafter(10.0 * k, 99) for k in range(5)])))
    run = solve(system, rows, Timeline(table, [0.0], grid), exposure=True)
    assert found.last == pytest.approx(run.concentration[:, np.searchsorted(grid, EDGES[1:])], rel=1e-10)
    middle, step = 0.5 * (run.concentration[:, 1:] + run.concentration[:, :-1]), np.diff(grid)
    for window in range(3):
        first, last = np.searchsorted(grid, EDGES[window : window + 2])
        assert found.auc[:, window] == pytest.approx(run.auc[:, last] - run.auc[:, first], rel=1e-9)
        assert found.highest[:, window] == pytest.approx(run.highest[:, first + 1 : last + 1].max(axis=1), rel=1e-9)
        inside = slice(first, last)
        for hours, low, high in ((found.hours_above, 3.0, np.inf), (found.hours_within, 2.0, 4.0)):
            between = (middle[:, inside] > low) & (middle[:, inside] <= high)
            assert hours[:, window] == pytest.approx(between @ step[inside], abs=0.011)
        if not oral:
            values = run.concentration[:, first + 1 : last + 1]
            assert found.lowest[:, window] == pytest.approx(values.min(axis=1), rel=1e-4)


def test_a_row_measures_the_same_in_any_batch() -> None:
    system = compartments(1, oral=True)
    rows = np.array([4.0, 50.0, 0.9]) * np.exp(np.random.default_rng(3).normal(0.0, 0.5, (70, 1, 3)))
    line = Timeline(tabulate(system, [Dose(8.0 * k, 100.0, route=Route.ORAL) for k in range(6)]), [0.0], [])
    whole = measure(system, rows, line, EDGES, threshold=1.0)
    for first, last in ((0, 1), (5, 37), (32, 70)):
        part = measure(system, rows[first:last], line, EDGES, threshold=1.0)
        for name in ("auc", "highest", "lowest", "last", "hours_above"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[first:last])


def test_edges_and_levels_that_make_no_sense_are_refused() -> None:
    system = compartments(1)
    line = Timeline(tabulate(system, [Dose(5.0, 1.0)]), [0.0], [])
    with pytest.raises(SolveError, match="edges_h must hold at least two times and ascend"):
        measure(system, [[[1.0, 1.0]]], line, [3.0])
    with pytest.raises(SolveError, match=r"edges_h begin at 1.0 h, before the timeline at 5.0 h"):
        measure(system, [[[1.0, 1.0]]], line, [1.0, 8.0])
    with pytest.raises(SolveError, match="low and high go together"):
        measure(system, [[[1.0, 1.0]]], line, [5.0, 8.0], low=1.0)

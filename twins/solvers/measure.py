"""`measure`: what each row's curve amounts to over windows of time, without keeping the curve."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.schedule import DURATION, START, expand
from twins.solvers.solve import SolveError, checked, checked_state, engine, solve
from twins.solvers.system import Method, System
from twins.solvers.timeline import Timeline

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_CHUNK = 512  # rows whose curves are kept at a time where a method cannot do without


@dataclass(frozen=True, slots=True)
class Measures:
    """What the output of exposure amounts to in each window [edge, next edge); arrays of shape (n, windows).

    Attributes
    ----------
    auc : ndarray
        Exact, unit·h.
    highest, lowest : ndarray
        Over the window; a dose given at its end does not count, one given at its start does. For closed forms the
        highest is the curve's own, wherever it lies between events; the lowest is that of all events and output times.
    last : ndarray
        At the window's end, just before what is given then.
    hours_above : ndarray
        Hours above the threshold; not a number where none was given.
    hours_within : ndarray
        Hours from `low` to `high`; not a number where they were not given.
    failed : ndarray of int, shape (n,)
        0, or a `Failure`; a failed row's values are not a number.
    """

    auc: Array
    highest: Array
    lowest: Array
    last: Array
    hours_above: Array
    hours_within: Array
    failed: Integers


def measure(
    system: System,
    parameters: ArrayLike,
    timeline: Timeline,
    edges_h: ArrayLike,
    *,
    state: ArrayLike | None = None,
    threshold: float | None = None,
    low: float | None = None,
    high: float | None = None,
    method: Method = Method.AUTOMATIC,
    rtol: float = 1e-8,
    atol: float = 1e-10,
    threads: int = 1,
) -> Measures:
    """Carry every row through a timeline and keep only what each window amounts to.

    Parameters
    ----------
    parameters, state, method, rtol, atol, threads
        As for `solve.solve`.
    timeline
        Its output times are where the curve is looked at besides its events; where it crosses a threshold between two
        of them is taken from the straight line of its logarithm. None are needed for AUC, highest and last value.
    edges_h : array_like, shape (windows + 1,)
        Ascending; at least two, none before the timeline's start.
    threshold, low, high
        In that output's unit.

    Raises
    ------
    SolveError
        If the edges do not ascend, or as `solve.solve` says.
    """
    edges = np.ascontiguousarray(edges_h, dtype=np.float64)
    if edges.ndim != 1 or edges.size < 2 or not np.all(np.diff(edges) > 0.0) or not np.all(np.isfinite(edges)):
        raise SolveError("edges_h must hold at least two times and ascend strictly")
    if edges[0] < timeline.begin_h:
        raise SolveError(
            f"edges_h begin at {edges[0]} h, before the timeline at {timeline.begin_h} h; leave out the earlier windows"
        )
    if (low is None) != (high is None):
        raise SolveError("low and high go together; give both or neither")
    levels = np.array([np.nan if value is None else float(value) for value in (threshold, low, high)])
    table = checked(system, parameters, timeline)
    begun = checked_state(system, state, table.shape[0])
    module = engine(system, method)
    if hasattr(module, "measure"):
        return module.measure(system, table, timeline, edges, levels, state=begun, threads=threads)  # type: ignore[no-any-return]
    found = [np.empty((table.shape[0], edges.size - 1)) for _ in range(6)]
    failed = np.zeros(table.shape[0], dtype=np.int64)
    times, columns = _looks(timeline, edges)
    looked = replace(timeline, times_h=times)
    how: dict[str, Any] = {"method": method, "rtol": rtol, "atol": atol, "threads": threads}
    for first in range(0, table.shape[0], _CHUNK):
        part = slice(first, first + _CHUNK)
        run = solve(
            system,
            table[part],
            looked,
            state=None if begun is None else begun[part],
            exposure=True,
            outputs=(system.outputs[system.exposed].name,),
            **how,
        )
        failed[part] = run.failed
        _reduce(times, columns, levels, run.concentration, run.auc, run.highest, *(array[part] for array in found))
    auc, highest, lowest, last, above, within = found
    return Measures(auc, highest, lowest, last, above, within, failed)


def _looks(timeline: Timeline, edges: Array) -> tuple[Array, Integers]:
    """Where to look at the curve: given times, edges, and just after each dose and edge; and the edges' columns."""
    doses = expand(timeline.doses, float(edges[-1]))
    turns = np.concatenate((doses[:, START], doses[:, START] + doses[:, DURATION], edges))
    times = np.unique(np.concatenate((timeline.times_h, turns, np.nextafter(turns, np.inf))))
    times = times[(times >= timeline.begin_h) & (times <= edges[-1])]
    return times, np.searchsorted(times, edges).astype(np.int64)


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _reduce(
    times_h: Array,
    edges: Integers,
    levels: Array,
    values: Array,
    auc: Array,
    highest: Array,
    window_auc: Array,
    window_highest: Array,
    window_lowest: Array,
    window_last: Array,
    above: Array,
    within: Array,
) -> None:
    """Windows of whole curves; `edges` are columns, the one after each begins its window."""
    hours = np.empty(3)
    for row in range(values.shape[0]):
        for window in range(edges.size - 1):
            first, last = edges[window] + 1, edges[window + 1]
            window_auc[row, window] = auc[row, last] - auc[row, first - 1]
            window_last[row, window] = values[row, last]
            top, bottom = values[row, first], values[row, first]
            hours[:] = 0.0
            for j in range(first, last + 1):
                top = max(top, highest[row, j])
                bottom = min(bottom, values[row, j])
                if j > first:
                    for k in range(3):
                        hours[k] += hours_above(
                            values[row, j - 1], values[row, j], times_h[j] - times_h[j - 1], levels[k]
                        )
            failed = np.isnan(values[row, last])
            window_highest[row, window] = np.nan if failed else top
            window_lowest[row, window] = np.nan if failed else bottom
            above[row, window] = np.nan if failed or np.isnan(levels[0]) else hours[0]
            within[row, window] = np.nan if failed or np.isnan(levels[1]) else hours[1] - hours[2]


@njit(cache=True, fastmath=CONTRACT)
def hours_above(before: float, after: float, hours: float, level: float) -> float:
    """How long a curve that is straight in its logarithm lies above a level."""
    if before > level and after > level:
        return hours
    if not (before > level or after > level):
        return 0.0
    low, high = min(before, after), max(before, after)
    if low > 0.0 and level > 0.0:
        return hours * (math.log(high / level) / math.log(high / low))
    return hours * ((high - level) / (high - low))

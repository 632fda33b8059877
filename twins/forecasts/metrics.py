"""Exposure metrics: what of a concentration's course a target, or a reader, asks for; one number a draw and window.

A window is half-open, [from, to): a dose at its start belongs to it, one at its end to the next. With C the output (the
first unless said otherwise, in its own unit), u the fraction unbound and a window of L hours:

=============  =========================================================================================
AUC24          24/L times the area under u·C over the window: of one day, or a day's share of a long interval
AUC            area under u·C over the window, times `Target.window_h`/L where the window is another than the target's
trough         u·C just before the last dose due in (from, to], or at the window's end where none is due
peak           highest u·C in the window; a bolus counts from its own moment on
average        area under u·C over the window, divided by L
time above     share of the window in which u·C lies above the threshold (fT>MIC)
time in range  share of the window in which u·C lies from `low` to `high`
AUC24 over MIC AUC24 divided by the threshold
effect         the output at the window's end
=============  =========================================================================================

Areas and extremes of any output come from the solver (`twins.solvers.measure`), not from a grid; where it crosses a
threshold is found between looks a quarter of an hour apart at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.forecasts.simulate import Pieces, Present
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Metric, Target
from twins.solvers.system import Equations

Array = NDArray[np.float64]

DAY_H = 24.0
_ALL = 1.0 - 1e-9
"""A share above this is all of the time: what is missing is the rounding of a sum of hours."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The target's metric, shape (n, windows); of time in range also the share of the time above the range."""

    each: Array
    above: Array | None = None


def measured(present: Present, plan: Plan | None, target: Target, windows: Sequence[tuple[float, float]]) -> Measured:
    """The metric of `target` for each draw in each window, hours since the course's start, from its end on.

    Raises
    ------
    ValueError
        If a window is empty or begins before the course's end, or the model has no output of the target's name.
    """
    check(present, windows)
    troughs = [trough_h(plan, start, end) for start, end in windows]
    marks = troughs if target.metric is Metric.TROUGH else []
    edges = np.unique(np.array([*marks, *(edge for window in windows for edge in window)]))
    pieces = in_pieces(present, plan, target, edges)
    columns = [_metric(pieces, edges, target, window, mark) for window, mark in zip(windows, troughs, strict=True)]
    values = np.column_stack([column.each for column in columns])
    if target.metric is Metric.TIME_IN_RANGE:
        return Measured(values, np.column_stack([column.above for column in columns if column.above is not None]))
    return Measured(values)


def check(present: Present, windows: Sequence[tuple[float, float]]) -> None:
    """Refuse windows that nothing can be measured in."""
    if not windows:
        raise ValueError("windows are empty; give at least one (from, to) in hours since the course's start")
    for start, end in windows:
        if not end > start:
            raise ValueError(f"the window from {start:g} to {end:g} h is empty; its end must lie after its start")
        if start < present.course.until_h - 1e-9:
            raise ValueError(
                f"the window from {start:g} h begins before the course's end at {present.course.until_h:g} h; "
                "exposure is measured from there on"
            )


def trough_h(plan: Plan | None, start_h: float, end_h: float) -> float:
    """When the trough of the window is read: at its last dose due in (start, end], or at its end."""
    due = [dose.start_h for dose in plan.regimen.doses(end_h + 1e-6)] if plan and plan.regimen else []
    inside = [time for time in due if start_h < time <= end_h]
    return inside[-1] if inside else end_h


def in_pieces(present: Present, plan: Plan | None, target: Target, edges_h: Array) -> Pieces:
    """What each stretch between two ascending edges holds, in the output's own unit."""
    outputs = [output.name for output in present.model.system.outputs]
    if target.output and target.output not in outputs:
        raise ValueError(f"{present.model.title} has no output {target.output!r}; give one of {', '.join(outputs)}")
    lower = upper = None
    if target.metric is Metric.TIME_ABOVE:
        lower = target.threshold / target.unbound
    elif target.metric is Metric.TIME_IN_RANGE:
        lower, upper = target.low / target.unbound, target.high / target.unbound
    number = outputs.index(target.output) if target.output else 0
    stepped = number > 0 or isinstance(present.model.system.equations, Equations)
    if stepped and target.metric in (Metric.EFFECT, Metric.TROUGH):
        return present.at_edges(plan, edges_h, number)
    return present.measure(plan, edges_h, lower=lower, upper=upper, output=number)


def _metric(pieces: Pieces, edges: Array, target: Target, window: tuple[float, float], trough: float) -> Measured:
    start, end = window
    first, last = int(np.searchsorted(edges, start)), int(np.searchsorted(edges, end))
    length = end - start
    within = slice(first, last)
    metric = target.metric
    if metric is Metric.TROUGH:
        return Measured(target.unbound * pieces.at_end[:, int(np.searchsorted(edges, trough)) - 1])
    if metric is Metric.PEAK:
        return Measured(target.unbound * np.max(pieces.highest[:, within], axis=1))
    if metric is Metric.EFFECT:
        return Measured(target.unbound * pieces.at_end[:, last - 1])
    if metric in (Metric.TIME_ABOVE, Metric.TIME_IN_RANGE):
        whole = 100.0 if target.unit == "%" else 1.0
        if metric is Metric.TIME_ABOVE:
            share = summed(pieces.above_h[:, within]) / length
            return Measured(whole * np.where(share > _ALL, 1.0, share))
        over = summed(pieces.over_h[:, within])
        return Measured(whole / length * (summed(pieces.above_h[:, within]) - over), over / length)
    area = target.unbound * summed(pieces.auc[:, within])
    if metric is Metric.AUC24:
        return Measured(area * (DAY_H / length))
    if metric is Metric.AUC:
        return Measured(area * (target.window_h / length))
    if metric is Metric.RATIO:
        return Measured(area * (DAY_H / length) / target.threshold)
    return Measured(area / length)


def summed(columns: Array) -> Array:
    """Sum of the columns, from the left: the same digits whatever the number of rows; shape (n,)."""
    total = np.zeros(columns.shape[0])
    for column in range(columns.shape[1]):
        total = total + columns[:, column]
    return total

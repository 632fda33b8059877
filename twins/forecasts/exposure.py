"""What a plan gives: AUC24, peak and trough of each day, and how its draws lie to a target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.forecasts.forecast import QUANTILES, Band, DayExposure
from twins.forecasts.metrics import DAY_H, Measured, measured, trough_h
from twins.forecasts.simulate import Present
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import Sentence
from twins.solvers.trajectory import Trajectory

__all__ = ["DAY_H", "Attainment", "Window", "attained", "band", "days", "event_times", "over_window", "quantiles"]

Array = NDArray[np.float64]

_ON_DAY_2 = Sentence("on day 2")
_OVER_DAYS, _ON_DAYS = Sentence("on average over days 2–{last:g}"), Sentence("on days 2–{last:g}")
_AVERAGED = Sentence("on average from {begin:g} to {end:g} h")
_FROM_TO = Sentence("from {begin:g} to {end:g} h")
WINDOWS = (_ON_DAY_2, _OVER_DAYS, _ON_DAYS, _AVERAGED, _FROM_TO)
"""How `Window.said` says when."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of a plan that its sentence speaks of, hours from the course's end.

    From the second day on, since the first still carries what was given before; one day long, or one dosing interval
    where that is longer, so that a dose every 48 h is judged by its average and not by the day without a dose. An area
    over a window of its own is taken from the course's end; an effect on the last day of the target's window.
    """

    from_h: float
    to_h: float

    @classmethod
    def of(cls, plan: Plan, target: Target | None = None) -> "Window":
        metric = Metric.AUC24 if target is None else target.metric
        if target is not None and metric is Metric.AUC:
            return cls(0.0, target.window_h)
        if target is not None and metric is Metric.EFFECT:
            return cls(max(0.0, target.window_h - DAY_H), target.window_h)
        interval = plan.regimen.interval_h if plan.regimen else DAY_H
        return cls(DAY_H, DAY_H + max(DAY_H, interval))

    @property
    def words(self) -> str:
        return self.said(averaged=True)

    def said(self, *, averaged: bool) -> str:
        """When, in words, of what is averaged over the window or is not."""
        if self.to_h == 2 * DAY_H and self.from_h == DAY_H:
            return _ON_DAY_2()
        if self.from_h == DAY_H and self.to_h % DAY_H == 0:
            return (_OVER_DAYS if averaged else _ON_DAYS)(last=self.to_h / DAY_H)
        return (_AVERAGED if averaged else _FROM_TO)(begin=self.from_h, end=self.to_h)

    def at(self, now_h: float) -> tuple[float, float]:
        """In hours since the course's start."""
        return now_h + self.from_h, now_h + self.to_h


@dataclass(frozen=True, slots=True)
class Attainment:
    """The target's metric of each draw over a window, and how the draws lie to the target.

    For time in range the chances are those of one moment of the window and one draw together.
    """

    values: Array
    p_in_target: float
    p_above: float
    p_below: float

    @classmethod
    def of(cls, values: Array, target: Target) -> "Attainment":
        count = values.size
        above = int(np.count_nonzero(values > target.high))
        below = int(np.count_nonzero(values < target.low))
        return cls(values, (count - above - below) / count, above / count, below / count)


def attained(found: Measured, target: Target) -> tuple[Attainment, ...]:
    """How the draws lie to the target in each window of `found`."""
    columns = range(found.each.shape[1])
    if found.above is None:
        return tuple(Attainment.of(np.ascontiguousarray(found.each[:, k]), target) for k in columns)
    whole = 100.0 if target.unit == "%" else 1.0
    said = []
    for k in columns:
        inside = float(np.mean(found.each[:, k])) / whole
        above = float(np.mean(found.above[:, k]))
        values = np.ascontiguousarray(found.each[:, k])
        said.append(Attainment(values, inside, above, max(0.0, 1.0 - inside - above)))
    return tuple(said)


def quantiles(values: Array) -> Array:
    """`QUANTILES` over the rows (draws) of each column, linear between order statistics; shape (5, columns)."""
    ordered = np.sort(values, axis=0)
    place = np.array(QUANTILES) * (ordered.shape[0] - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, ordered.shape[0] - 1)
    share = (place - low).reshape((-1,) + (1,) * (ordered.ndim - 1))
    return np.asarray(ordered[low] + share * (ordered[high] - ordered[low]))


def band(values: Array) -> Band:
    """Quantiles of one number over the draws, shape (n,)."""
    return Band(*(float(value) for value in quantiles(values)))


def event_times(present: Present, plan: Plan, from_h: float, to_h: float) -> Array:
    """Starts and ends of infusions in [from_h, to_h], where the concentration turns; hours since the course's start."""
    doses = list(present.course.doses)
    if plan.regimen is not None:
        doses += plan.regimen.doses(to_h)
    times = np.array([time for dose in doses for time in (dose.start_h, dose.end_h)])
    return np.unique(times[(times >= from_h) & (times <= to_h)]) if times.size else times


def over_window(present: Present, plan: Plan, target: Target, window: Window | None = None) -> Attainment:
    """Exposure over a window of hours from the course's end, by default the one that the plan's sentence speaks of."""
    return over_windows(present, plan, target, [window or Window.of(plan, target)])[0]


def over_windows(present: Present, plan: Plan, target: Target, windows: Sequence[Window]) -> tuple[Attainment, ...]:
    """`over_window` of several windows in one run."""
    now = present.course.until_h
    return attained(measured(present, plan, target, [window.at(now) for window in windows]), target)


def days(
    present: Present, run: Trajectory, times_h: Array, plan: Plan, horizon_h: float, target: Target
) -> tuple[DayExposure, ...]:
    """One entry for each whole day [from, to) of the horizon; `times_h` must hold every edge.

    The trough is the concentration just before the last dose due in (from, to], or at the day's end when none is due.
    """
    now = present.course.until_h
    windows = [(now + k * DAY_H, now + (k + 1) * DAY_H) for k in range(int(horizon_h // DAY_H))]
    others: tuple[Attainment, ...] = ()
    if target.metric is not Metric.AUC24 or target.output or target.unbound != 1.0:
        others = attained(measured(present, plan, target, windows), target)
    found = []
    for number, (start, end) in enumerate(windows):
        first, last = int(np.searchsorted(times_h, start)), int(np.searchsorted(times_h, end))
        auc24 = run.auc[:, last] - run.auc[:, first]
        lies = others[number] if others else Attainment.of(auc24, target)
        trough = int(np.searchsorted(times_h, trough_h(plan, start, end)))
        found.append(
            DayExposure(
                from_h=start,
                to_h=end,
                auc24=band(auc24),
                peak=band(np.max(run.highest[:, first + 1 : last + 1], axis=1)),
                trough=band(run.concentration[:, trough]),
                p_in_target=lies.p_in_target,
                p_above=lies.p_above,
                p_below=lies.p_below,
                value=band(lies.values) if others else None,
            )
        )
    return tuple(found)

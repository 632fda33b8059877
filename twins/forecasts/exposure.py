"""What a plan gives: AUC24, peak and trough of each day, and the window that one sentence can speak of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.forecasts.forecast import QUANTILES, Band, DayExposure
from twins.forecasts.simulate import Present
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.solvers.batch import Trajectory

Array = NDArray[np.float64]

DAY_H = 24.0


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of a plan that its sentence speaks of, hours from the course's end.

    From the second day on, since the first still carries what was given before; one day long, or one dosing interval
    where that is longer, so that a dose every 48 h is judged by its average and not by the day without a dose.
    """

    from_h: float
    to_h: float

    @classmethod
    def of(cls, plan: Plan) -> "Window":
        interval = plan.regimen.interval_h if plan.regimen else DAY_H
        return cls(DAY_H, DAY_H + max(DAY_H, interval))

    @property
    def words(self) -> str:
        if self.to_h == 2 * DAY_H:
            return "on day 2"
        if self.to_h % DAY_H == 0:
            return f"on average over days 2–{self.to_h / DAY_H:g}"
        return f"on average from {self.from_h:g} to {self.to_h:g} h"


@dataclass(frozen=True, slots=True)
class Attainment:
    """AUC24 (mg·h/L) of each draw over a window, and how the draws lie to the target."""

    auc24: Array
    p_in_target: float
    p_above: float
    p_below: float

    @classmethod
    def of(cls, auc24: Array, target: Target) -> "Attainment":
        count = auc24.size
        above = int(np.count_nonzero(auc24 > target.high))
        below = int(np.count_nonzero(auc24 < target.low))
        return cls(auc24, (count - above - below) / count, above / count, below / count)


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
    window = window or Window.of(plan)
    now = present.course.until_h
    times = now + np.array([window.from_h, window.to_h])
    run = present.follow(plan, times)
    return Attainment.of((run.auc[:, 1] - run.auc[:, 0]) * (DAY_H / (window.to_h - window.from_h)), target)


def days(
    run: Trajectory, times_h: Array, plan: Plan, as_of_h: float, horizon_h: float, target: Target
) -> tuple[DayExposure, ...]:
    """One entry for each whole day [from, to) of the horizon; `times_h` must hold every edge.

    The trough is the concentration just before the last dose due in (from, to], or at the day's end when none is due.
    """
    found = []
    for number in range(int(horizon_h // DAY_H)):
        start, end = as_of_h + number * DAY_H, as_of_h + (number + 1) * DAY_H
        first, last = int(np.searchsorted(times_h, start)), int(np.searchsorted(times_h, end))
        auc = Attainment.of(run.auc[:, last] - run.auc[:, first], target)
        found.append(
            DayExposure(
                from_h=start,
                to_h=end,
                auc24=band(auc.auc24),
                peak=band(np.max(run.highest[:, first + 1 : last + 1], axis=1)),
                trough=band(run.concentration[:, _trough_column(plan, times_h, start, end)]),
                p_in_target=auc.p_in_target,
                p_above=auc.p_above,
                p_below=auc.p_below,
            )
        )
    return tuple(found)


def _trough_column(plan: Plan, times_h: Array, start_h: float, end_h: float) -> int:
    due = [dose.start_h for dose in plan.regimen.doses(end_h + 1e-6)] if plan.regimen else []
    inside = [time for time in due if start_h < time <= end_h]
    return int(np.searchsorted(times_h, inside[-1] if inside else end_h))

"""What the patient's timeline shows, as plain values: hours since its start, and where each point leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from clinic.charts.palette import INK, Marker
from twins.forecasts.forecast import PastFit, PlanForecast

GAP_H: Final = 6.0
"""Vital signs further apart than this, h, are shown as a gap: wards take them at least that often."""
DENSE_GAP_H: Final = 0.5
"""Between stretches in which a device recorded all the time, this is a gap already."""
DENSE_STEPS: Final = 15.0
"""So many steps of such a device are missing before it is called a gap."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One value at one time. `used` is False for one that was left out; `href` leads to the record."""

    hour: float
    value: float
    used: bool = True
    href: str = ""
    name: str = ""
    """What a screen reader says of the point."""


@dataclass(frozen=True, slots=True)
class Due:
    """A dose that was ordered for a time; `missed` where none was given for it.

    `href` leads to the order; a dose that only a forecast plans has none.
    """

    hour: float
    amount_mg: float
    missed: bool = False
    href: str = ""
    name: str = ""
    """What a screen reader says of the point."""


@dataclass(frozen=True, slots=True)
class BinMark:
    """What was measured in one stretch of time; lowest, median and highest are equal for a single value."""

    hour: float
    low: float
    median: float
    high: float
    first_h: float
    last_h: float
    count: int = 1
    href: str = ""
    name: str = ""

    @property
    def step_h(self) -> float | None:
        """The mean distance of its values; None of too few."""
        return (self.last_h - self.first_h) / (self.count - 1) if self.count >= 3 else None


@dataclass(frozen=True, slots=True)
class Trace:
    """One series of a vital sign; `more` are values that somebody questioned, which no bin holds."""

    label: str
    bins: tuple[BinMark, ...]
    colour: str = INK
    marker: Marker = Marker.CIRCLE
    more: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class VitalPanel:
    title: str
    traces: tuple[Trace, ...]
    least_span: float


@dataclass(frozen=True, slots=True)
class Steps:
    """Values that hold until the next: creatinine, weight, what the twin reads of the kidneys.

    `notes` are words over stretches of time: (from, to, words).
    """

    title: str
    marks: tuple[Mark, ...]
    least_span: float
    line: tuple[tuple[float, float], ...] = ()
    """(hour, value) from which on a value holds, where it is not the marks themselves."""
    line_label: str = ""
    notes: tuple[tuple[float, float, str], ...] = ()
    from_zero: bool = True
    joined: bool = True
    """Whether the marks carry the line."""
    marker: Marker = Marker.SQUARE


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the chart shows; hours since `start`."""

    start: datetime
    low_h: float
    high_h: float
    as_of_h: float | None = None
    doses: tuple[Mark, ...] = ()
    due: tuple[Due, ...] = ()
    levels: tuple[Mark, ...] = ()
    past: PastFit | None = None
    forecast: PlanForecast | None = None
    steps: tuple[Steps, ...] = ()
    vitals: tuple[VitalPanel, ...] = ()
    drug: str = "Vancomycin"
    unit: str = "mg/L"
    """Of the drug's levels, the fit and the forecast, as wards write it."""
    least_span: float = 20.0
    """How much the axis of levels shows at least."""

    @property
    def is_empty(self) -> bool:
        return not (self.doses or self.due or self.levels or self.past or self.steps or self.vitals)


def runs(bins: Sequence[BinMark]) -> list[range]:
    """Index ranges without a gap, so that a line never bridges what nobody measured."""
    found = []
    first = 0
    for k, (before, after) in enumerate(pairwise(bins)):
        if after.first_h - before.last_h > allowed_gap_h(before, after):
            found.append(range(first, k + 1))
            first = k + 1
    if bins:
        found.append(range(first, len(bins)))
    return found


def allowed_gap_h(before: BinMark, after: BinMark) -> float:
    """How long nothing may come between two stretches: less where a device records on both sides."""
    if before.step_h is None or after.step_h is None:
        return GAP_H
    return min(GAP_H, max(DENSE_GAP_H, DENSE_STEPS * max(before.step_h, after.step_h)))


def gaps(traces: Sequence[Sequence[BinMark]], low_h: float, high_h: float) -> list[tuple[float, float]]:
    """Stretches of [low_h, high_h] in which none of the traces has a value, and one was to be expected."""
    bins = sorted((item for trace in traces for item in trace), key=lambda item: item.first_h)
    if not bins:
        return [(low_h, high_h)] if high_h - low_h > GAP_H else []
    found = []
    if bins[0].first_h - low_h > GAP_H:
        found.append((low_h, bins[0].first_h))
    reached = bins[0]
    for item in bins[1:]:
        if item.first_h - reached.last_h > allowed_gap_h(reached, item):
            found.append((reached.last_h, item.first_h))
        if item.last_h >= reached.last_h:
            reached = item
    if high_h - reached.last_h > GAP_H:
        found.append((reached.last_h, high_h))
    return [(max(low, low_h), min(high, high_h)) for low, high in found if high > low_h and low < high_h]

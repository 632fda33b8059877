"""Scales and their ticks: numbers and hours to pixels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import pgettext

from clinic.measures import numbers


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of [low, high] to the pixels [start, end]; `end` may lie before `start`, as y axes do."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Any) -> Any:
        """The pixel of a value, or the pixels of an array of them."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def nice_step(span: float, count: int) -> float:
    """A step of 1, 2 or 5 times a power of ten that cuts `span` into about `count` parts."""
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= raw * 0.999)


def padded(values: Iterable[float], *, least_span: float, from_zero: bool = False) -> tuple[float, float]:
    """Lower and upper end of an axis for `values`: at least `least_span` long, ended at round numbers."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, least_span)
    if from_zero:
        low = 0.0
    lack = least_span - (high - low)
    if lack > 0:
        low, high = (low, high + lack) if from_zero else (low - lack / 2, high + lack / 2)
    step = nice_step(high - low, 4)
    top = math.ceil(high / step - 1e-9) * step
    return (0.0 if from_zero else math.floor(low / step + 1e-9) * step, top)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers in [low, high], about `count` of them."""
    step = nice_step(high - low, count)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def tick_text(value: float) -> str:
    return numbers.plain(value, 10)


@dataclass(frozen=True, slots=True)
class TimeTick:
    hour: float
    label: str
    midnight: bool


_STEPS_H = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 5376)


def time_ticks(start: datetime, low_h: float, high_h: float, zone: tzinfo, count: int) -> list[TimeTick]:
    """Ticks at whole local hours, at most about `count`: the day at midnight, the hour elsewhere.

    They are found on the wall clock and converted one by one, so that a change to or from summer time moves no label.
    """
    step = next((s for s in _STEPS_H if (high_h - low_h) / s <= count), _STEPS_H[-1])
    first = (start + timedelta(hours=low_h)).astimezone(zone)
    wall = first.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = max(step // 24, 1)
    if days > 1:  # keep the same days whatever the window, so that neighbouring charts agree
        wall -= timedelta(days=wall.toordinal() % days)
    found = []
    while True:
        hour = (wall.replace(tzinfo=zone).astimezone(UTC) - start).total_seconds() / 3600.0
        if hour > high_h + 1e-9:
            return found
        if hour >= low_h - 1e-9:
            midnight = wall.hour == 0
            label = date_format(wall, pgettext("format of a date", "j M")) if midnight else f"{wall:%H:%M}"
            found.append(TimeTick(hour, label, midnight))
        wall += timedelta(hours=step)


def least_span(unit: str) -> float:
    """How much an axis of levels shows at least, so that their noise does not fill it."""
    return {"mg/L": 20.0, "µg/L": 10.0, "ng/mL": 1.0}.get(unit, 1.0)


def least_dose(amounts_mg: Sequence[float]) -> float:
    """The same of doses, mg: of a drug that is given in large ones."""
    return 500.0 if max(amounts_mg, default=500.0) >= 100.0 else max(amounts_mg)

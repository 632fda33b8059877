"""What a later course knows that an earlier one did not, and what of the earlier no longer counts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from clinic.charts.parameters import split_unit
from clinic.charts.words import significant
from twins.quantities.clock import moment_at
from twins.samples.course import Course


class How(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    GONE = "no longer used"


@dataclass(frozen=True, slots=True)
class Change:
    """One input that is not as it was; what and when it was is said where it changed."""

    how: How
    what: str
    at: datetime
    was: str = ""
    was_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Input:
    what: str
    at: datetime


def changes(before: Course, after: Course, *, level_unit: str) -> tuple[Change, ...]:
    """Doses, levels, covariates and orders that differ, the newest first. Inputs are told apart by their records."""
    earlier, later = dict(_inputs(before, level_unit)), dict(_inputs(after, level_unit))
    found = [Change(How.NEW, one.what, one.at) for key, one in later.items() if key not in earlier]
    found += [Change(How.GONE, one.what, one.at) for key, one in earlier.items() if key not in later]
    for key, one in later.items():
        was = earlier.get(key)
        if was is None or was == one:
            continue
        found.append(Change(How.CHANGED, one.what, one.at, was.what, was.at))
    return tuple(sorted(found, key=lambda change: (change.at, change.what), reverse=True))


def _inputs(course: Course, level_unit: str) -> Iterator[tuple[tuple[str, str], _Input]]:
    """Each by its record, or where it has none by what and when it is."""

    def one(kind: str, source: str, time_h: float, what: str) -> tuple[tuple[str, str], _Input]:
        at = moment_at(course.start, time_h)
        return (kind, source or f"{at.isoformat()} {what}"), _Input(what, at)

    for dose in course.doses:
        length = f" over {dose.duration_h:.3g} h" if dose.duration_h else ""
        yield one("dose", dose.source, dose.start_h, f"dose of {dose.amount_mg:g} mg{length}")
    for level in course.levels:
        yield one("level", level.source, level.time_h, f"level of {level.value:.4g} {level_unit}")
    for value in course.covariates:
        label, unit = split_unit(value.name)
        yield one(value.name, value.source, value.time_h, f"{label.lower()} {significant(value.value)} {unit}".rstrip())
    for order in course.orders:
        ended = ", ended" if order.end_h is not None and order.end_h <= course.until_h else ""
        yield one(
            "order",
            order.source,
            order.start_h,
            f"order of {order.amount_mg:g} mg every {order.interval_h:g} h{ended}",
        )

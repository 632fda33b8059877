"""What a later course knows that an earlier one did not, and what of the earlier no longer counts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from clinic.charts.parameters import split_unit
from clinic.charts.twin_facts import CREATININE
from clinic.charts.words import inside, significant
from clinic.measures.numbers import plain
from clinic.measures.units import ShownUnit, unit_of
from twins.quantities.clock import moment_at
from twins.samples.channel import Channel
from twins.samples.course import Course, CovariateValue


class How(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    GONE = "no longer used"

    @property
    def label(self) -> str:
        return str(_HOW[self])


_HOW = {
    How.NEW: pgettext_lazy("input", "new"),
    How.CHANGED: pgettext_lazy("input", "changed"),
    How.GONE: pgettext_lazy("input", "no longer used"),
}


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


def changes(before: Course, after: Course, *, unit: ShownUnit) -> tuple[Change, ...]:
    """Doses, levels, covariates and orders that differ, the newest first. Inputs are told apart by their records.

    Levels of the courses are as they are stored; `unit` is the one that pages show them in.
    """
    earlier, later = dict(_inputs(before, unit)), dict(_inputs(after, unit))
    found = [Change(How.NEW, one.what, one.at) for key, one in later.items() if key not in earlier]
    found += [Change(How.GONE, one.what, one.at) for key, one in earlier.items() if key not in later]
    for key, one in later.items():
        was = earlier.get(key)
        if was is None or was == one:
            continue
        found.append(Change(How.CHANGED, one.what, one.at, was.what, was.at))
    return tuple(sorted(found, key=lambda change: (change.at, change.what), reverse=True))


def _inputs(course: Course, unit: ShownUnit) -> Iterator[tuple[tuple[str, str], _Input]]:
    """Each by its record, or where it has none by what and when it is."""

    def one(kind: str, source: str, time_h: float, what: str) -> tuple[tuple[str, str], _Input]:
        at = moment_at(course.start, time_h)
        return (kind, source or f"{at.isoformat()} {what}"), _Input(what, at)

    for dose in course.doses:
        words = _("dose of {amount} mg over {hours} h") if dose.duration_h else _("dose of {amount} mg")
        said = words.format(amount=plain(dose.amount_mg), hours=plain(dose.duration_h, 3))
        yield one("dose", dose.source, dose.start_h, said)
    for level in course.levels:
        said = _("level of {value} {unit}").format(value=unit.text(level.value), unit=unit.name)
        yield one("level", level.source, level.time_h, said)
    for value in course.covariates:
        yield one(value.name, value.source, value.time_h, _covariate(value))
    for order in course.orders:
        ended = order.end_h is not None and order.end_h <= course.until_h
        words = _("order of {amount} mg every {hours} h, ended") if ended else _("order of {amount} mg every {hours} h")
        said = words.format(amount=plain(order.amount_mg), hours=plain(order.interval_h))
        yield one("order", order.source, order.start_h, said)


def _covariate(value: CovariateValue) -> str:
    if value.name == "male":
        return pgettext("sex", "male") if value.value else pgettext("sex", "female")
    label, unit = split_unit(value.name)
    if value.name == "haemodialysis":
        return f"{inside(label)}: {_('yes') if value.value else _('no')}"
    shown = unit_of(Channel.CREATININE)
    if value.name == CREATININE and shown.code != Channel.CREATININE.unit:
        return f"{inside(label)} {shown.said(value.value)}"
    return f"{inside(label)} {significant(value.value)} {unit}".rstrip()

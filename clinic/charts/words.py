"""Numbers, times and plans in words, rounded the way a ward reads them."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from django.utils.formats import date_format

from clinic.measures.numbers import fixed, plain
from clinic.measures.numbers import percent as percent
from clinic.measures.numbers import significant as significant
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at

_UNSAID = re.compile(r"Asked \d+|Stop")


def concentration(value: float) -> str:
    """mg/L: one decimal, as laboratories report it."""
    return fixed(value, 1)


def exposure(value: float) -> str:
    """AUC24 in mg·h/L: whole numbers."""
    return f"{value:.0f}"


def clock(moment: datetime, zone: tzinfo) -> str:
    """``22 Nov 14:05`` on the wall clock of `zone`."""
    local = moment.astimezone(zone)
    return date_format(local, "j M H:i")


def clock_with_zone(moment: datetime, zone: tzinfo) -> str:
    """``22 Nov 2026 14:05 UTC``: for notes and prints, which travel without the page's footer."""
    local = moment.astimezone(zone)
    return f"{date_format(local, 'j M Y H:i')} {local.tzname()}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the unit that matters: ``12 min ago``, ``5 h ago``, ``3 days ago``."""
    passed = now - moment
    if passed < timedelta(0):
        return f"in {span(-passed)}"
    if passed < timedelta(minutes=1):
        return "just now"
    return f"{span(passed)} ago"


def span(length: timedelta) -> str:
    minutes = length.total_seconds() / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.0f} h"
    return f"{minutes / 1440:.0f} days"


def hours(value: float) -> str:
    """A length in hours with at most one decimal: ``1.5 h``."""
    return f"{plain(round(value, 1))} h"


def plan_title(plan: Plan, first_dose: str = "") -> str:
    """The plan's label and what would be given, each said once: ``Current: 1000 mg over 1 h every 12 h``.

    Labels that only count what was asked for, and the bare "Stop", are left out. With `first_dose`, its time in words,
    the title says when the plan starts; a decision is always shown and recorded with it.
    """
    start = f", first dose {first_dose}" if first_dose and plan.regimen is not None else ""
    return _title(plan) + start


def why_outdated(until: datetime, newest_until: datetime, at: Callable[[datetime], str]) -> str:
    """Why a comparison on data `until` then is outdated by a twin whose data go to `newest_until`.

    Data that go no further were changed: questioned, corrected at the source, or charted late.
    """
    if newest_until > until:
        return f"this comparison is based on data until {at(until)}; newer data exist until {at(newest_until)}"
    return (
        f"the data of this comparison (until {at(until)}) were changed since"
        " (a record was questioned, corrected or charted late), and the twin was computed again"
    )


def first_dose(plan: Plan, start: datetime) -> datetime | None:
    """When the plan's first dose is given, in a course that starts at `start`; None where it gives none."""
    return moment_at(start, plan.regimen.start_h) if plan.regimen else None


def _title(plan: Plan) -> str:
    if _UNSAID.fullmatch(plan.label):
        sentence = plan.sentence()
        return sentence[:1].upper() + sentence[1:]
    if plan.regimen is None:
        return plan.label if "no further doses" in plan.label.lower() else f"{plan.label}: {plan.sentence()}"
    core = f"{plan.regimen.amount_mg:g} mg every {plan.regimen.interval_h:g} h"
    before, found, _ = plan.label.partition(core)
    return f"{before}{plan.sentence()}" if found else f"{plan.label}: {plan.sentence()}"

"""Numbers, times and plans in words, rounded the way a ward reads them."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, tzinfo

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from clinic.measures.numbers import fixed, plain
from clinic.measures.numbers import percent as percent
from clinic.measures.numbers import significant as significant
from clinic.twin_words.said import said
from twins.pharmacology.regimen import Plan, way
from twins.quantities.clock import moment_at
from twins.quantities.dose import Route

_UNSAID = re.compile(r"Asked \d+|Stop")


def concentration(value: float) -> str:
    """A level in whichever unit is shown: one decimal as laboratories report it, and two below 1, as of digoxin."""
    return fixed(value, 2 if 0.0 < abs(value) < 0.995 else 1)


def exposure(value: float) -> str:
    """AUC24 in whichever unit is shown: whole numbers."""
    return f"{value:.0f}"


def clock(moment: datetime, zone: tzinfo) -> str:
    """``22 Nov 14:05`` on the wall clock of `zone`."""
    local = moment.astimezone(zone)
    return date_format(local, pgettext("format of a date", "j M H:i"))


def clock_with_zone(moment: datetime, zone: tzinfo) -> str:
    """``22 Nov 2026 14:05 UTC``: for notes and prints, which travel without the page's footer."""
    local = moment.astimezone(zone)
    return date_format(local, pgettext("format of a date", "j M Y H:i")) + f" {local.tzname()}"


def day(when: date) -> str:
    """``22 Nov 2026``."""
    return date_format(when, pgettext("format of a date", "j M Y"))


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the unit that matters: ``12 min ago``, ``5 h ago``, ``3 days ago``."""
    passed = now - moment
    if timedelta(0) <= passed < timedelta(minutes=1):
        return _("just now")
    count, unit = _count(abs(passed))
    ahead = passed < timedelta(0)
    if unit == "min":
        words = _("in {count} min") if ahead else _("{count} min ago")
    elif unit == "h":
        words = _("in {count} h") if ahead else _("{count} h ago")
    elif ahead:
        words = ngettext("in {count} day", "in {count} days", count)
    else:
        words = ngettext("{count} day ago", "{count} days ago", count)
    return words.format(count=count)


def span(length: timedelta) -> str:
    """A length of time in the unit that matters: ``45 min``, ``5 h``, ``3 days``; as the object of a verb."""
    count, unit = _count(length)
    if unit == "days":
        return ngettext("{count} day", "{count} days", count).format(count=count)
    return (_("{count} min") if unit == "min" else _("{count} h")).format(count=count)


def _count(length: timedelta) -> tuple[int, str]:
    minutes = length.total_seconds() / 60
    if minutes < 90:
        return round(minutes), "min"
    if minutes < 48 * 60:
        return round(minutes / 60), "h"
    return round(minutes / 1440), "days"


def inside(words: str) -> str:
    """A sentence or a name as it stands inside another sentence: small in English, as it is in other languages."""
    return words[:1].lower() + words[1:] if (get_language() or "en").startswith("en") else words


def listed(values: Iterable[str]) -> str:
    """One after the other, told apart by a sign that none of them has: ``1.2, 1.4`` or ``1,2; 1,4``."""
    every = list(values)
    return ("; " if any("," in value for value in every) else ", ").join(every)


def point(what: str, time: str, *, used: bool = True, moved: bool = False) -> str:
    """What a screen reader says of one point of a chart."""
    if not used:
        words = _("{what}, {time}, left out")
    else:
        words = _("{what}, {time}, taken at another time") if moved else _("{what}, {time}")
    return words.format(what=what, time=time)


def hours(value: float) -> str:
    """A length in hours with at most one decimal: ``1.5 h``."""
    return _("{count} h").format(count=plain(round(value, 1)))


def plan_title(plan: Plan, first_dose: str = "") -> str:
    """The plan's label and what would be given, each said once: ``Current: 1000 mg over 1 h every 12 h``.

    Labels that only count what was asked for, and the bare "Stop", are left out. With `first_dose`, its time in words,
    the title says when the plan starts; a decision is always shown and recorded with it.
    """
    title = said(_title(plan))
    if not first_dose or plan.regimen is None:
        return title
    return _("{plan}, first dose {time}").format(plan=title, time=first_dose)


def why_outdated(until: datetime, newest_until: datetime, at: Callable[[datetime], str]) -> str:
    """Why a comparison on data `until` then is outdated by a twin whose data go to `newest_until`.

    Data that go no further were changed: questioned, corrected at the source, or charted late.
    """
    if newest_until > until:
        words = _("this comparison is based on data until {time}; newer data exist until {newest}")
    else:
        words = _(
            "the data of this comparison (until {time}) were changed since"
            " (a record was questioned, corrected or charted late), and the twin was computed again"
        )
    return words.format(time=at(until), newest=at(newest_until))


def dose(amount_mg: float, duration_h: float | None, route: Route | str = Route.INTRAVENOUS) -> str:
    """``1000 mg over 1 h``, ``4 mg by mouth``; without a length where the end of an infusion was not recorded."""
    amount = plain(amount_mg)
    if route in (Route.ORAL, Route.RECTAL):
        return _("{amount} mg {way}").format(amount=amount, way=said(way(Route(route))))
    if duration_h is None:
        return _("{amount} mg (end not recorded)").format(amount=amount)
    words = _("{amount} mg over {length} h") if duration_h else _("{amount} mg as a bolus")
    return words.format(amount=amount, length=plain(duration_h, 3))


def first_dose(plan: Plan, start: datetime) -> datetime | None:
    """When the plan's first dose is given, in a course that starts at `start`; None where it gives none."""
    return moment_at(start, plan.regimen.start_h) if plan.regimen else None


def _title(plan: Plan) -> str:
    if _UNSAID.fullmatch(plan.label):
        sentence = plan.sentence()
        return sentence[:1].upper() + sentence[1:]
    if plan.regimen is None:
        return plan.label if "no further doses" in plan.label.lower() else f"{plan.label}: {plan.sentence()}"
    by = "" if plan.regimen.route is Route.INTRAVENOUS else f" {plan.regimen.way}"
    core = f"{plan.regimen.amount_mg:g} mg{by} every {plan.regimen.interval_h:g} h"
    before, found, _rest = plan.label.partition(core)
    return f"{before}{plan.sentence()}" if found else f"{plan.label}: {plan.sentence()}"

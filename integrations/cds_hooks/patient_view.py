"""patient-view: how the patient's twins stand."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.urls import reverse

from integrations.cds_hooks import words
from integrations.cds_hooks.basis import Basis
from integrations.cds_hooks.cards import Card
from integrations.cds_hooks.models import Indicator
from integrations.cds_hooks.rules import FIRST_LEVEL_DUE, MISSED, NEXT_LEVEL_DUE, STALE_AFTER, harmful
from twins.estimation.fit import FitOutcome
from twins.forecasts.exposures import attainment, exposure
from twins.forecasts.forecast import Attained, Band
from twins.forecasts.wording import percent
from twins.quantities.clock import moment_at
from twins.quantities.unit import readable

KIND = "twin-state"
_DAY_H = 24.0


def state_card(
    basis: Basis, now: datetime, newer: str, links: tuple[tuple[str, str], ...], absolute: Callable[[str], str]
) -> Card:
    """The state of one twin as a card; `newer` says what the twin does not know yet, if anything."""
    title = basis.drug.title
    lines: list[str] = []
    level = level_due(basis, now)
    if basis.cannot:
        indicator = Indicator.WARNING
        summary = f"{title}: the twin cannot forecast"
        lines.append(f"**Cannot forecast.** {words.escaped(basis.cannot)}")
    else:
        (found,) = attainment(basis.model, basis.course, basis.fit, [basis.current], targets=[basis.drug.target])
        attained = found.attained
        indicator = _indicator(attained, level, now - basis.data_until)
        summary = f"{title}: {_verdict(attained)}{'; a level is due' if level else ''}"
        lines.append(f"**{words.titled(basis.current, basis)}.** {words.outlook(attained, basis.current)}")
        lines.append(_next_day(basis))
    if level:
        lines.append(f"**A level is due.** {level}")
    lines.append(words.age_of_data(basis, now))
    lines += [newer] if newer else []
    lines += [words.escaped(doubt) for doubt in basis.doubts if doubt not in basis.fit.warnings]
    lines += [words.made_for(basis), words.foundation(basis)]
    lines += [words.escaped(remark) for remark in (*basis.fit.warnings, *basis.remarks)]
    return Card(
        kind=KIND,
        drug=basis.drug.name,
        summary=summary,
        detail="\n\n".join(lines),
        indicator=indicator,
        source_label=f"Patient Twin, {basis.model.title}",
        source_url=absolute(reverse("formulary-model", args=[basis.model.id])),
        links=links,
        basis=basis.named(),
    )


def level_due(basis: Basis, now: datetime) -> str:
    """Why a level is due, or nothing."""
    course = basis.course
    given = [dose for dose in course.doses if dose.start_h <= course.until_h]
    if not given or basis.drug.level_channel is None:
        return ""
    if not course.levels:
        since = now - moment_at(course.start, given[0].start_h)
        return f"No level yet, {words.span(since)} after the first dose." if since >= FIRST_LEVEL_DUE else ""
    age = now - moment_at(course.start, course.levels[-1].time_h)
    return f"The last level was taken {words.span(age)} ago." if age >= NEXT_LEVEL_DUE else ""


def _indicator(found: Attained, level: str, age: timedelta) -> Indicator:
    if harmful(found.p_above, found.target):
        return Indicator.CRITICAL
    uncertain = found.p_in_target < MISSED or level or age >= STALE_AFTER
    return Indicator.WARNING if uncertain else Indicator.INFO


def _verdict(found: Attained) -> str:
    """The current plan in a few words."""
    inside = percent(found.p_in_target)
    if found.p_in_target >= MISSED:
        return f"the current plan likely meets the target ({inside} chance)"
    if found.p_above >= MISSED:
        return f"the current plan likely exceeds the target ({percent(found.p_above)} chance above it)"
    if found.p_below >= MISSED:
        return f"the current plan likely falls short of the target ({percent(found.p_below)} chance below it)"
    return f"the current plan may miss the target ({inside} chance of meeting it)"


def _next_day(basis: Basis) -> str:
    """The coming 24 h under the current plan, with the middle 90 % of the draws."""
    now = basis.course.until_h
    rows = exposure(basis.model, basis.course, basis.fit, basis.current, windows_h=[(now, now + _DAY_H)])
    said = {row.metric: (row.value, readable(row.unit)) for row in rows}
    auc, trough = said["AUC24"], said["trough"]
    prior = " (between patients)" if basis.fit.outcome is FitOutcome.PRIOR_ONLY else ""
    return (
        f"Over the 24 h after the last data, as median and 90 % interval{prior}: AUC24 {_band(auc[0], 0)} {auc[1]}, "
        f"trough {_band(trough[0], 1 if trough[0].q50 >= 2 else 2)} {trough[1]}."
    )


def _band(band: Band, places: int) -> str:
    return f"{band.q50:.{places}f} ({band.q05:.{places}f}–{band.q95:.{places}f})"

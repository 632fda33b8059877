"""The comparison as plain text, for the patient's notes."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _

from clinic.charts import target_words, words
from clinic.charts.parameters import ParameterRow
from clinic.charts.twin_facts import CovariateRow
from clinic.comparisons.averaged import Together
from clinic.comparisons.comparison_page import ComparisonPage, PlanRow
from clinic.measures.numbers import fixed
from clinic.twin_words.said import said
from twins.forecasts.forecast import DayExposure
from twins.pharmacology.target import Target

At = Callable[[datetime], str]


def note_text(page: ComparisonPage, *, patient_line: str, zone: tzinfo, decision: str = "", outdated: str = "") -> str:
    """Header, one block a plan, assumptions and the decision; times on the clock of `zone`, which each line names.

    Parameters
    ----------
    patient_line
        Who it is about, in the words of the chart.
    decision
        Who decided what and why; empty where nothing is decided yet.
    outdated
        Why the comparison is out of date; empty where it is not.
    """

    def at(moment: datetime) -> str:
        return words.clock_with_zone(moment, zone)

    target = page.result.target
    lines = [
        _("{drug} DOSING COMPARISON: {patient}").format(drug=page.drug_title.upper(), patient=patient_line),
        _("Data until {until}; computed {computed}.").format(
            until=at(page.version.data_until), computed=at(page.comparison.created_at)
        ),
    ]
    if outdated:
        lines.append(_("OUT OF DATE: {why}.").format(why=outdated))
    if page.contradicting:
        lines.append(_("THE LEVEL DOES NOT FIT THE MODEL: check it, its time and the doses before it first."))
        lines += page.contradicting
    if page.together is not None:
        lines.append(shares_line(page.together))
    lines += [
        _("Twin version {number}, {model}: {quality}.").format(
            number=page.version.number, model=page.model.title, quality=page.quality.word
        )
        + " "
        + " ".join(page.quality.sentences),
        _target_line(target),
        "",
        _("PLANS"),
    ]
    for plan in page.plans:
        lines += _plan_lines(plan, page, at)
    lines += ["", _("WHAT WAS ASSUMED"), _levels(page, at), _doses(page, at)]
    covariates = "; ".join(_covariate(row, at) for row in page.covariates)
    lines.append(_("Covariates: {covariates}.").format(covariates=covariates))
    lines += [_("Finding ({kind}): {finding}").format(kind=row.kind, finding=row.sentence) for row in page.findings]
    lines += [_("Warning: {warning}").format(warning=said(warning)) for warning in page.fit.warnings]
    doi = f"doi:{page.model.citation.doi}" if page.model.citation.doi else _("DOI not verified")
    lines.append(
        _("Model: {citation}, {doi}. {population}.").format(
            citation=said(page.model.citation.text), doi=doi, population=said(page.model.population)
        )
    )
    lines += [_("Not verified of the model: {what}").format(what=said(line)) for line in page.model.unverified]
    if page.parameters:
        parameters = "; ".join(_parameter(row) for row in page.parameters)
        lines.append(_("This patient (population): {parameters}.").format(parameters=parameters))
    lines += ["", _("DECISION: {decision}").format(decision=decision or _("none yet.")), ""]
    lines.append(
        _("Comparison {key}, digest {digest}, code {code}.").format(
            key=page.comparison.pk, digest=page.comparison.digest[:16], code=page.comparison.code_version
        )
    )
    lines.append(_("Patient Twin advises, never orders."))
    return "\n".join(lines) + "\n"


def _target_line(target: Target) -> str:
    if not target.has_limit:
        return _("Target: {target}; no limit above it is known.").format(target=said(target.name))
    return _("Target: {target}; above {high} is the safety limit.").format(
        target=said(target.name), high=target_words.bound(target, target.high)
    )


def _plan_lines(plan: PlanRow, page: ComparisonPage, at: At) -> list[str]:
    forecast = plan.forecast
    title = words.plan_title(forecast.plan, at(plan.first_dose) if plan.first_dose else "")
    lines = [f"{plan.letter}  {title}", f"   {said(forecast.sentence)}"]
    target = page.result.target
    day_line = _(
        "day {number}: AUC24 {auc} (90 % {low}-{high}) {area}, highest {peak}, trough {trough} {unit}; {chances}"
    )
    for day in plan.days:
        e = day.exposure
        in_range = _("in range {share}").format(share=words.percent(e.p_in_target))
        said_of_day = day_line.format(
            number=day.number,
            area=page.area_unit,
            unit=page.unit,
            auc=words.exposure(e.auc24.q50),
            low=words.exposure(e.auc24.q05),
            high=words.exposure(e.auc24.q95),
            peak=fixed(e.peak.q50, 1),
            trough=fixed(e.trough.q50, 1),
            chances=", ".join([*_beside(target, e), in_range, *_outside(target, e)]),
        )
        lines.append(f"   {said_of_day}")
    reached = forecast.hours_to_target
    if reached is None:
        lines.append("   " + _("time to target: not within the forecast"))
    else:
        lines.append("   " + _("time to target: {hours}").format(hours=words.hours(reached)))
    return lines


def _beside(target: Target, day: DayExposure) -> list[str]:
    """What the target's own metric comes to, where the line does not say it of every drug."""
    if day.value is None or not target_words.is_beside(target):
        return []
    return [target_words.in_words(target, day.value)]


def _outside(target: Target, day: DayExposure) -> list[str]:
    """The chances above the target, where it has a limit, and below it, where anything can lie there."""
    above = f"{_small(target_words.above(target))} {words.percent(day.p_above)}"
    below = f"{_small(target_words.below(target))} {words.percent(day.p_below)}"
    return [*([above] if target.has_limit else []), *([below] if target.has_floor else [])]


def _small(found: str) -> str:
    """What begins with a preposition in every language, inside a sentence."""
    return found[:1].lower() + found[1:]


def shares_line(together: Together) -> str:
    """Which models answered together, and how far each was believed."""
    shares = ", ".join(f"{title} {words.percent(weight)}" for title, weight in together.shares)
    return _("Several models answer together: %(shares)s.") % {"shares": shares}


def _levels(page: ComparisonPage, at: At) -> str:
    if not page.levels:
        return _("Levels used: none.")
    levels = [
        _("{value} {unit} at {time}").format(
            value=words.concentration(level.value), unit=page.unit, time=at(level.time)
        )
        for level in page.levels
    ]
    return _("Levels used: {levels}.").format(levels="; ".join(levels))


def _doses(page: ComparisonPage, at: At) -> str:
    if not page.doses:
        return _("Doses used: none.")
    first, last = page.doses[0], page.doses[-1]
    return _("Doses used: {count}, from {first} to {last} (last {dose}).").format(
        count=len(page.doses),
        first=at(first.start),
        last=at(last.start),
        dose=last.given,
    )


def _covariate(row: CovariateRow, at: At) -> str:
    parts = [f"{words.inside(row.label)} {row.value}"]
    if row.when:
        parts.append(f"({at(row.when)})")
    if row.outside and not row.missing:
        parts.append(_("OUTSIDE the model's range"))
    return " ".join(parts)


def _parameter(row: ParameterRow) -> str:
    value = f"{row.individual} {row.unit}".strip()
    return f"{words.inside(row.label)} {value} ({row.population})"

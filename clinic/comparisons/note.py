"""The comparison as plain text, for the patient's notes."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.charts.parameters import ParameterRow
from clinic.comparisons.averaged import Together
from clinic.comparisons.comparison_page import ComparisonPage, PlanRow


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
        f"VANCOMYCIN DOSING COMPARISON: {patient_line}",
        f"Data until {at(page.version.data_until)}; computed {at(page.comparison.created_at)}.",
    ]
    if outdated:
        lines.append(f"OUT OF DATE: {outdated}.")
    if page.together is not None:
        lines.append(shares_line(page.together))
    lines += [
        f"Twin version {page.version.number}, {page.model.title}: {page.quality.word}. "
        + " ".join(page.quality.sentences),
        f"Target: {target.name}; above {target.high:g} is the safety limit.",
        "",
        "PLANS",
    ]
    for plan in page.plans:
        lines += _plan_lines(plan, page, at)
    lines += ["", "WHAT WAS ASSUMED"]
    lines.append(
        "Levels used: "
        + ("; ".join(f"{words.concentration(level.value)} mg/L at {at(level.time)}" for level in page.levels) or "none")
        + "."
    )
    if page.doses:
        first, last = page.doses[0], page.doses[-1]
        lines.append(
            f"Doses used: {len(page.doses)}, from {at(first.start)} to {at(last.start)}"
            f" (last {last.amount_mg:g} mg over {last.duration_h:.3g} h)."
        )
    else:
        lines.append("Doses used: none.")
    lines.append(
        "Covariates: "
        + "; ".join(
            f"{row.label.lower()} {row.value}"
            + (f" ({at(row.when)})" if row.when else "")
            + (" OUTSIDE the model's range" if row.outside and row.value != "missing" else "")
            for row in page.covariates
        )
        + "."
    )
    lines += [f"Finding ({row.kind}): {row.sentence}" for row in page.findings]
    lines += [f"Warning: {warning}" for warning in page.fit.warnings]
    doi = f"doi:{page.model.citation.doi}" if page.model.citation.doi else "DOI not verified"
    lines.append(f"Model: {page.model.citation.text}, {doi}. {page.model.population}.")
    lines += [f"Not verified of the model: {line}" for line in page.model.unverified]
    if page.parameters:
        lines.append("This patient (population): " + "; ".join(_parameter(row) for row in page.parameters) + ".")
    lines += ["", f"DECISION: {decision or 'none yet.'}", ""]
    lines.append(
        f"Comparison {page.comparison.pk}, digest {page.comparison.digest[:16]}, code {page.comparison.code_version}."
    )
    lines.append("Patient Twin advises, never orders.")
    return "\n".join(lines) + "\n"


def _plan_lines(plan: PlanRow, page: ComparisonPage, at: Callable[[datetime], str]) -> list[str]:
    forecast = plan.forecast
    title = words.plan_title(forecast.plan, at(plan.first_dose) if plan.first_dose else "")
    lines = [f"{plan.letter}  {title}", f"   {forecast.sentence}"]
    target = page.result.target
    for day in plan.days:
        e = day.exposure
        lines.append(
            f"   day {day.number}: AUC24 {e.auc24.q50:.0f} (90 % {e.auc24.q05:.0f}-{e.auc24.q95:.0f}) mg·h/L,"
            f" highest {e.peak.q50:.1f}, trough {e.trough.q50:.1f} mg/L;"
            f" in range {words.percent(e.p_in_target)}, above {target.high:g} {words.percent(e.p_above)},"
            f" below {target.low:g} {words.percent(e.p_below)}"
        )
    reached = forecast.hours_to_target
    lines.append(f"   time to target: {words.hours(reached) if reached is not None else 'not within the forecast'}")
    return lines


def shares_line(together: Together) -> str:
    """Which models answered together, and how far each was believed."""
    shares = ", ".join(f"{title} {words.percent(weight)}" for title, weight in together.shares)
    return _("Several models answer together: %(shares)s.") % {"shares": shares}


def _parameter(row: ParameterRow) -> str:
    return f"{row.label.lower()} {row.individual} {row.unit} ({row.population})"

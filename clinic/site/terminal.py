"""A comparison as a table for the terminal, and a line of progress."""

from collections.abc import Sequence

from django.utils import timezone

from clinic.patients.models import Patient
from twins.forecasts.forecast import Band, PlanForecast
from twins.quantities.clock import moment_at
from twins.records.models import Comparison
from twins.records.twins import course_of, fit_of, result_of

HEADINGS = ("plan", "AUC24 mg·h/L", "in range", "above", "below", "peak mg/L", "trough mg/L", "target reached")


def percent(probability: float) -> str:
    """``78 %``; ``<1 %`` and ``>99 %`` where rounding would claim certainty."""
    if 0 < probability < 0.01:
        return "<1 %"
    if 0.99 < probability < 1:
        return ">99 %"
    return f"{probability * 100:.0f} %"


def band(value: Band, digits: int) -> str:
    """Median with the 90 % band: ``512 (389–690)``."""
    return f"{value.q50:.{digits}f} ({value.q05:.{digits}f}–{value.q95:.{digits}f})"


def _row(number: int, forecast: PlanForecast) -> tuple[str, ...]:
    day = forecast.days[min(1, len(forecast.days) - 1)]
    reached = forecast.hours_to_target
    return (
        f"{number}. {forecast.plan.label}: {forecast.plan.sentence()}"
        if number == 0
        else f"{number}. {forecast.plan.sentence()}",
        band(day.auc24, 0),
        percent(day.p_in_target),
        percent(day.p_above),
        percent(day.p_below),
        band(day.peak, 1),
        band(day.trough, 1),
        "not within the forecast" if reached is None else f"after {reached:.0f} h",
    )


def comparison_table(patient: Patient, comparison: Comparison) -> str:
    """The patient, the twin and every plan of the comparison, for its second day, as lines of text."""
    version = comparison.twin_version
    course, fit, result = course_of(version), fit_of(version), result_of(comparison)
    until = timezone.localtime(moment_at(course.start, course.until_h))
    rows = [HEADINGS, *(_row(number, forecast) for number, forecast in enumerate(result.forecasts))]
    lines = [
        f"{patient.family_name}, {patient.given_name} ({patient.record_number})",
        f"  twin: {version.model_id} version {version.number}, {len(course.levels)} levels, "
        f"data until {until:%Y-%m-%d %H:%M %Z}, effective sample size {fit.effective_sample_size:.0f}",
        f"  {fit.outcome.value}",
        *(f"  caution: {warning}" for warning in fit.warnings),
        *_aligned(rows),
        "  Figures are for hours 24 to 48 from now on: median (90 % band); probabilities are of "
        f"AUC24 {result.target.low:.0f}–{result.target.high:.0f} mg·h/L.",
    ]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [text[0], "  " + "-" * (sum(widths) + 2 * (len(widths) - 1)), *text[1:]]

"""A comparison as a table for the terminal."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from clinic.patients.models import Patient
from twins.forecasts.forecast import Band, ComparisonResult, PlanForecast
from twins.quantities.clock import moment_at
from twins.records.models import Comparison
from twins.records.twins import course_of, fit_of, result_of
from twins.samples.course import Course


def band(value: Band) -> str:
    """Median with the 90 % band: ``512 (389–690)``."""
    return f"{value.q50:.0f} ({value.q05:.0f}–{value.q95:.0f})"


def comparison_table(patient: Patient, comparison: Comparison) -> str:
    """The patient, the twin, and a row a plan with the exposure of each day, then each plan's sentence."""
    version = comparison.twin_version
    course, fit, result = course_of(version), fit_of(version), result_of(comparison)
    until = timezone.localtime(moment_at(course.start, course.until_h))
    levels = f"{len(course.levels)} level{'' if len(course.levels) == 1 else 's'}"
    return "\n".join(
        [
            f"{patient.family_name}, {patient.given_name} ({patient.record_number})",
            f"  {version.model_id}, version {version.number}, {levels}, data until {until:%Y-%m-%d %H:%M %Z}, "
            f"effective sample size {fit.effective_sample_size:.0f}",
            f"  {fit.outcome.value}",
            *(f"  caution: {warning}" for warning in fit.warnings),
            *_aligned(_rows(course, result)),
            *(f"  {letter}: {forecast.sentence}" for letter, forecast in _lettered(result)),
        ]
    )


def _lettered(result: ComparisonResult) -> list[tuple[str, PlanForecast]]:
    return [(chr(ord("A") + place), forecast) for place, forecast in enumerate(result.forecasts)]


def _rows(course: Course, result: ComparisonResult) -> list[tuple[str, ...]]:
    days = range(1, 1 + max(len(forecast.days) for forecast in result.forecasts))
    rows = [("", "plan", *(f"AUC24 day {day}" for day in days), "peak day 1", "trough day 1")]
    for letter, forecast in _lettered(result):
        current = "now: " if letter == "A" else ""
        regimen = forecast.plan.regimen
        begins = "" if regimen is None else f" from {_clock(course.start, regimen.start_h)}"
        exposures = [band(day.auc24) for day in forecast.days]
        first = forecast.days[0]
        rows.append(
            (letter, current + forecast.plan.sentence() + begins, *exposures, band(first.peak), band(first.trough))
        )
    return rows


def _clock(start: datetime, hours: float) -> str:
    return f"{timezone.localtime(moment_at(start, hours)):%d %b %H:%M}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [lines[0], "  " + "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]]

"""Everything the comparison page shows, put together from one stored comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.charts.palette import plan_letter, plan_style
from clinic.charts.parameters import ParameterRow, parameter_rows
from clinic.charts.shown_levels import ShownLevels
from clinic.charts.twin_facts import (
    Opinion,
    covariate_rows,
    finding_rows,
    opinion,
    quality,
)
from clinic.comparisons.assumed import Assumed, dose_inputs, level_inputs, linked_rows, not_used_in
from clinic.comparisons.averaged import Together
from clinic.comparisons.linked import Linked
from clinic.comparisons.several import other_versions
from twins.forecasts.explain import LEVEL
from twins.forecasts.forecast import ComparisonResult, DayExposure, Influence, PlanForecast
from twins.pharmacology import formulary
from twins.pharmacology.target import Target
from twins.quantities.clock import moment_at
from twins.records.models import Comparison
from twins.records.twins import course_of, fit_of, result_of
from twins.samples.course import Course


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of one plan."""

    number: int
    start: datetime
    end: datetime
    exposure: DayExposure


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan as the page names it: a letter, and the same letter in chart, table and form."""

    position: int
    letter: str
    pattern: str
    forecast: PlanForecast
    first_dose: datetime | None
    days: tuple[DayRow, ...]

    @property
    def title(self) -> str:
        return words.plan_title(self.forecast.plan)

    @property
    def title_to_sign(self) -> str:
        """The title with the time of the first dose on the ward's clock: what one signs says when it starts."""
        start = words.clock(self.first_dose, timezone.get_current_timezone()) if self.first_dose else ""
        return words.plan_title(self.forecast.plan, start)


@dataclass(frozen=True, slots=True)
class ComparisonPage(Assumed):
    """What was assumed, and what came of it for each plan."""

    comparison: Comparison
    course: Course
    result: ComparisonResult
    plans: tuple[PlanRow, ...]
    parameters: tuple[ParameterRow, ...]
    influences: tuple[Influence, ...]
    opinion: Opinion
    others: tuple[Opinion, ...]
    """What the drug's other models say of the very same data."""
    together: Together | None
    """Where several models answered together: each of them, with its weight."""

    @classmethod
    def of(cls, comparison: Comparison) -> "ComparisonPage":
        version = comparison.twin_version
        levels, model = ShownLevels.of(version.drug), formulary.model(version.model_id)
        known, answered = course_of(version), result_of(comparison)
        course, fit, result = levels.course(known), levels.fit(fit_of(version)), levels.result(answered)
        current = result.forecasts[0].plan.regimen
        daily = current.daily_mg if current else None
        linked, not_used = Linked(version), not_used_in(course, version)
        return cls(
            comparison=comparison,
            version=version,
            model=model,
            fit=fit,
            course=course,
            result=result,
            quality=quality(fit),
            plans=tuple(plan_row(position, forecast, course) for position, forecast in enumerate(result.forecasts)),
            parameters=parameter_rows(fit, model),
            covariates=linked_rows(covariate_rows(course, model), linked),
            not_used=not_used,
            findings=(*not_used.rows, *linked_rows(finding_rows(course), linked)),
            doses=dose_inputs(course, linked),
            levels=level_inputs(course, fit, linked),
            influences=named_influences(answered.influences, known, answered.target, levels),
            as_of=moment_at(course.start, result.as_of_h),
            opinion=opinion(fit, model, daily),
            others=tuple(
                opinion(levels.fit(fit_of(other)), formulary.model(other.model_id), daily)
                for other in other_versions(version)
            ),
            together=Together.of(comparison),
        )


def plan_row(position: int, forecast: PlanForecast, course: Course) -> PlanRow:
    """The plan at `position` of a comparison, with its days on the clock."""
    return PlanRow(
        position=position,
        letter=plan_letter(position),
        pattern=plan_style(position).pattern_name,
        forecast=forecast,
        first_dose=words.first_dose(forecast.plan, course.start),
        days=tuple(
            DayRow(k + 1, moment_at(course.start, day.from_h), moment_at(course.start, day.to_h), day)
            for k, day in enumerate(forecast.days)
        ),
    )


def named_influences(
    found: Sequence[Influence], course: Course, target: Target, levels: ShownLevels
) -> tuple[Influence, ...]:
    """The strongest first, as pages show them; all that is given is in the drug's own unit.

    A level named by hours since the course's start is named by its time on the ward's clock.
    """
    zone = timezone.get_current_timezone()
    names = {}
    for level in course.levels:
        spoken = _("Level of {value} {unit} at {time}")
        time = words.clock(moment_at(course.start, level.time_h), zone)
        names[LEVEL(value=level.value, unit=levels.own, time=level.time_h)] = spoken.format(
            value=levels.unit.text(level.value, 6), unit=levels.name, time=time
        )
    shown = (replace(levels.influence(item, target), what=names.get(item.what, item.what)) for item in found)
    return tuple(sorted(shown, key=lambda item: abs(item.after - item.before), reverse=True))

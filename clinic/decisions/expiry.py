"""What became of an answer since newer data came: what changed, and what the newest twin says of the same plan."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clinic.charts.shown_levels import ShownLevels
from clinic.decisions.changed import Change, changes
from twins.estimation.fit import FitOutcome
from twins.pharmacology.continued import same_doses
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.quantities.clock import moment_at
from twins.records.models import Comparison, TwinVersion
from twins.records.twins import course_of
from twins.samples.course import Course


@dataclass(frozen=True, slots=True)
class Answer:
    """What one twin said of a plan: its sentence, and the first 24 h in numbers, in the unit that pages show."""

    comparison: UUID
    start: datetime
    end: datetime
    p_in_target: float
    p_above: float
    p_below: float
    auc24: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """A comparison that newer data overtook.

    Attributes
    ----------
    position
        The plan that is looked at: the one that was signed, else the current one.
    now
        What the newest twin says of a plan with the same doses; None where nobody compared that plan yet.
    """

    newest: TwinVersion
    course: Course
    changes: tuple[Change, ...]
    position: int
    target: Target
    area_unit: str
    then: Answer
    now: Answer | None

    @property
    def can_be_asked(self) -> bool:
        """Whether a comparison of the plan on the newest data would tell more."""
        return self.now is None and self.newest.outcome in (FitOutcome.FITTED.name, FitOutcome.PRIOR_ONLY.name)

    @classmethod
    def of(cls, comparison: Comparison, position: int | None) -> "Expiry | None":
        """None where the comparison is of the newest twin."""
        version = comparison.twin_version
        newest = (
            TwinVersion.objects.filter(subject=version.subject_id, drug=version.drug, model_id=version.model_id)
            .defer("draws", "fit")
            .order_by("-number")
            .first()
        )
        if newest is None or newest.pk == version.pk:
            return None
        before, after = course_of(version), course_of(newest)
        looked_at = position or 0
        forecast = comparison.result["forecasts"][looked_at]
        levels, target = ShownLevels.of(version.drug), Target.from_json(comparison.result["target"])
        return cls(
            newest=newest,
            course=after,
            changes=changes(before, after, unit=levels.unit),
            position=looked_at,
            target=levels.target(target),
            area_unit=levels.area_name,
            then=_answer(comparison.pk, forecast["days"][0], forecast["sentence"], target, before),
            now=_now(
                newest,
                after,
                Plan.from_json(comparison.plans[looked_at]),
                averaged=comparison.result.get("averaged") is not None,
            ),
        )


def _now(newest: TwinVersion, course: Course, plan: Plan, *, averaged: bool) -> Answer | None:
    """From the comparisons on the newest twin, without their curves: the last that has a plan with the same doses.

    An answer of several models is held against one of several, and that of one against one.
    """
    made = Comparison.objects.filter(twin_version=newest)
    made = made.filter(result__has_key="averaged") if averaged else made.exclude(result__has_key="averaged")
    for pk, plans in made.values_list("pk", "plans"):
        for k, other in enumerate(plans):
            if same_doses(Plan.from_json(other), plan):
                path = f"result__forecasts__{k}__"
                columns = (f"{path}days__0", f"{path}sentence", "result__target")
                day, sentence, target = Comparison.objects.values_list(*columns).get(pk=pk)
                return _answer(pk, day, sentence, Target.from_json(target), course)
    return None


def _answer(comparison: UUID, day: dict[str, Any], sentence: str, target: Target, course: Course) -> Answer:
    levels = ShownLevels.of(course.drug)
    return Answer(
        comparison=comparison,
        start=moment_at(course.start, day["from_h"]),
        end=moment_at(course.start, day["to_h"]),
        p_in_target=day["p_in_target"],
        p_above=day["p_above"],
        p_below=day["p_below"],
        auc24=levels.value(day["auc24"]["q50"]),
        sentence=levels.about(sentence, target),
    )

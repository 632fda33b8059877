"""A decision in words, for pages: what, who, when, why, and how it stands now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from clinic.charts import words
from clinic.charts.palette import plan_letter
from clinic.decisions.acknowledged import in_words
from clinic.decisions.models import Decision, Standing
from twins.pharmacology.regimen import Plan
from twins.records.models import Comparison, TwinVersion


@dataclass(frozen=True, slots=True)
class Told:
    """One decision; without a letter where all plans were declined."""

    decision: Decision
    letter: str
    named: str
    acknowledged: tuple[str, ...]
    who: str
    standing: Standing
    second_who: str
    second_at: datetime | None
    second_reason: str
    replaced_who: str
    replaced_at: datetime | None
    withdraws: bool
    """No plan was chosen, and one that was signed before ended by it."""
    replaced_on: UUID | None
    """The other comparison on which the decision was made that replaced this one."""

    @classmethod
    def of(cls, decision: Decision, start: datetime) -> "Told":
        """`start`: where the course begins whose hours the comparison's plans count."""
        chosen = decision.chosen_plan
        answer, later = decision.answer, decision.replaced_by
        before = decision.replaces if chosen is None else None
        elsewhere = later is not None and later.comparison_id != decision.comparison_id
        return cls(
            decision=decision,
            letter="" if chosen is None else plan_letter(chosen),
            named="" if chosen is None else named(decision.comparison, chosen, start),
            acknowledged=in_words(decision.acknowledged),
            who=name_of(decision.decided_by),
            standing=decision.standing,
            second_who=name_of(answer.decided_by) if answer is not None else "",
            second_at=answer.decided_at if answer is not None else None,
            second_reason=answer.reason if answer is not None else "",
            replaced_who=name_of(later.decided_by) if later is not None else "",
            replaced_at=later.decided_at if later is not None else None,
            withdraws=before is not None and before.chosen_plan is not None,
            replaced_on=later.comparison_id if later is not None and elsewhere else None,
        )

    @property
    def in_force(self) -> bool:
        return self.standing is Standing.IN_FORCE

    @property
    def awaiting(self) -> bool:
        return self.standing is Standing.AWAITING

    @property
    def refused(self) -> bool:
        return self.standing is Standing.REFUSED

    @property
    def replaced(self) -> bool:
        return self.standing is Standing.REPLACED


def named(comparison: Comparison, position: int, start: datetime) -> str:
    """One plan and its first dose on the ward's clock."""
    plan = Plan.from_json(comparison.plans[position])
    first = words.first_dose(plan, start)
    return words.plan_title(plan, words.clock(first, timezone.get_current_timezone()) if first else "")


def name_of(person: AbstractBaseUser) -> str:
    return person.get_full_name() or person.get_username()  # type: ignore[attr-defined]


def start_of(comparison: Comparison) -> datetime:
    """Where the course begins; the course is never loaded for it, and read where it was loaded already."""
    if Comparison._meta.get_field("twin_version").is_cached(comparison):
        version = comparison.twin_version
        if "course" not in version.get_deferred_fields():
            return datetime.fromisoformat(version.course["start"])
    start = TwinVersion.objects.values_list("course__start", flat=True).get(pk=comparison.twin_version_id)
    return datetime.fromisoformat(start)


def with_all(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """With what `Told` asks of each, read at once."""
    return decisions.select_related("decided_by", "second__decided_by", "amended_by__decided_by", "amended_by__second")

"""What was decided on a comparison, in words."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from clinic.charts import words
from clinic.charts.palette import plan_letter
from twins.pharmacology.regimen import Plan
from twins.records.models import Comparison, Subject


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision; `letter` and `plan` are empty where all plans were declined."""

    comparison_id: UUID
    letter: str
    plan: str
    reason: str
    who: str
    at: datetime
    data_until: datetime

    @classmethod
    def of(cls, comparison: Comparison) -> "Decided | None":
        """The decision on `comparison`, or None."""
        decision = comparison.decisions.select_related("decided_by").first()
        if decision is None:
            return None
        chosen = decision.chosen_plan
        plan = Plan.from_json(comparison.plans[chosen]) if chosen is not None else None
        return cls(
            comparison_id=comparison.pk,
            letter="" if chosen is None else plan_letter(chosen),
            plan=words.plan_title(plan) if plan else "",
            reason=decision.reason,
            who=decision.decided_by.get_full_name() or decision.decided_by.get_username(),
            at=decision.decided_at,
            data_until=comparison.twin_version.data_until,
        )

    @classmethod
    def last_of(cls, subject: Subject) -> "Decided | None":
        """The last decision about `subject`, on whichever comparison."""
        found = (
            Comparison.objects.filter(twin_version__subject=subject, decisions__isnull=False)
            .select_related("twin_version")
            .defer("result", "twin_version__draws", "twin_version__course", "twin_version__fit")
            .order_by("-decisions__decided_at")
            .first()
        )
        return cls.of(found) if found is not None else None

    def sentence(self, zone: tzinfo) -> str:
        what = f"plan {self.letter} ({self.plan}) signed" if self.letter else "all plans declined"
        return f"{what} by {self.who} at {words.clock_with_zone(self.at, zone)}. Reason: {self.reason}"

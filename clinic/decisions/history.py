"""The last decisions about a patient, and of the plan in force what became of it since."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from clinic.decisions.afterwards import Afterwards
from clinic.decisions.expiry import Expiry
from clinic.decisions.models import Decision
from clinic.decisions.told import Told, with_all
from twins.records.models import Subject
from twins.samples.course import Course

SHOWN = 5


@dataclass(frozen=True, slots=True)
class History:
    """Decisions, the newest first; `in_force` is the last signed plan that nothing replaced, if it is among them."""

    rows: tuple[Told, ...]
    in_force: Told | None
    awaiting: Told | None
    afterwards: Afterwards | None
    expiry: Expiry | None

    @classmethod
    def of(cls, subject: Subject, newest: Course | None) -> "History":
        """`newest`: the course of the newest twin, where there is one."""
        found = with_all(
            Decision.objects.filter(comparison__twin_version__subject=subject)
            .select_related("comparison__twin_version")
            .annotate(course_start=F("comparison__twin_version__course__start"))
            .defer(
                "comparison__result",
                "comparison__twin_version__draws",
                "comparison__twin_version__course",
                "comparison__twin_version__fit",
            )
            .order_by("-decided_at")
        )[:SHOWN]
        rows = tuple(Told.of(decision, datetime.fromisoformat(decision.course_start)) for decision in found)
        in_force = next((row for row in rows if row.in_force), None)
        afterwards, expiry = None, None
        if in_force is not None and newest is not None:
            decision = in_force.decision
            afterwards = Afterwards.of(decision, newest)
            expiry = Expiry.of(decision.comparison, decision.chosen_plan)
        return cls(rows, in_force, next((row for row in rows if row.awaiting), None), afterwards, expiry)

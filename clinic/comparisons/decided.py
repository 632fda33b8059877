"""What was decided on a comparison, in words."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from clinic.charts import words
from clinic.charts.palette import plan_letter
from twins.pharmacology.regimen import Plan
from twins.records.models import Comparison, Subject, TwinVersion


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision; without a letter and a plan where all plans were declined."""

    comparison_id: UUID
    letter: str
    plan: Plan | None
    first_dose: datetime | None
    reason: str
    acknowledged: tuple[str, ...]
    who: str
    at: datetime
    data_until: datetime
    standing: str
    """How it stands now, in the reader's words: ``signed``, ``awaiting a second signature``, ``replaced`` …"""
    final: bool
    """Not where a second signature is awaited or was refused."""
    replaced: bool
    refused: bool
    """A second person did not agree."""
    second: str
    """Who signed second, and when, or who refused and why; empty where nobody was asked or answered."""

    @classmethod
    def of(cls, comparison: Comparison) -> "Decided | None":
        """The last decision on `comparison`, or None."""
        decision = comparison.decisions.select_related("decided_by", "second__decided_by").order_by("-number").first()
        if decision is None:
            return None
        chosen = decision.chosen_plan
        plan = Plan.from_json(comparison.plans[chosen]) if chosen is not None else None
        return cls(
            comparison_id=comparison.pk,
            letter="" if chosen is None else plan_letter(chosen),
            plan=plan,
            first_dose=words.first_dose(plan, _start(comparison)) if plan else None,
            reason=decision.reason,
            acknowledged=tuple(gettext(one["text"]) for one in decision.acknowledged or ()),
            who=decision.decided_by.get_full_name() or decision.decided_by.get_username(),
            at=decision.decided_at,
            data_until=comparison.twin_version.data_until,
            standing=decision.standing.label,
            final=decision.final_at is not None,
            replaced=decision.replaced_by is not None,
            refused=decision.answer is not None and not decision.answer.agreed,
            second=_second(decision.answer),
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

    @classmethod
    def signed_beside(cls, comparison: Comparison) -> "Decided | None":
        """The last signature on another comparison of the same twin version that nothing replaced."""
        found = (
            Comparison.objects.filter(
                twin_version=comparison.twin_version_id,
                decisions__chosen_plan__isnull=False,
                decisions__amended_by__isnull=True,
            )
            .exclude(pk=comparison.pk)
            .select_related("twin_version")
            .defer("result", "twin_version__draws", "twin_version__course", "twin_version__fit")
            .order_by("-decisions__decided_at")
            .first()
        )
        decided = cls.of(found) if found is not None else None
        return None if decided is None or decided.refused else decided

    @property
    def open(self) -> bool:
        """Whether there is more to say than that it was signed or declined."""
        return self.replaced or not self.final

    @property
    def named(self) -> str:
        """The plan and its first dose on the ward's clock."""
        start = words.clock(self.first_dose, timezone.get_current_timezone()) if self.first_dose else ""
        return words.plan_title(self.plan, start) if self.plan else ""

    def title(self, zone: tzinfo) -> str:
        """The plan and its first dose, with date and zone, for what leaves the page."""
        start = words.clock_with_zone(self.first_dose, zone) if self.first_dose else ""
        return words.plan_title(self.plan, start) if self.plan else ""

    def sentence(self, zone: tzinfo) -> str:
        if self.letter:
            what = _("plan {letter} ({plan}) signed by {who} at {time}.")
        else:
            what = _("all plans declined by {who} at {time}.")
        time = words.clock_with_zone(self.at, zone)
        parts = [what.format(letter=self.letter, plan=self.title(zone), who=self.who, time=time)]
        if self.second:
            parts.append(_("Second signature: {answer}.").format(answer=self.second))
        if self.open:
            parts.append(f"{self.standing.upper()}.")
        parts.append(_("Reason: {reason}").format(reason=self.reason))
        parts += [_("Acknowledged: {text}").format(text=text) for text in self.acknowledged]
        return " ".join(parts)


def _second(answer: Any) -> str:
    if answer is None:
        return ""
    who = answer.decided_by.get_full_name() or answer.decided_by.get_username()
    if not answer.agreed:
        return _("refused by {who}: {reason}").format(who=who, reason=answer.reason)
    time = words.clock_with_zone(answer.decided_at, timezone.get_current_timezone())
    return _("{who} at {time}").format(who=who, time=time)


def _start(comparison: Comparison) -> datetime:
    """Where the course begins whose hours the plans count, without loading the course."""
    start = TwinVersion.objects.values_list("course__start", flat=True).get(pk=comparison.twin_version_id)
    return datetime.fromisoformat(start)

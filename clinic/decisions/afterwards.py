"""What was done after a plan was signed, beside what was advised."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.decisions.models import Decision
from clinic.twin_words.said import said
from twins.pharmacology.followed import AGAINST, Outcome, Step, Verdict, followed
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import hours_between, moment_at
from twins.quantities.dose import Dose
from twins.records.models import TwinVersion
from twins.samples.course import Course, Finding, FindingCode


@dataclass(frozen=True, slots=True)
class Row:
    """One dose, due or given, at its time."""

    at: datetime
    outcome: Outcome
    due: Dose | None
    given: Dose | None
    given_at: datetime | None

    @property
    def against(self) -> bool:
        return self.outcome in AGAINST


@dataclass(frozen=True, slots=True)
class Afterwards:
    """The doses since a plan was signed, up to `until`: the newest data, or when the plan was replaced."""

    rows: tuple[Row, ...]
    verdict: Verdict
    until: datetime
    sentence: str

    @property
    def finding(self) -> Finding | None:
        """Recommended but not followed; None where it was, or only the times differ, or nothing was due yet."""
        if self.verdict is Verdict.FOLLOWED or not any(row.against for row in self.rows):
            return None
        words = _("The signed plan was {verdict}: {doses}").format(
            verdict=said(self.verdict.value), doses=self.sentence
        )
        return Finding(FindingCode.DECISION_NOT_FOLLOWED, words)

    @classmethod
    def of(cls, decision: Decision, newest: Course) -> "Afterwards | None":
        """None where no plan was signed finally, or the newest data are older than that."""
        final_at = decision.final_at
        if decision.chosen_plan is None or final_at is None:
            return None
        start, from_h = _start_of(decision)
        shift = hours_between(start, newest.start)
        known = newest.until_h + shift
        later = decision.replaced_by
        replaced_at = later.final_at if later is not None else None
        until = known if replaced_at is None else min(known, hours_between(start, replaced_at))
        signed = hours_between(start, final_at)
        if until <= signed:
            return None
        given = [
            Dose(dose.start_h + shift, dose.amount_mg, dose.duration_h, dose.route, dose.source)
            for dose in newest.doses
        ]
        found = followed(
            Plan.from_json(decision.comparison.plans[decision.chosen_plan]),
            given,
            from_h=from_h,
            decided_h=signed,
            until_h=until,
        )
        return cls(
            rows=tuple(_row(step, start) for step in found.steps),
            verdict=found.verdict,
            until=moment_at(start, until),
            sentence=_sentence(found.count, len(found.steps)),
        )


def _start_of(decision: Decision) -> tuple[datetime, float]:
    """Where the course begins whose hours the plan counts, and where it ends, without loading the course."""
    start, until_h = TwinVersion.objects.values_list("course__start", "course__until_h").get(
        pk=decision.comparison.twin_version_id
    )
    return datetime.fromisoformat(start), until_h


def _row(step: Step, start: datetime) -> Row:
    given_at = moment_at(start, step.given.start_h) if step.given is not None else None
    return Row(moment_at(start, step.time_h), step.outcome, step.due, step.given, given_at)


def _sentence(count: Callable[[Outcome], int], total: int) -> str:
    """``of 3 doses, 1 as planned, 2 not given.``"""
    if not total:
        return _("no dose was due or given.")
    parts = ", ".join(f"{count(outcome)} {said(outcome.value)}" for outcome in Outcome if count(outcome))
    return ngettext("of {total} dose, {outcomes}.", "of {total} doses, {outcomes}.", total).format(
        total=total, outcomes=parts
    )

"""Is every decision as the audit trail knows it: not changed, not removed, not put in behind the trail's back?

The rows of decisions refuse every change, and whoever owns the database can switch that off. What was decided is named
by a digest in its audit event, and the chain of the events is held by its checkpoints (`manage.py verify_audit`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from clinic.audit.chain import FIELDS, link_hash
from clinic.audit.models import AuditEvent, Outcome, Stub
from clinic.decisions.models import Decision, SecondSignature

_FIRST = ("comparison.sign", "comparison.decline", "comparison.amend")
_SECOND = ("comparison.second_sign", "comparison.second_refuse")


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What was found. `removed` counts those whose events were removed at the end of their retention."""

    decisions: int
    seconds: int
    removed: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    number: int
    comparison: str
    comparison_digest: str
    content: str
    actor: str
    whole: bool


def witnessed() -> Witnessed:
    """Hold every decision and second signature against its event, and every event against its row."""
    pruned = Stub.objects.order_by("-sequence").values_list("recorded_until", flat=True).first()
    events = dict(_events(_FIRST, "decision"))
    answers = dict(_events(_SECOND, "second"))
    faults: list[str] = []
    removed = decisions = seconds = 0
    for decision in Decision.objects.select_related("comparison").defer("comparison__result").order_by("decided_at"):
        decisions += 1
        event = events.pop(str(decision.pk), None)
        if event is None and _is_before(decision.decided_at, pruned):
            removed += 1
        else:
            faults += _faults_of(f"decision {decision.pk}", decision, event)
            if decision.comparison.digest != decision.comparison_digest:
                faults.append(f"comparison {decision.comparison_id} is another than decision {decision.pk} was made on")
    for answer in SecondSignature.objects.select_related("decision").order_by("decided_at"):
        seconds += 1
        event = answers.pop(str(answer.pk), None)
        if event is None and _is_before(answer.decided_at, pruned):
            removed += 1
        else:
            faults += _faults_of(f"second signature {answer.pk}", answer, event)
    for what, left in (("decision", events), ("second signature", answers)):
        faults += [f"{what} {key} of event {event.number} is not there: removed" for key, event in left.items()]
    return Witnessed(decisions, seconds, removed, tuple(faults))


def _events(activities: tuple[str, ...], name: str) -> Iterator[tuple[str, _Event]]:
    found = AuditEvent.objects.filter(activity__in=activities, outcome=Outcome.SUCCESS).order_by("sequence")
    for row in found.values(*FIELDS, "hash").iterator():
        key = row["detail"].get(name)
        if key:
            yield (
                str(key),
                _Event(
                    number=row["sequence"],
                    comparison=row["entity_id"],
                    comparison_digest=row["entity_version"],
                    content=str(row["detail"].get("content", "")),
                    actor=row["actor"],
                    whole=link_hash(row) == row["hash"],
                ),
            )


def _faults_of(what: str, row: Decision | SecondSignature, event: _Event | None) -> list[str]:
    if event is None:
        return [f"{what} has no event: put in behind the trail's back"]
    decision = row if isinstance(row, Decision) else row.decision
    said = (event.content, event.comparison, event.comparison_digest, event.actor)
    stands = (row.digest(), str(decision.comparison_id), decision.comparison_digest, f"user-{row.decided_by_id}")
    if not event.whole:
        return [f"event {event.number}, which names {what}, was edited itself; see verify_audit"]
    if said != stands:
        return [f"{what} is not what event {event.number} names: it was changed"]
    return []


def _is_before(moment: datetime, pruned: datetime | None) -> bool:
    return pruned is not None and moment <= pruned

"""What a decision makes of the proposals: the chosen plan is active, the others are revoked, with the reason.

Who decided is named by the opaque key of the audit trail, never by name.
"""

from typing import Any

from clinic.access.actor import key_of
from clinic.decisions.models import Decision
from integrations.fhir.publish.naming import DECISION, person
from integrations.fhir.publish.proposals import Fate
from twins.records.models import Comparison

OVERTAKEN = Fate(
    status="revoked",
    notes=({"text": "A newer version of the twin was made from newer data; this plan can no longer be chosen."},),
)


def fates(decision: Decision, count: int) -> dict[int, Fate]:
    """What became of each of `count` plans."""
    note = {
        "authorReference": person(key_of(decision.decided_by)),
        "time": decision.decided_at.isoformat(),
        "text": decision.reason,
    }
    name = {"system": DECISION, "value": str(decision.pk)}
    chosen = Fate("active", "plan", (note,), (name,))
    other = Fate("revoked", "proposal", (note,), (name,))
    return {position: chosen if position == decision.chosen_plan else other for position in range(count)}


def overtaken(comparison: Comparison) -> dict[int, Fate]:
    return dict.fromkeys(range(len(comparison.plans)), OVERTAKEN)


def by_person(decision: Decision) -> dict[str, Any]:
    """The agent of the decision, for its Provenance."""
    return person(key_of(decision.decided_by))

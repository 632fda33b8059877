"""What a final decision makes of the proposals: the chosen plan is active, the others are revoked, with the reason.

Who decided is named by the opaque key of the audit trail, never by name. A decision that awaits a second signature
makes nothing of them: they stay drafts.
"""

from collections.abc import Iterable
from typing import Any

from clinic.access.actor import key_of
from clinic.decisions.models import Decision
from integrations.fhir.publish.forecasts import forecast_id
from integrations.fhir.publish.naming import DECISION, here, person
from integrations.fhir.publish.proposals import FIRST, Fate
from twins.records.models import Comparison

OVERTAKEN = Fate(
    status="revoked",
    notes=({"text": "A newer version of the twin was made from newer data; this plan can no longer be chosen."},),
)

OF_A_FORMER_MODEL = Fate(
    status="revoked",
    notes=({"text": "The drug is followed by another model now; this plan can no longer be chosen."},),
)


def fates(decision: Decision, count: int) -> dict[int, Fate]:
    """What became of each of `count` plans."""
    notes = tuple(_notes(decision))
    name = {"system": DECISION, "value": str(decision.pk)}
    earlier = replaced_plan(decision)
    taken = decision.comparison_id, decision.chosen_plan
    replaces = (
        (here("CarePlan", forecast_id(earlier.comparison, earlier.chosen_plan or 0)),)
        if earlier is not None and (earlier.comparison_id, earlier.chosen_plan) != taken
        else ()
    )
    chosen = Fate("active", "plan", notes, (name,), replaces)
    other = Fate("revoked", "proposal", notes, (name,))
    return {position: chosen if position == decision.chosen_plan else other for position in range(count)}


def replaced_plan(decision: Decision) -> Decision | None:
    """The decision whose signed plan `decision` ends."""
    earlier = decision.replaces
    return earlier if earlier is not None and earlier.chosen_plan is not None else None


def version_of(decision: Decision) -> str:
    """The version of its own comparison's proposals that `decision` makes: after those of the final ones before it."""
    before = _final(decision.comparison.decisions.filter(number__lt=decision.number))
    return str(int(FIRST) + 1 + len(before))


def version_elsewhere(ended: Decision) -> str:
    """The version of a plan that was signed by `ended` and replaced by a decision on another comparison."""
    return str(int(FIRST) + 1 + len(_final(ended.comparison.decisions.all())))


def ended(decision: Decision) -> Fate:
    """What becomes of a plan on another comparison that `decision` replaces."""
    note = {"text": "Replaced by a decision on another comparison.", "time": decision.decided_at.isoformat()}
    name = {"system": DECISION, "value": str(decision.pk)}
    return Fate("revoked", "plan", (note, *_notes(decision)), (name,))


def overtaken(comparison: Comparison, fate: Fate = OVERTAKEN) -> dict[int, Fate]:
    return dict.fromkeys(range(len(comparison.plans)), fate)


def by_person(decision: Decision) -> dict[str, Any]:
    """The agent of the decision, for its Provenance."""
    return person(key_of(decision.decided_by))


def verified_by(decision: Decision) -> dict[str, Any] | None:
    """Who signed second, if that was needed."""
    answer = decision.answer
    return person(key_of(answer.decided_by)) if answer is not None and answer.agreed else None


def _final(decisions: Iterable[Decision]) -> list[Decision]:
    return [decision for decision in decisions if decision.final_at is not None]


def _notes(decision: Decision) -> list[dict[str, Any]]:
    """The reason by whoever decided, and that a second person signed."""
    found = [
        {
            "authorReference": by_person(decision),
            "time": decision.decided_at.isoformat(),
            "text": decision.reason,
        }
    ]
    second, at = verified_by(decision), decision.final_at
    if second is not None and at is not None:
        found.append({"authorReference": second, "time": at.isoformat(), "text": "Second signature."})
    return found

"""A second signature that is waited for, as a Task: requested first; version 2 says what became of it.

Nothing else is published as a Task: a job of ours is asked for by whoever sent it, at the address that its 202 gave.
"""

from datetime import datetime
from typing import Any

from clinic.access.actor import key_of
from clinic.decisions.models import Decision
from integrations.fhir.publish.decisions import by_person, version_of
from integrations.fhir.publish.forecasts import forecast_id, instant
from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import CATEGORY, DECISION, concept, here, lasting_id, person

SECOND_SIGNATURE = "second-signature"
ASKED, ENDED = "1", "2"


def second_signature(
    decision: Decision, *, patient: str, ended_at: datetime | None = None, as_asked: bool = False
) -> Made:
    """The Task of a decision that needs another person's signature.

    Parameters
    ----------
    patient
        The reference to whom it is for.
    ended_at
        When another decision took its place, unanswered; the answer's own time where there is one.
    as_asked
        As it was when it was asked for, whatever came of it.
    """
    answer = None if as_asked else decision.answer
    plan = forecast_id(decision.comparison, decision.chosen_plan or 0)
    if answer is not None:
        status, ended_at = ("completed" if answer.agreed else "rejected"), answer.decided_at
    else:
        status = "requested" if ended_at is None else "cancelled"
    content: dict[str, Any] = {
        "resourceType": "Task",
        "identifier": [{"system": DECISION, "value": str(decision.pk)}],
        "status": status,
        "intent": "order",
        "priority": "urgent",
        "code": concept(CATEGORY, SECOND_SIGNATURE, "Second signature on a dosing plan"),
        "description": "A plan of a high-alert drug was signed; it is in force only when another person signs it too.",
        "focus": {"reference": here("CarePlan", plan)},
        "for": {"reference": patient},
        "authoredOn": instant(decision.decided_at),
        "lastModified": instant(ended_at or decision.decided_at),
        "requester": by_person(decision),
    }
    if answer is not None:
        content["owner"] = person(key_of(answer.decided_by))
        if not answer.agreed:
            content["statusReason"] = {"text": answer.reason}
        else:
            result = here("CarePlan", plan, version_of(decision))
            content["output"] = [
                {
                    "type": concept(CATEGORY, "signed-plan", "The plan that is in force"),
                    "valueReference": {"reference": result},
                }
            ]
    return Made(
        lasting_id(SECOND_SIGNATURE, decision.pk),
        ASKED if status == "requested" else ENDED,
        content,
        decision.comparison.twin_version.subject_id,
        decision.decided_at,
    )

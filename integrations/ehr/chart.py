"""A signed decision as the resources that go into the chart: a CarePlan, and the note as a DocumentReference."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from clinic.decisions.models import Decision
from integrations.codes import ucum
from integrations.codes.drugs import DRUGS
from integrations.codes.us_core import ASSESS_PLAN, CLINICAL_NOTE
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.clock import moment_at
from twins.records.twins import course_of

IDENTIFIERS = "urn:ietf:rfc:3986"
RESOURCE_TYPES = ("CarePlan", "DocumentReference")
"""What is sent, in this order."""
_LOINC = "http://loinc.org"
_PROGRESS_NOTE = "11506-3"
"""LOINC: Progress note, one of the note types of US Core."""

Json = dict[str, Any]


def identifier(decision_id: UUID, resource_type: str) -> str:
    """Our identifier of a resource: the same for a decision whenever it is asked for."""
    return f"urn:uuid:{uuid5(decision_id, resource_type)}"


def write(decision: Decision, resource_type: str, *, patient: str, note: str) -> str:
    """The JSON of one resource of `decision`.

    Parameters
    ----------
    patient
        Reference to the patient at the chart's own server, ``Patient/123``.
    note
        The plain-text note.
    """
    made = _care_plan(decision) if resource_type == "CarePlan" else _document(decision, note)
    identifiers = [{"system": IDENTIFIERS, "value": identifier(decision.pk, resource_type)}]
    whole = {"resourceType": resource_type, "identifier": identifiers, **made, "subject": {"reference": patient}}
    return json.dumps(whole, ensure_ascii=False)


def _care_plan(decision: Decision) -> Json:
    """What was chosen, as a plan: it advises, and orders nothing."""
    comparison = decision.comparison
    earlier = _replaced(decision)
    plan = Plan.from_json(comparison.plans[decision.chosen_plan])
    regimen = plan.regimen
    drug = comparison.twin_version.drug
    start = moment_at(course_of(comparison.twin_version).start, regimen.start_h) if regimen else None
    detail: Json = {
        "kind": "MedicationRequest",
        "status": "not-started",
        "doNotPerform": regimen is None,
        "productCodeableConcept": _drug(drug),
        "description": plan.sentence(),
    }
    if regimen is not None and start is not None:
        detail |= {"scheduledTiming": _timing(regimen, start), "quantity": _quantity(regimen.amount_mg)}
    return {
        "status": "active",
        "intent": "plan",
        "category": [ASSESS_PLAN],
        "title": f"{drug.capitalize()}: {plan.sentence()}",
        "description": "Chosen by a clinician among plans that Patient Twin compared. It advises; it is no order.",
        "period": {"start": _instant(start or decision.decided_at)},
        "created": _instant(decision.decided_at),
        "author": {"display": _name(decision)},
        "activity": [{"detail": detail}],
        "note": [
            {"authorString": _name(decision), "time": _instant(decision.decided_at), "text": decision.reason},
            *_second(decision),
        ],
        **({"replaces": [_named(earlier, "CarePlan")]} if earlier is not None else {}),
    }


def _second(decision: Decision) -> list[Json]:
    """That another person signed too, where one was needed."""
    answer = decision.answer
    if answer is None:
        return []
    who = answer.decided_by.get_full_name() or answer.decided_by.get_username()
    return [{"authorString": who, "time": _instant(answer.decided_at), "text": "Second signature."}]


def _named(decision: Decision, resource_type: str) -> Json:
    """A reference to what was sent of another decision, by the identifier that it has there."""
    value = identifier(decision.pk, resource_type)
    return {"type": resource_type, "identifier": {"system": IDENTIFIERS, "value": value}}


def _replaced(decision: Decision) -> Decision | None:
    """The signed decision that `decision` replaces."""
    earlier = decision.replaces
    return earlier if earlier is not None and earlier.chosen_plan is not None else None


def _timing(regimen: Regimen, start: datetime) -> Json:
    repeat: Json = {"boundsPeriod": {"start": _instant(start)}, "frequency": 1}
    repeat |= {"period": _plain(regimen.interval_h), "periodUnit": "h"}
    if regimen.duration_h:
        repeat |= {"duration": _plain(regimen.duration_h), "durationUnit": "h"}
    return {"repeat": repeat}


def _document(decision: Decision, note: str) -> Json:
    content = note.encode()
    earlier = _replaced(decision)
    relates = [{"code": "replaces", "target": _named(earlier, "DocumentReference")}] if earlier is not None else []
    return {
        **({"relatesTo": relates} if relates else {}),
        "status": "current",
        "docStatus": "final",
        "type": {
            "coding": [{"system": _LOINC, "code": _PROGRESS_NOTE, "display": "Progress note"}],
            "text": "Dosing decision",
        },
        "category": [CLINICAL_NOTE],
        "date": _instant(decision.decided_at),
        "author": [{"display": _name(decision)}],
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "data": base64.b64encode(content).decode(),
                    "size": len(content),
                    # FHIR R4 has SHA-1 here, against accidents, not against attackers.
                    "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
                    "title": "Dosing decision",
                    "creation": _instant(decision.decided_at),
                }
            }
        ],
        "context": {
            "related": [{"identifier": {"system": IDENTIFIERS, "value": identifier(decision.pk, "CarePlan")}}],
        },
    }


def _drug(name: str) -> Json:
    """The drug by its codes and its name."""
    coding = [{"system": system, "code": code} for (system, code), known in DRUGS.items() if known == name]
    return {"coding": coding, "text": name} if coding else {"text": name}


def _quantity(amount_mg: float) -> Json:
    return {"value": _plain(amount_mg), "unit": "mg", "system": ucum.SYSTEM, "code": "mg"}


def _plain(value: float) -> int | float:
    """1000 rather than 1000.0: a precision that nobody claimed."""
    return int(value) if value == int(value) else value


def _name(decision: Decision) -> str:
    return decision.decided_by.get_full_name() or decision.decided_by.get_username()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

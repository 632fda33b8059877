"""One link of the audit chain as an AuditEvent."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from clinic.audit.models import AuditEvent
from integrations.fhir.balp.agents import NAME, agents, purpose
from integrations.fhir.balp.asked import asked
from integrations.fhir.balp.entities import entities, subjects
from integrations.fhir.balp.kind import interaction, subtypes, type_of
from integrations.fhir.balp.profiles import profiles

_SOURCE = {
    "observer": {"display": NAME},
    "type": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
            "code": "4",
            "display": "Application Server",
        }
    ],
}


def audit_event(event: AuditEvent, patients: Mapping[str, str]) -> dict[str, Any]:
    """The resource; `patients` maps the subject keys that the event names to the ids of Patients here."""
    recorded = event.recorded.astimezone(UTC).isoformat(timespec="microseconds")
    address = event.detail.get("address", "")
    address = address if isinstance(address, str) else ""
    here, door, _ = address.partition("/fhir")
    actors = agents(event, here + door)
    request = asked(event, address) if interaction(event).startswith("search") else None
    kept = profiles(event, actors, request)
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(event.sequence),
        "meta": {"versionId": "1", "lastUpdated": recorded, **({"profile": kept} if kept else {})},
        "type": type_of(event.activity, about_patients=bool(subjects(event))),
        "subtype": subtypes(event),
        "action": event.action,
        "recorded": recorded,
        "outcome": event.outcome,
        "agent": actors,
        "source": _SOURCE,
        "entity": list(entities(event, patients, request)),
    }
    if reasons := purpose(event):
        resource["purposeOfEvent"] = reasons
    return resource

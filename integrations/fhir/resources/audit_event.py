"""AuditEvent: the audit chain, link by link."""

import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import msgspec
from django.db.models import Q

from clinic.audit.models import AuditEvent, ChainHead
from clinic.patients.models import Patient
from integrations.fhir import visible
from integrations.fhir.elements import Token, at, moments
from integrations.fhir.identity import server_id
from integrations.fhir.narrow import patients_named, updated
from integrations.fhir.parameters import Criterion, Kind, Parameter
from integrations.fhir.resources.computed import Computed
from integrations.fhir.resources.served import Budget, Key, Order, Served

ACTIVITY_SYSTEM = "urn:patient-twin:activity"
_DEFINED = "http://hl7.org/fhir/SearchParameter/"
_REST = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
_RECORD = {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110110", "display": "Patient Record"}
_USE = {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110100", "display": "Application Activity"}
_INTERACTIONS = {"fhir.read": "read", "fhir.vread": "vread", "fhir.search": "search-type"}
_BATCH = 200
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def _actors(resource: dict[str, Any]) -> Iterator[Token]:
    for agent in resource["agent"]:
        yield Token(None, agent["altId"])


def _activities(resource: dict[str, Any]) -> Iterator[Token]:
    for coding in resource["subtype"]:
        yield Token(coding["system"], coding["code"])


class AuditEventType(Computed):
    """One resource for each event; its id is the event's number."""

    name = "AuditEvent"
    parameters = (
        Parameter(
            "patient", Kind.REFERENCE, "Whose data", definition=f"{_DEFINED}AuditEvent-patient", targets=("Patient",)
        ),
        Parameter("date", Kind.DATE, "When", moments("recorded"), definition=f"{_DEFINED}AuditEvent-date"),
        Parameter("action", Kind.TOKEN, "C, R, U, D or E", at("action"), definition=f"{_DEFINED}AuditEvent-action"),
        Parameter("outcome", Kind.TOKEN, "0, 4 or 8", at("outcome"), definition=f"{_DEFINED}AuditEvent-outcome"),
        Parameter("altid", Kind.TOKEN, "Key of the actor", _actors, definition=f"{_DEFINED}AuditEvent-altid"),
        Parameter("subtype", Kind.TOKEN, "The activity", _activities, definition=f"{_DEFINED}AuditEvent-subtype"),
    )

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        if not (identifier.isascii() and identifier.isdigit() and len(identifier) < 18) or version not in (None, "1"):
            return None
        event = AuditEvent.objects.filter(pk=int(identifier)).first()
        return _event(event, _patients([event]))[1] if event and str(event.pk) == identifier else None

    def end(self) -> tuple[int]:
        """The search itself is recorded, page by page, and would never reach its own end."""
        return (ChainHead.objects.values_list("sequence", flat=True).get(pk=1),)

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order = Order(),  # noqa: B008 - a frozen value
        after: Key | None = None,
        until: Key | None = None,
        reach: Any = None,
        first: int = 0,  # noqa: ARG002
        budget: Budget | None = None,
    ) -> Iterator[Served]:
        newest_first = order.descending
        allowed = visible.criteria(reach, self)
        if allowed is None:
            return
        rows = AuditEvent.objects.filter(_narrow(criteria), _of(reach))
        if until is not None:
            rows = rows.filter(sequence__lte=int(until[0]))
        while True:
            left = rows
            if after is not None:
                left = rows.filter(**{"sequence__lt" if newest_first else "sequence__gt": int(after[0])})
            batch = list(left.order_by("-sequence" if newest_first else "sequence")[:_BATCH])
            patients = _patients(batch)
            for event in batch:
                if budget is not None:
                    if budget.left == 0:
                        budget.stopped_at = after
                        return
                    budget.left -= 1
                after = (event.sequence,)
                resource, served = _event(event, patients)
                found = all(criterion.answered_by(resource) for criterion in criteria)
                if found and visible.answers(allowed, resource):
                    yield served
            if len(batch) < _BATCH:
                return


def _narrow(criteria: tuple[Criterion, ...]) -> Q:
    narrow = Q()
    for criterion in criteria:
        name, values = criterion.parameter.name, criterion.alternatives
        if criterion.modifier:
            continue
        if name == "_id":
            numbers = [value.code for value in values if value.code and value.code.isascii() and value.code.isdigit()]
            narrow &= Q(sequence__in=[int(number) for number in numbers if len(number) < 18])
        elif name == "_lastUpdated":
            narrow &= updated(values, "recorded")
        elif name == "patient":
            one = Q(pk__in=[])
            for subject in patients_named(criterion).values_list("subject_id", flat=True):
                one |= Q(subject_key=str(subject)) | Q(detail__subjects__icontains=str(subject))
            narrow &= one
        elif name in ("action", "outcome") and all(value.code for value in values):
            narrow &= Q(**{f"{name}__in": [value.code for value in values]})
        elif name == "altid" and all(value.code for value in values):
            narrow &= Q(actor__in=[value.code for value in values])
    return narrow


def _of(reach: Any) -> Q:
    """The events about the subjects that the caller may see; the chain keeps subjects as text."""
    narrower = visible.of(reach, "AuditEvent")
    if narrower is None or narrower.everyone:
        return Q()
    return Q(subject_key__in=visible.subject_keys(narrower))


def _patients(events: list[AuditEvent]) -> dict[str, str]:
    """Subject key to the Patient's id here, for all that the events name."""
    keys = {subject for event in events for subject in _subjects(event) if _UUID.fullmatch(subject)}
    found = Patient.objects.filter(pk__in=keys).values_list("subject_id", "source_key")
    return {str(subject): server_id(key) for subject, key in found}


def _subjects(event: AuditEvent) -> list[str]:
    several = event.detail.get("subjects", [])
    return [event.subject_key] if event.subject_key else [key for key in several if isinstance(key, str)]


def _event(event: AuditEvent, patients: dict[str, str]) -> tuple[dict[str, Any], Served]:
    recorded = event.recorded.astimezone(UTC)
    over_rest = event.activity.startswith("fhir.")
    subtypes = [{"system": ACTIVITY_SYSTEM, "code": event.activity}]
    if event.activity in _INTERACTIONS:
        subtypes.append({"system": "http://hl7.org/fhir/restful-interaction", "code": _INTERACTIONS[event.activity]})
    agent: dict[str, Any] = {"altId": event.actor, "requestor": True}
    if event.actor_roles:
        agent["role"] = [{"text": role} for role in event.actor_roles]
    if event.client:
        agent["network"] = {"address": event.client, "type": "2"}
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(event.sequence),
        "meta": {"versionId": "1", "lastUpdated": recorded},
        "type": _REST if over_rest else _RECORD if _subjects(event) else _USE,
        "subtype": subtypes,
        "action": event.action,
        "recorded": recorded.isoformat(timespec="microseconds"),
        "outcome": event.outcome,
        "agent": [agent],
        "source": {"observer": {"display": "Patient Twin"}},
        "entity": list(_entities(event, patients)),
    }
    if event.purpose:
        purpose = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": event.purpose}
        resource["purposeOfEvent"] = [{"coding": [purpose]}]
    body = msgspec.json.encode(resource)
    subject = event.subject_key
    return resource, Served("AuditEvent", str(event.sequence), "1", event.recorded, body, (event.sequence,), subject)


def _entities(event: AuditEvent, patients: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Whose data it was; what exactly; and the event's place in the chain."""
    for subject in _subjects(event):
        what: dict[str, Any] = {"identifier": {"system": "urn:patient-twin:subject", "value": subject}}
        if subject in patients:
            what["reference"] = f"Patient/{patients[subject]}"
        yield {"what": what, "type": _entity_type("1", "Person"), "role": _role("1", "Patient")}
    if event.entity_id:
        version = f", version {event.entity_version}" if event.entity_version else ""
        yield {
            "what": {"identifier": {"value": event.entity_id}},
            "type": _entity_type("2", "System Object"),
            "role": _role("4", "Domain Resource"),
            "name": event.entity_type or "entity",
            "description": f"{event.entity_type} {event.entity_id}{version}".strip(),
        }
    yield {
        "what": {"identifier": {"system": "urn:patient-twin:audit-chain", "value": event.hash}},
        "type": _entity_type("2", "System Object"),
        "name": "link of the audit chain",
        "detail": [
            {"type": "previous hash", "valueString": event.previous_hash},
            *([{"type": "request", "valueString": event.request_id}] if event.request_id else []),
        ],
    }


def _entity_type(number: str, display: str) -> dict[str, str]:
    return {"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": number, "display": display}


def _role(number: str, display: str) -> dict[str, str]:
    return {"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": number, "display": display}


AUDIT_EVENT = AuditEventType()

"""AuditEvent: the audit chain, link by link."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from django.db.models import Q

from clinic.audit.models import AuditEvent, ChainHead
from clinic.patients.models import Patient
from integrations.fhir import visible
from integrations.fhir.balp import finding
from integrations.fhir.balp.entities import subjects
from integrations.fhir.balp.event import audit_event
from integrations.fhir.balp.profiles import PROFILES
from integrations.fhir.elements import at, moments
from integrations.fhir.identity import server_id
from integrations.fhir.parameters import Criterion, Kind, Parameter
from integrations.fhir.resources.computed import Computed
from integrations.fhir.resources.served import BY_UPDATE, Budget, Key, Order, Served

_DEFINED = "http://hl7.org/fhir/SearchParameter/AuditEvent-"
_BATCH = 200
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_PEOPLE = ("Practitioner", "Organization", "Device", "Patient")


def _parameter(name: str, kind: Kind, documentation: str, *paths: str, targets: tuple[str, ...] = ()) -> Parameter:
    return Parameter(name, kind, documentation, at(*paths), definition=f"{_DEFINED}{name}", targets=targets)


def _whose(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (entity["what"] for entity in resource["entity"] if entity.get("role", {}).get("display") == "Patient")


class AuditEventType(Computed):
    """One resource for each event; its id is the event's number."""

    name = "AuditEvent"
    profiles = PROFILES
    orders = (BY_UPDATE, "date")
    """One and the same: an event is recorded once, in the order of the chain."""
    parameters = (
        Parameter(
            "patient", Kind.REFERENCE, "Whose data", _whose, definition=f"{_DEFINED}patient", targets=("Patient",)
        ),
        Parameter("date", Kind.DATE, "When", moments("recorded"), definition=f"{_DEFINED}date"),
        _parameter("action", Kind.TOKEN, "C, R, U, D or E", "action"),
        _parameter("outcome", Kind.TOKEN, "0, 4 or 8", "outcome"),
        _parameter("type", Kind.TOKEN, "rest, or a code of DICOM", "type"),
        _parameter("subtype", Kind.TOKEN, "The activity, or the interaction", "subtype"),
        _parameter("agent", Kind.REFERENCE, "Who; a user or client by :identifier", "agent.who", targets=_PEOPLE),
        _parameter("agent-role", Kind.TOKEN, "A role held at that moment", "agent.role"),
        _parameter("altid", Kind.TOKEN, "Key of the actor", "agent.altId"),
        _parameter("address", Kind.STRING, "Network address of an agent", "agent.network.address"),
        _parameter("policy", Kind.URI, "The token: urn:ietf:params:oauth:jti:…", "agent.policy"),
        _parameter("entity", Kind.REFERENCE, "What was shown or written", "entity.what"),
        _parameter("entity-type", Kind.TOKEN, "1 a person, 2 an object, or a type of resource", "entity.type"),
        _parameter("entity-role", Kind.TOKEN, "1 the patient, 4 a resource, 24 a query", "entity.role"),
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
        rows = AuditEvent.objects.filter(finding.narrow(criteria), _of(reach))
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
                if all(one.answered_by(resource) for one in criteria) and visible.answers(allowed, resource):
                    yield served
            if len(batch) < _BATCH:
                return


def _of(reach: Any) -> Q:
    """The events about the subjects that the caller may see; the chain keeps subjects as text."""
    narrower = visible.of(reach, "AuditEvent")
    if narrower is None or narrower.everyone:
        return Q()
    return Q(subject_key__in=visible.subject_keys(narrower))


def _patients(events: list[AuditEvent]) -> dict[str, str]:
    """Subject key to the Patient's id here, for all that the events name."""
    keys = {subject for event in events for subject in subjects(event) if _UUID.fullmatch(subject)}
    found = Patient.objects.filter(pk__in=keys).values_list("subject_id", "source_key")
    return {str(subject): server_id(key) for subject, key in found}


def _event(event: AuditEvent, patients: dict[str, str]) -> tuple[dict[str, Any], Served]:
    resource = audit_event(event, patients)
    body = msgspec.json.encode(resource)
    number = event.sequence
    return resource, Served("AuditEvent", str(number), "1", event.recorded, body, (number,), event.subject_key)


AUDIT_EVENT = AuditEventType()

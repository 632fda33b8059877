"""Notifications as Bundles of type history, the status first, as the backport guide has them on R4."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import msgspec

from clinic.patients.models import Patient
from integrations.fhir.authentication import Caller
from integrations.fhir.identity import server_id
from integrations.fhir.interactions.bundled import bundle_of
from integrations.fhir.resources.served import Served
from integrations.fhir.subscriptions.backport import STATUS_PROFILE, Content, Kind
from integrations.fhir.subscriptions.models import Event, Subscriber
from integrations.fhir.subscriptions.published import published
from integrations.fhir.subscriptions.right import may_hear, seen
from integrations.fhir.subscriptions.topics import TOPIC


@dataclass(frozen=True, slots=True)
class Notification:
    """A Bundle, and what it tells of whom."""

    body: bytes
    shown: list[Served] = field(default_factory=list)
    subjects: frozenset[str] = frozenset()


def notification(
    subscriber: Subscriber, kind: Kind, events: Sequence[Event] = (), *, caller: Caller, content: str = ""
) -> Notification:
    """The Bundle of that kind with these events, told as far as `caller` may read now.

    An event that has a number and is no longer within reach keeps its number and tells nothing else.
    """
    told = content or subscriber.content
    parts: list[dict[str, Any]] = []
    entries: dict[str, Served] = {}
    subjects = set()
    for event in events:
        part = [_said("event-number", "String", str(event.number)), _said("timestamp", "Instant", _instant(event))]
        if told != Content.EMPTY and may_hear(caller, event, subscriber.topic):
            named = {f"{one.resource_type}/{one.id}": one for one in _about(event, caller)}
            part += _references(event, list(named), subscriber.base)
            entries |= named
            subjects |= {str(event.subject_id)} if event.subject_id else set()
        parts.append({"name": "notification-event", "part": part})
    status = _entry_of_status(subscriber, status_of(subscriber, kind, parts))
    full = told == Content.FULL
    others = [_entry(subscriber.base, name, one if full else None) for name, one in entries.items()]
    shown = list(entries.values()) if full else []
    return Notification(bundle_of("history", [status, *others]), shown, frozenset(subjects))


def status_of(subscriber: Subscriber, kind: Kind, events: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The Parameters that say how a subscription stands."""
    error = {"name": "error", "valueCodeableConcept": {"text": subscriber.error}}
    return {
        "resourceType": "Parameters",
        "id": str(uuid.uuid4()),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": [
            _said("subscription", "Reference", {"reference": f"{subscriber.base}Subscription/{subscriber.identifier}"}),
            _said("topic", "Canonical", TOPIC + subscriber.topic),
            _said("status", "Code", subscriber.state),
            _said("type", "Code", kind.value),
            _said("events-since-subscription-start", "String", str(subscriber.last_number)),
            *events,
            *([error] if subscriber.error else []),
        ],
    }


def _about(event: Event, caller: Caller) -> list[Served]:
    """What the event is about, as far as it is there and the caller may read it; and its patient."""
    names = published(event.about)
    found = seen(caller, names)
    if not any(resource_type == "Observation" for resource_type, _ in names):
        found = found[:1]  # the other names are what the same thing is called elsewhere
    patient = Patient.objects.filter(pk=event.subject_id).first() if event.subject_id else None
    return found + (seen(caller, [["Patient", server_id(patient.source_key)]]) if patient else [])


def _references(event: Event, names: list[str], base: str) -> list[dict[str, Any]]:
    """The focus, and with it the context; where nothing else can be read, the patient is the focus."""
    if event.named:
        return [_said("focus", "Reference", {"identifier": event.named})]
    return [
        _said("additional-context" if place else "focus", "Reference", {"reference": f"{base}{name}"})
        for place, name in enumerate(names)
    ]


def _entry_of_status(subscriber: Subscriber, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{status['id']}",
        "resource": status,
        "request": {"method": "GET", "url": f"{subscriber.base}Subscription/{subscriber.identifier}/$status"},
        "response": {"status": "200"},
    }


def _entry(base: str, name: str, served: Served | None) -> dict[str, Any]:
    return {
        "fullUrl": f"{base}{name}",
        **({"resource": msgspec.Raw(served.body)} if served is not None else {}),
        "request": {"method": "GET", "url": name},
        "response": {"status": "200"},
    }


def _said(name: str, kind: str, value: Any) -> dict[str, Any]:
    return {"name": name, f"value{kind}": value}


def _instant(event: Event) -> str:
    return event.happened.astimezone(UTC).isoformat(timespec="milliseconds")

"""What a notification of a subscription says (Subscriptions R5 Backport 1.1.0, R4).

Source: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html. A notification is a ``history`` Bundle
whose first entry is the status, as Parameters.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

KINDS = frozenset({"handshake", "heartbeat", "event-notification", "query-status", "query-event"})


class NotificationError(ValueError):
    """A payload that is no notification; names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number, and the reference to what it is about; empty where the notification does not say."""

    number: int
    focus: str


@dataclass(frozen=True, slots=True)
class Told:
    """One notification. `total` counts the events since the subscription began, where it is said."""

    kind: str
    status: str
    topic: str
    total: int | None
    events: tuple[Event, ...]
    enclosed: frozenset[str]
    """Full URLs, and ``Type/id``, of the resources that came with it."""

    @property
    def first(self) -> int:
        return min((event.number for event in self.events), default=0)

    @property
    def last(self) -> int:
        return max((event.number for event in self.events), default=0)


def read_notification(content: bytes) -> Told:
    """The notification in `content`.

    Raises
    ------
    NotificationError
        If it is none.
    """
    try:
        bundle = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotificationError(f"the payload is not JSON ({error}); send a Bundle of type history") from error
    entries = bundle.get("entry") if isinstance(bundle, dict) and bundle.get("resourceType") == "Bundle" else None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise NotificationError("the payload is no Bundle with entries; send a notification")
    status = entries[0].get("resource")
    if not isinstance(status, dict) or status.get("resourceType") != "Parameters":
        raise NotificationError("the first entry is no Parameters with the status of the subscription; send it first")
    values = _values(status.get("parameter"))
    kind = values.get("type")
    if kind not in KINDS:
        raise NotificationError(f"type is {str(kind)[:40]!r}; send one of {', '.join(sorted(KINDS))}")
    return Told(
        kind=kind,
        status=str(values.get("status", "")),
        topic=str(values.get("topic", "")),
        total=_number(values["events-since-subscription-start"], "events-since-subscription-start")
        if "events-since-subscription-start" in values
        else None,
        events=tuple(_events(status.get("parameter"))),
        enclosed=frozenset(_enclosed(entries[1:])),
    )


def _values(parameters: Any) -> dict[str, Any]:
    """Name to value of those parameters that have one."""
    found: dict[str, Any] = {}
    for item in parameters if isinstance(parameters, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            value = next((value for key, value in item.items() if key.startswith("value")), None)
            if value is not None:
                found[item["name"]] = value
    return found


def _events(parameters: Any) -> list[Event]:
    found = []
    for item in parameters if isinstance(parameters, list) else ():
        if isinstance(item, dict) and item.get("name") == "notification-event":
            parts = _values(item.get("part"))
            focus = parts.get("focus")
            reference = focus.get("reference") if isinstance(focus, dict) else None
            number = _number(parts.get("event-number"), "event-number")
            found.append(Event(number, reference if isinstance(reference, str) else ""))
    return found


def _number(value: Any, name: str) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 16) or isinstance(value, bool):
        raise NotificationError(f"{name} is {text[:40]!r}; send a whole number")
    return int(text)


def _enclosed(entries: list[dict[str, Any]]) -> list[str]:
    names = []
    for entry in entries:
        resource = entry.get("resource")
        if isinstance(resource, dict):
            names.append(f"{resource.get('resourceType')}/{resource.get('id')}")
            if isinstance(entry.get("fullUrl"), str):
                names.append(entry["fullUrl"])
    return names

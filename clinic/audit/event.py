"""Append one event to the audit chain. The only way in: nothing else writes the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from clinic.audit.chain import FIELDS, link_hash
from clinic.audit.models import Action, AuditEvent, ChainHead, Outcome
from clinic.audit.turn import appending


class AuditWriteError(RuntimeError):
    """The event could not be written, so what it stands for must not happen."""


class AuditDetailError(ValueError):
    """A detail that would not read back from every database as it was written; names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an opaque key, the roles held at that moment, the request and the network address it came from.

    `purpose` is what for, where an event says nothing else: a code of v3-ActReason. On a page it is that of the page's
    permission (`clinic.access.gate.PURPOSES`); work without a page is for treatment unless it says otherwise.
    """

    key: str
    roles: tuple[str, ...] = ()
    request_id: str = ""
    client: str = ""
    purpose: str = "TREAT"


SYSTEM = Actor("system")
"""Scheduled work, which no person asked for."""

STRANGER = Actor("stranger")
"""One who did not say who they are."""


def record(
    *,
    by: Actor,
    action: Action,
    activity: str,
    outcome: Outcome = Outcome.SUCCESS,
    subject_key: object = "",
    entity_type: str = "",
    entity_id: object = "",
    entity_version: str = "",
    purpose: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append an event and move the chain's head, in one transaction; returns the event.

    Call it inside the transaction of what it records, so that both are kept or neither. `detail` holds keys and counts,
    never names or clinical content; texts, whole numbers, booleans and None only, since a float is not read back digit
    for digit by every database.

    Raises
    ------
    AuditDetailError
        `detail` holds something else.
    AuditWriteError
        The database refused; nothing was written, and the caller must not go on.
    """
    fields: dict[str, Any] = {
        "action": Action(action).value,
        "activity": activity,
        "outcome": Outcome(outcome).value,
        "actor": by.key,
        "actor_roles": [_storable(role) for role in by.roles],
        "subject_key": str(subject_key or ""),
        "entity_type": entity_type,
        "entity_id": str(entity_id or ""),
        "entity_version": entity_version,
        "purpose": by.purpose if purpose is None else purpose,
        "request_id": by.request_id,
        "client": by.client,
    }
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = _fitting(name, value)
    fields["detail"] = _plain(dict(detail or {}), "detail")
    try:
        with appending():
            head = ChainHead.objects.select_for_update().get(pk=1)
            fields["sequence"] = head.sequence + 1
            fields["recorded"] = timezone.now()
            fields["previous_hash"] = head.hash
            event = AuditEvent(**{name: fields[name] for name in FIELDS}, hash=link_hash(fields))
            event.save(force_insert=True)
            head.sequence, head.hash = event.sequence, event.hash
            head.save(update_fields=["sequence", "hash"])
    except (DatabaseError, ChainHead.DoesNotExist) as error:
        raise AuditWriteError(f"the audit event {activity} could not be written: {error}") from error
    return event


def _fitting(name: str, value: str) -> str:
    """The text cut to its column and freed of what a database refuses: no client stops its audit by a long name."""
    value = _storable(value)
    limit = AuditEvent._meta.get_field(name).max_length or len(value)
    return value if len(value) <= limit else value[: limit - 1] + "…"


def _storable(value: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL refuses."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _storable(str(value))
    if isinstance(value, Mapping):
        return {_storable(str(key)): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(item, f"{where}[{place}]") for place, item in enumerate(items)]
    raise AuditDetailError(f"{where} is a {type(value).__name__}; write it as text or a whole number")

"""The links of the audit chain: each row's SHA-256 covers all its fields and the hash of the row before."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

GENESIS = hashlib.sha256(b"patient twin: audit chain, before the first event").hexdigest()
"""What the first event names as the hash before it."""

FIELDS = (
    "sequence",
    "recorded",
    "action",
    "activity",
    "outcome",
    "actor",
    "actor_roles",
    "subject_key",
    "entity_type",
    "entity_id",
    "entity_version",
    "purpose",
    "request_id",
    "client",
    "detail",
    "previous_hash",
)
"""Every column of an event but its own hash."""


def instant(moment: datetime) -> str:
    """A moment in UTC, to the µs, as it is hashed."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def link_hash(fields: dict[str, Any]) -> str:
    """SHA-256, in hex, of an event's fields as canonical JSON: sorted keys, no spaces, instants in UTC to the µs.

    Parameters
    ----------
    fields
        A value for each of `FIELDS`; `recorded` is a timezone-aware datetime.
    """
    content = {name: fields[name] for name in FIELDS}
    content["recorded"] = instant(fields["recorded"])
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()

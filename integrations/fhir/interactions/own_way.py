"""Types that are more than a record: writing one does something, so each is written in its own way, and by itself."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.ways import BEFOREHAND, OWN_WAY
from integrations.fhir.outcome import Refusal

_decode = msgspec.json.Decoder().decode


def prepared(ask: Ask) -> Ask:
    """The request with what has to be found out before the database is held for it; call it outside a transaction."""
    found = dict(ask.beforehand)
    for name, find in BEFOREHAND.items():
        if name.encode() in ask.body and (ask.caller.covers(name, "c") or ask.caller.covers(name, "u")):
            found |= find([one for one in _bodies(ask.body) if one.get("resourceType") == name])
    return replace(ask, beforehand=found) if found else ask


def _bodies(body: bytes) -> Iterator[dict[str, Any]]:
    """The resource, and those of its entries; what cannot be read is refused where it is to be written."""
    try:
        data = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if not isinstance(data, dict):
        return
    yield data
    entries = data.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def check_no_own_way(ask: Ask) -> None:
    """Raise 422 for a type that an entry of a transaction cannot write."""
    if ask.resource_type in OWN_WAY:
        raise Refusal(
            422,
            "not-supported",
            f"no {ask.resource_type} is written in a transaction; send it by itself, or in a batch",
            expression="Bundle.entry",
        )

"""Bundles as they leave: resources go in as the bytes they are."""

import uuid
from typing import Any

import msgspec


def bundle_of(
    kind: str, entries: list[dict[str, Any]], *, links: list[dict[str, str]] | None = None, total: int | None = None
) -> bytes:
    """The JSON of a Bundle of that type; an empty one has no entry, which FHIR forbids to be empty."""
    bundle: dict[str, Any] = {"resourceType": "Bundle", "id": str(uuid.uuid4()), "type": kind}
    if total is not None:
        bundle["total"] = total
    if links:
        bundle["link"] = links
    if entries:
        bundle["entry"] = entries
    return msgspec.json.encode(bundle)


def response_of(kind: str, entries: list[dict[str, Any]]) -> bytes:
    """The JSON of the answer to a batch or transaction; what two entries answer with has its address at the first of
    them alone, since a Bundle names nothing twice (bdl-7)."""
    named: set[str] = set()
    for entry in entries:
        name = entry.get("fullUrl", "")
        if name in named:
            del entry["fullUrl"]
        elif name:
            named.add(name)
    return bundle_of(kind, entries)

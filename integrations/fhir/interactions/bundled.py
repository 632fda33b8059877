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

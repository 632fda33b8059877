"""A page of a search as a searchset Bundle; resources go in as the bytes they are."""

import uuid
from typing import Any

import msgspec

from integrations.fhir.search import Page


def searchset(page: Page, base: str) -> bytes:
    """The Bundle's JSON; `base` is the door's address with a slash at its end."""
    links = [{"relation": "self", "url": page.self_link}]
    if page.next_link is not None:
        links.append({"relation": "next", "url": page.next_link})
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "searchset",
        "link": links,
        "entry": [
            {
                "fullUrl": f"{base}{found.resource_type}/{found.id}",
                "resource": msgspec.Raw(found.body),
                "search": {"mode": "match"},
            }
            for found in page.found
        ],
    }
    if page.total is not None:
        bundle["total"] = page.total
    if not page.found:
        del bundle["entry"]
    return msgspec.json.encode(bundle)

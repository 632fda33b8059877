"""A page of a search as a searchset Bundle; resources go in as the bytes they are."""

import uuid
from typing import Any

import msgspec

from integrations.fhir.resources.served import Served
from integrations.fhir.search import Page


def searchset(page: Page, base: str) -> bytes:
    """The Bundle's JSON; `base` is the door's address with a slash at its end."""
    links = [{"relation": "self", "url": page.self_link}]
    if page.next_link is not None:
        links.append({"relation": "next", "url": page.next_link})
    entries = [_entry(one, page, base, "match") for one in page.found]
    entries += [_entry(one, page, base, "include") for one in page.included]
    if page.issues:
        entries.append(
            {
                "fullUrl": f"urn:uuid:{uuid.uuid4()}",
                "resource": {"resourceType": "OperationOutcome", "issue": list(page.issues)},
                "search": {"mode": "outcome"},
            }
        )
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "searchset",
        **({} if page.total is None else {"total": page.total}),
        "link": links,
        **({"entry": entries} if entries else {}),
    }
    return msgspec.json.encode(bundle)


def _entry(one: Served, page: Page, base: str, mode: str) -> dict[str, Any]:
    body = page.shape.of(one.resource_type, one.body, included=mode == "include")
    return {
        "fullUrl": f"{base}{one.resource_type}/{one.id}",
        "resource": msgspec.Raw(body),
        "search": {"mode": mode},
    }

"""Ways to write at the door."""

import json
from typing import Any

from django.test import Client

from tests.integrations.resources import observation

JSON = "application/fhir+json"


def bare(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without a name or version of its own."""
    return {name: value for name, value in resource.items() if name not in ("id", "meta")}


def post(client: Client, resource: Any, **headers: str) -> Any:
    text = resource if isinstance(resource, str) else json.dumps(resource)
    kind = json.loads(text)["resourceType"]
    return client.post(f"/fhir/{kind}", text, content_type=JSON, headers=headers)


def put(client: Client, address: str, resource: dict[str, Any], **headers: str) -> Any:
    return client.put(address, json.dumps(resource), content_type=JSON, headers=headers)


def of(identifier: str, **changes: Any) -> dict[str, Any]:
    return bare(observation(of=identifier, **changes))

"""The faults of a resource as the door would find them: from its text."""

import json
from decimal import Decimal
from typing import Any

import msgspec

from integrations.fhir.validate.fault import Fault
from integrations.fhir.validate.faults import faults

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def found(resource: dict[str, Any], text: str = "") -> list[Fault]:
    """All faults of `resource`, or of the text that is given instead of its own."""
    written = text or json.dumps(resource)
    return faults(resource["resourceType"], written, _decode(written))


def errors(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and place of each error."""
    return [(fault.code, fault.expression) for fault in found(resource) if fault.severity == "error"]


def extended(data_type: str, value: Any) -> dict[str, Any]:
    """A small resource that carries a value of any data type in an extension."""
    extension = {"url": "http://example.org/x", f"value{data_type}": value}
    return {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "x"},
        "subject": {"display": "x"},
        "extension": [extension],
    }


PLACE = "Flag.extension[0]"

"""The CapabilityStatement, made from what is served, so that it cannot say anything else."""

from typing import Any

from django.utils import timezone

from integrations.fhir.resources import TYPES
from integrations.fhir.search import EVERYWHERE
from integrations.smart.security import security

_STARTED = timezone.now()
"""What is served is fixed when the process starts."""


def statement(base: str, token_url: str) -> dict[str, Any]:
    """The statement of the door at `base` (with a slash at its end)."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "patient-twin",
        "status": "active",
        "date": _STARTED.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": "Patient Twin"},
        "implementation": {"description": "Twins of patients and the readings they were made from", "url": base[:-1]},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": security(token_url),
                "resource": [_resource(name) for name in TYPES],
            }
        ],
    }


def _resource(name: str) -> dict[str, Any]:
    served = TYPES[name]
    interactions = ["read", *(["vread"] if served.versions else []), "search-type"]
    return {
        "type": name,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned" if served.versions else "no-version",
        "conditionalRead": "full-support",
        "searchParam": [
            {
                "name": parameter.name,
                **({"definition": parameter.definition} if parameter.definition else {}),
                "type": parameter.kind.value,
                "documentation": parameter.documentation,
            }
            for parameter in (*EVERYWHERE, *served.parameters)
        ],
    }

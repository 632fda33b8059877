"""The CapabilityStatement, made from what is served, so that it cannot say anything else."""

from typing import Any

from django.utils import timezone

from integrations.fhir.ask import EVERYWHERE
from integrations.fhir.include import includable, reverse_includable
from integrations.fhir.interactions.patch import PATCHES
from integrations.fhir.operations.operation import Operation
from integrations.fhir.registry import BULK_DATA, GUIDES, HISTORY, OPERATIONS, SYSTEM, TYPES, WRITES
from integrations.fhir.resources.served import ServedType
from integrations.smart.security import security

_STARTED = timezone.now()
"""What is served is fixed when the process starts."""


def statement(base: str, token_url: str) -> dict[str, Any]:
    """The statement of the door at `base` (with a slash at its end)."""
    whole = [_operation(one) for one in OPERATIONS.values() if one.system]
    exports = "export" in OPERATIONS
    return {
        "resourceType": "CapabilityStatement",
        "id": "patient-twin",
        "name": "PatientTwin",
        "title": "Patient Twin",
        "status": "active",
        "date": _STARTED.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": "Patient Twin"},
        "implementation": {"description": "Twins of patients and the readings they were made from", "url": base[:-1]},
        "instantiates": [*GUIDES, *([BULK_DATA] if exports else [])],
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "patchFormat": list(PATCHES),
        "rest": [
            {
                "mode": "server",
                "security": security(token_url),
                "resource": [_resource(served) for served in TYPES.values()],
                **({"interaction": [{"code": code} for code in SYSTEM]} if SYSTEM else {}),
                **({"operation": whole} if whole else {}),
            }
        ],
    }


def _resource(served: ServedType) -> dict[str, Any]:
    reads = ["read", *(["vread"] if served.versions else []), *(["search-type"] if served.searched else [])]
    writes = [one for one in ("create", "update", "patch", "delete") if one in served.writes and one in WRITES]
    history = [one for one in HISTORY if served.versions]
    operations = [_operation(one) for one in OPERATIONS.values() if served.name in one.types]
    return {
        "type": served.name,
        **({"extension": list(extensions)} if (extensions := getattr(served, "extensions", ())) else {}),
        **({"supportedProfile": list(served.profiles)} if served.profiles else {}),
        "interaction": [{"code": code} for code in (*reads, *writes, *history)],
        "versioning": _versioning(served),
        "readHistory": served.versions,
        "updateCreate": "update" in writes,
        "conditionalCreate": served.searched and "create" in writes,
        "conditionalRead": "full-support",
        "conditionalUpdate": served.searched and "update" in writes,
        "conditionalDelete": "single" if served.searched and "delete" in writes else "not-supported",
        **(_searched(served) if served.searched else {}),
        **({"operation": operations} if operations else {}),
    }


def _versioning(served: ServedType) -> str:
    if not served.versions:
        return "no-version"
    return "versioned-update" if "update" in served.writes and "update" in WRITES else "versioned"


def _searched(served: ServedType) -> dict[str, Any]:
    forward, backward = includable(served.name), reverse_includable(served.name)
    return {
        **({"searchInclude": forward} if forward else {}),
        **({"searchRevInclude": backward} if backward else {}),
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


def _operation(operation: Operation) -> dict[str, str]:
    return {"name": operation.called, "definition": operation.canonical}

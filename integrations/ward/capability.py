"""What the ward says it can do."""

from datetime import datetime
from typing import Any

from integrations.ward.log import TYPES
from integrations.ward.resources import instant
from integrations.ward.search import PATIENT_PARAMETERS


def capability_statement(base: str, epoch: datetime) -> dict[str, Any]:
    """The CapabilityStatement of ``/fhir/metadata``; `epoch` is when the ward's story begins."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(epoch),
        "kind": "instance",
        "software": {"name": "Simulated ward"},
        "implementation": {"description": "A simulated ward; no person in it is real", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "resource": [_resource(kind) for kind in TYPES],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    parameters = [("_id", "token"), ("_lastUpdated", "date")]
    parameters += [(name, "reference") for name in PATIENT_PARAMETERS.get(kind, ())]
    return {
        "type": kind,
        "interaction": [
            {"code": code} for code in ("read", "vread", "search-type", "history-instance", "history-type")
        ],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": False,
        "searchParam": [{"name": name, "type": kind_of} for name, kind_of in parameters],
    }

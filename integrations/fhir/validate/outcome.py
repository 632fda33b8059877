"""Faults as an OperationOutcome."""

from collections.abc import Sequence
from typing import Any

from integrations.fhir.validate.fault import Fault


def outcome(faults: Sequence[Fault]) -> dict[str, Any]:
    """The OperationOutcome that names every fault; without any it says so, since it must hold one issue."""
    if not faults:
        said = {"severity": "information", "code": "informational", "details": {"text": "No fault was found."}}
        return {"resourceType": "OperationOutcome", "issue": [said]}
    issues = [
        {
            "severity": fault.severity,
            "code": fault.code,
            "details": {"text": fault.sentence},
            **({"expression": [fault.expression]} if fault.expression else {}),
        }
        for fault in faults
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}

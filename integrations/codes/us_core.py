"""Codes of US Core (https://hl7.org/fhir/us/core) by which its clients find what we make."""

from typing import Any

ASSESS_PLAN: dict[str, Any] = {
    "coding": [
        {
            "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
            "code": "assess-plan",
            "display": "Assessment and Plan of Treatment",
        }
    ]
}
"""The category of a CarePlan that a clinician has decided on."""
CLINICAL_NOTE: dict[str, Any] = {
    "coding": [
        {
            "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
            "code": "clinical-note",
            "display": "Clinical Note",
        }
    ]
}
"""The category of a DocumentReference that is a note."""

"""Whom a resource of each type is about, and when it happened: what is kept of types that no twin learns from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.readings.moment import roughly


@dataclass(frozen=True, slots=True)
class About:
    """The element that names the patient, whether it must be there, and the elements that say when, best first."""

    patient: str = ""
    required: bool = False
    times: tuple[str, ...] = ()


ABOUT: Mapping[str, About] = {
    "Patient": About(),
    "Practitioner": About(),
    "Organization": About(),
    "Medication": About(),
    "Device": About("patient"),
    "Encounter": About("subject", True, ("period.start",)),
    "Condition": About("subject", True, ("onsetDateTime", "onsetPeriod.start", "recordedDate")),
    "AllergyIntolerance": About("patient", True, ("onsetDateTime", "recordedDate")),
    "Observation": About("subject", True),
    "MedicationRequest": About("subject", True),
    "MedicationAdministration": About("subject", True),
    "MedicationStatement": About("subject", True, ("effectiveDateTime", "effectivePeriod.start", "dateAsserted")),
    "RiskAssessment": About("subject", True, ("occurrenceDateTime", "occurrencePeriod.start")),
    "GuidanceResponse": About("subject", False, ("occurrenceDateTime",)),
    "DetectedIssue": About("patient", False, ("identifiedDateTime", "identifiedPeriod.start")),
    "CarePlan": About("subject", True, ("period.start", "created")),
    "Flag": About("subject", True, ("period.start",)),
    "Task": About("for", False, ("executionPeriod.start", "authoredOn")),
    "DocumentReference": About("subject", False, ("date",)),
    "DeviceMetric": About(),
    "Provenance": About("", False, ("occurredDateTime", "occurredPeriod.start", "recorded")),
    "Group": About(),
    "Binary": About(),
}
"""Every type that is kept. Sections of FHIR R4 (4.0.1) by type, https://hl7.org/fhir/R4/<type>.html."""
ABOUT_OURS: Mapping[str, About] = {"Subscription": About()}
"""Types that are kept besides, where they are written at our own door: those of other systems may hold secrets."""


def about_of(resource_type: str) -> About:
    """What is known of a type that is kept."""
    return ABOUT.get(resource_type) or ABOUT_OURS[resource_type]


def moment_of(resource_type: str, data: Mapping[str, Any]) -> datetime | None:
    """When what the resource tells happened; None where it does not say."""
    for path in about_of(resource_type).times:
        value: Any = data
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if (found := roughly(value)) is not None:
            return found
    return None

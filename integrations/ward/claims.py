"""The profile of US Core that a resource of the ward keeps: only what keeps one names it.

Sources: https://hl7.org/fhir/us/core, 8.0.1, and for the units of vital signs
https://hl7.org/fhir/R4/observation-vitalsigns.html. A fault that changes a unit takes the claim away with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_LOINC, _UCUM = "http://loinc.org", "http://unitsofmeasure.org"
_BY_TYPE: Mapping[str, str] = {
    "Patient": "patient",
    "Encounter": "encounter",
    "Condition": "condition-encounter-diagnosis",
    "MedicationRequest": "medicationrequest",
}
_VITAL_SIGNS: Mapping[str, tuple[str, str]] = {
    "8867-4": ("heart-rate", "/min"),
    "9279-1": ("respiratory-rate", "/min"),
    "59408-5": ("pulse-oximetry", "%"),
    "8310-5": ("body-temperature", "Cel"),
    "8302-2": ("body-height", "cm"),
    "29463-7": ("body-weight", "kg"),
    "85354-9": ("blood-pressure", "mm[Hg]"),
}
"""LOINC code to the profile and the unit that every value has."""


def profiles(resource_type: str, body: Mapping[str, Any]) -> list[str]:
    """What ``meta.profile`` says of a resource; empty where it keeps none."""
    name = _of_observation(body) if resource_type == "Observation" else _BY_TYPE.get(resource_type, "")
    return [_US_CORE + name] if name else []


def _of_observation(body: Mapping[str, Any]) -> str:
    units = {(quantity.get("system"), quantity.get("code")) for quantity in _quantities(body)}
    kinds = {coding["code"] for kind in body.get("category", ()) for coding in kind["coding"]}
    if "laboratory" in kinds:
        return "observation-lab" if units and all(system == _UCUM for system, _ in units) else ""
    if "vital-signs" not in kinds:
        return ""
    for coding in body.get("code", {}).get("coding", ()):  # a faulty entry may have no code
        profile, unit = _VITAL_SIGNS.get(coding["code"] if coding["system"] == _LOINC else "", ("", ""))
        if profile and units == {(_UCUM, unit)}:
            return profile
    return ""


def _quantities(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in (body, *body.get("component", ())):
        if "valueQuantity" in part:
            yield part["valueQuantity"]

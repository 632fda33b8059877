"""Canonical addresses of FHIR R4's own search parameters, https://hl7.org/fhir/R4/searchparameter-registry.html."""

_BASE = "http://hl7.org/fhir/SearchParameter/"

_CLINICAL = {
    "patient": (
        *("AllergyIntolerance", "CarePlan", "Condition", "DetectedIssue", "DocumentReference", "Encounter", "Flag"),
        *("MedicationAdministration", "MedicationRequest", "MedicationStatement", "Observation", "RiskAssessment"),
    ),
    "date": ("AllergyIntolerance", "CarePlan", "Encounter", "Flag", "Observation", "RiskAssessment"),
    "code": (
        *("AllergyIntolerance", "Condition", "Medication", "MedicationAdministration", "MedicationRequest"),
        *("MedicationStatement", "Observation"),
    ),
    "identifier": (
        *("AllergyIntolerance", "CarePlan", "Condition", "DetectedIssue", "DocumentReference", "Encounter"),
        *("MedicationAdministration", "MedicationRequest", "MedicationStatement", "Observation", "RiskAssessment"),
    ),
    "encounter": ("DocumentReference", "Flag", "Observation", "RiskAssessment"),
    "type": ("AllergyIntolerance", "DocumentReference", "Encounter"),
}
_MEDICATIONS = {
    "medication": ("MedicationAdministration", "MedicationRequest", "MedicationStatement"),
    "status": ("MedicationAdministration", "MedicationRequest", "MedicationStatement"),
    "encounter": ("MedicationRequest",),
}
_PEOPLE = ("Patient", "Practitioner")
_INDIVIDUAL = {
    **dict.fromkeys(
        ("address", "address-city", "address-country", "address-postalcode", "address-state", "address-use"), _PEOPLE
    ),
    **dict.fromkeys(("email", "family", "gender", "given", "phone", "telecom"), _PEOPLE),
    "birthdate": ("Patient",),
}
_CONFORMANCE = dict.fromkeys(("date", "name", "status", "title", "url", "version"), ("OperationDefinition",))
_SHARED = {
    (kind, name): f"{group}-{name}"
    for group, names in (
        ("clinical", _CLINICAL),
        ("medications", _MEDICATIONS),
        ("individual", _INDIVIDUAL),
        ("conformance", _CONFORMANCE),
    )
    for name, kinds in names.items()
    for kind in kinds
}


def definition(resource_type: str, name: str) -> str:
    """The address of the parameter's definition: one that several types share, or the type's own."""
    if name.startswith("_"):
        return f"{_BASE}Resource-{name[1:]}"
    return _BASE + _SHARED.get((resource_type, name), f"{resource_type}-{name}")

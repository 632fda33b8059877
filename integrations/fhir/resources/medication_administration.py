"""MedicationAdministration, as its source sent it."""

from integrations.fhir.elements import code, concept, moments
from integrations.fhir.parameters import Kind, Parameter
from integrations.fhir.resources.stored import StoredType

_DEFINED = "http://hl7.org/fhir/SearchParameter/"

MEDICATION_ADMINISTRATION = StoredType(
    "MedicationAdministration",
    (
        Parameter("patient", Kind.REFERENCE, "Who was given it", definition=f"{_DEFINED}clinical-patient"),
        Parameter(
            "subject", Kind.REFERENCE, "Who was given it", definition=f"{_DEFINED}MedicationAdministration-subject"
        ),
        Parameter(
            "code", Kind.TOKEN, "What was given", concept("medicationCodeableConcept"),
            definition=f"{_DEFINED}clinical-code",
        ),
        Parameter(
            "effective-time", Kind.DATE, "When it was given", moments("effective"),
            definition=f"{_DEFINED}MedicationAdministration-effective-time",
        ),
        Parameter("date", Kind.DATE, "When it was given: the same as effective-time", moments("effective")),
        Parameter(
            "status", Kind.TOKEN, "The status", code("status"), definition=f"{_DEFINED}MedicationAdministration-status"
        ),
    ),
)  # fmt: skip

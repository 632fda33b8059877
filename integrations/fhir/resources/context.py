"""What Observations and MedicationAdministrations refer to, served so that their references resolve here."""

from integrations.fhir.elements import code, concept, moments
from integrations.fhir.parameters import Kind, Parameter
from integrations.fhir.resources.stored import StoredType

_DEFINED = "http://hl7.org/fhir/SearchParameter/"
_PATIENT = Parameter("patient", Kind.REFERENCE, "Whom it is about", definition=f"{_DEFINED}clinical-patient")

DEVICE = StoredType("Device", (_PATIENT,))
ENCOUNTER = StoredType(
    "Encounter",
    (
        _PATIENT,
        Parameter("date", Kind.DATE, "When it lasted", moments("period"), definition=f"{_DEFINED}clinical-date"),
        Parameter("status", Kind.TOKEN, "The status", code("status"), definition=f"{_DEFINED}Encounter-status"),
    ),
)
CONDITION = StoredType(
    "Condition",
    (
        _PATIENT,
        Parameter("code", Kind.TOKEN, "The diagnosis", concept("code"), definition=f"{_DEFINED}clinical-code"),
    ),
)
MEDICATION_REQUEST = StoredType(
    "MedicationRequest",
    (
        _PATIENT,
        Parameter(
            "code",
            Kind.TOKEN,
            "What was ordered",
            concept("medicationCodeableConcept"),
            definition=f"{_DEFINED}clinical-code",
        ),
        Parameter("status", Kind.TOKEN, "The status", code("status"), definition=f"{_DEFINED}medications-status"),
        Parameter(
            "intent", Kind.TOKEN, "Order, plan …", code("intent"), definition=f"{_DEFINED}MedicationRequest-intent"
        ),
    ),
)

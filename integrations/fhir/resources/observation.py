"""Observation, as its source sent it."""

from integrations.fhir.elements import code, concept, moments
from integrations.fhir.parameters import Kind, Parameter
from integrations.fhir.resources.stored import StoredType

_DEFINED = "http://hl7.org/fhir/SearchParameter/"

OBSERVATION = StoredType(
    "Observation",
    (
        Parameter("patient", Kind.REFERENCE, "Whom it is about", definition=f"{_DEFINED}clinical-patient"),
        Parameter("subject", Kind.REFERENCE, "Whom it is about", definition=f"{_DEFINED}Observation-subject"),
        Parameter("code", Kind.TOKEN, "What was observed", concept("code"), definition=f"{_DEFINED}clinical-code"),
        Parameter(
            "category", Kind.TOKEN, "The kind of observation", concept("category"),
            definition=f"{_DEFINED}Observation-category",
        ),
        Parameter("date", Kind.DATE, "When it was so", moments("effective"), definition=f"{_DEFINED}clinical-date"),
        Parameter("status", Kind.TOKEN, "The status", code("status"), definition=f"{_DEFINED}Observation-status"),
    ),
)  # fmt: skip

"""Patient, as its source sent it."""

from integrations.fhir.elements import code, identifiers, moments, names
from integrations.fhir.parameters import Kind, Parameter
from integrations.fhir.resources.stored import StoredType

_DEFINED = "http://hl7.org/fhir/SearchParameter/"

PATIENT = StoredType(
    "Patient",
    (
        Parameter(
            "identifier", Kind.TOKEN, "A record number", identifiers, private=True,
            definition=f"{_DEFINED}Patient-identifier",
        ),
        Parameter(
            "name", Kind.STRING, "The start of any part of a name",
            names("family", "given", "text", "prefix", "suffix"),
            private=True, definition=f"{_DEFINED}Patient-name",
        ),
        Parameter(
            "family", Kind.STRING, "The start of a family name", names("family"), private=True,
            definition=f"{_DEFINED}individual-family",
        ),
        Parameter(
            "given", Kind.STRING, "The start of a given name", names("given"), private=True,
            definition=f"{_DEFINED}individual-given",
        ),
        Parameter(
            "birthdate", Kind.DATE, "The date of birth", moments("birthDate"), private=True,
            definition=f"{_DEFINED}individual-birthdate",
        ),
        Parameter("gender", Kind.TOKEN, "The sex on record", code("gender"), definition=f"{_DEFINED}individual-gender"),
    ),
)  # fmt: skip

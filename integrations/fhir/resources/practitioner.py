"""Practitioner: who ordered, gave, measured or signed."""

from integrations.fhir.elements import at, where
from integrations.fhir.resources.declare import identifier, string, token
from integrations.fhir.resources.stored import US_CORE, StoredType

_TELECOM = at("telecom")

PRACTITIONER = StoredType(
    "Practitioner",
    (
        identifier("A number of theirs"),
        string("name", "The start of any part of a name", indexed=True),
        string("family", "The start of a family name", "name.family", indexed=True),
        string("given", "The start of a given name", "name.given", indexed=True),
        token("active", "Whether the record is in use"),
        token("gender", "The sex on record"),
        token("telecom", "A telephone number or address", _TELECOM),
        token("email", "An address for e-mail", where(_TELECOM, "system", "email")),
        token("phone", "A telephone number", where(_TELECOM, "system", "phone")),
    ),
    of_nobody=True,
    profiles=(f"{US_CORE}us-core-practitioner",),
)

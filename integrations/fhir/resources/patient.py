"""Patient, as its source sent it. What names or finds a person is kept out of the audit trail."""

from integrations.fhir.elements import at, where
from integrations.fhir.resources.declare import date, identifier, reference, string, token
from integrations.fhir.resources.stored import US_CORE, StoredType

_TELECOM = at("telecom")

PATIENT = StoredType(
    "Patient",
    (
        identifier("A record number", private=True),
        string("name", "The start of any part of a name", private=True, indexed=True),
        string("family", "The start of a family name", "name.family", private=True, indexed=True),
        string("given", "The start of a given name", "name.given", private=True, indexed=True),
        date("birthdate", "The date of birth", "birthDate", private=True, dated=True),
        date("death-date", "The date of death", "deceasedDateTime", private=True),
        token("deceased", "Whether death is on record", "deceasedBoolean"),
        token("gender", "The sex on record"),
        token("active", "Whether the record is in use"),
        token("language", "A language that can be spoken with them", "communication.language"),
        string("address", "The start of any part of an address", private=True),
        string("address-city", "The start of a city", "address.city", private=True),
        string("address-country", "The start of a country", "address.country", private=True),
        string("address-postalcode", "The start of a postal code", "address.postalCode", private=True),
        string("address-state", "The start of a state", "address.state", private=True),
        token("telecom", "A telephone number or address", _TELECOM, private=True),
        token("email", "An address for e-mail", where(_TELECOM, "system", "email"), private=True),
        token("phone", "A telephone number", where(_TELECOM, "system", "phone"), private=True),
        reference("general-practitioner", "Their doctor", "Practitioner Organization", "generalPractitioner"),
        reference("organization", "Who keeps the record", "Organization", "managingOrganization"),
        reference("link", "Another record of the same person", "Patient", "link.other"),
    ),
    profiles=(f"{US_CORE}us-core-patient",),
)

"""Organization: hospitals, wards and makers."""

from integrations.fhir.resources.declare import identifier, reference, string, token
from integrations.fhir.resources.stored import US_CORE, StoredType

ORGANIZATION = StoredType(
    "Organization",
    (
        identifier(),
        string("name", "The start of its name or of an alias", "name alias", indexed=True),
        string("address", "The start of any part of an address"),
        token("active", "Whether the record is in use"),
        token("type", "The kind of organization"),
        reference("partof", "What it is part of", "Organization", "partOf"),
    ),
    of_nobody=True,
    profiles=(f"{US_CORE}us-core-organization",),
)

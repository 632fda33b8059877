"""Binary: bytes with their format. Found by id alone."""

from integrations.fhir.resources.stored import StoredType

BINARY = StoredType("Binary", (), writes=("create", "update", "delete"), searched=False)

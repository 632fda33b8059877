"""OperationDefinition: what the operations of this server take and give."""

from integrations.fhir.resources.declare import date, string, token, uri
from integrations.fhir.resources.stored import StoredType

OPERATION_DEFINITION = StoredType(
    "OperationDefinition",
    (
        uri("url", "Its canonical address"),
        string("name", "The start of its name"),
        string("title", "The start of its title"),
        token("code", "The operation's name in addresses", indexed=True),
        token("kind", "Operation or query"),
        token("status", "The status"),
        token("system", "Whether it is asked of the whole server"),
        token("type", "Whether it is asked of a type"),
        token("instance", "Whether it is asked of a resource"),
        token("version", "Its version"),
        date("date", "When it was published", "date", dated=True),
    ),
    writes=(),
    of_nobody=True,
)

"""Library: the cards of the models."""

from integrations.fhir.resources.declare import date, identifier, string, token, uri
from integrations.fhir.resources.stored import StoredType

LIBRARY = StoredType(
    "Library",
    (
        identifier(),
        uri("url", "Its canonical address"),
        string("name", "The start of its name"),
        string("title", "The start of its title"),
        token("status", "The status"),
        token("type", "The kind of library"),
        token("topic", "What it is about"),
        token("version", "Its version"),
        date("date", "When it was published", "date", dated=True),
    ),
    writes=(),
    of_nobody=True,
)

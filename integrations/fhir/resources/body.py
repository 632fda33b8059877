"""A stored row as the resource that leaves: the text as received, under this server's names."""

from typing import Any

from integrations.fhir.identity import server_id
from integrations.fhir.resources.served import Served
from integrations.fhir.splice import Splicer
from integrations.readings.models import Resource, Source

FIELDS = ("pk", "source_key", "resource_type", "version", "last_updated", "text", "subject_id", "deleted", "method")
"""Columns that `Bodies.served` needs of a row."""


class Bodies:
    """Makes resources of rows; it looks up each source once."""

    def __init__(self, served_types: frozenset[str]) -> None:
        self._types = served_types
        self._splicers: dict[str, Splicer] = {}

    def served(self, row: dict[str, Any]) -> Served:
        """The resource of a row of `FIELDS`; the body of a deleted one is empty."""
        slug = row["source_key"].split("/", 1)[0]
        if slug not in self._splicers:
            self._splicers[slug] = Splicer(slug, _address(slug), self._types, _type_of)
        identifier = server_id(row["source_key"])
        body = b""
        if not row["deleted"]:
            body = self._splicers[slug].resource(row["text"], identifier, row["version"], row["last_updated"])
        return Served(
            row["resource_type"],
            identifier,
            row["version"],
            row["last_updated"],
            body,
            (row["last_updated"].isoformat(), row["pk"]),
            str(row["subject_id"] or ""),
        )


def _address(slug: str) -> str:
    return Source.objects.filter(slug=slug).values_list("address", flat=True).first() or ""


def _type_of(slug: str, identifier: str) -> str | None:
    """The type of what a Bundle of the source named ``urn:uuid:<identifier>``."""
    return (
        Resource.objects.filter(resource_id=identifier, source_key__startswith=f"{slug}/", is_current=True)
        .values_list("resource_type", flat=True)
        .first()
    )

"""A stored row as the resource that leaves: the text as received, under this server's names."""

from typing import Any

from integrations.fhir.identity import server_id
from integrations.fhir.resources.served import Served
from integrations.fhir.sources import Sources

FIELDS = ("pk", "source_key", "resource_type", "version", "last_updated", "text", "subject_id", "deleted", "method")
"""Columns that `Bodies.served` needs of a row."""


class Bodies:
    """Makes resources of rows; it looks up each source once."""

    def __init__(self) -> None:
        self._sources = Sources()

    def served(self, row: dict[str, Any]) -> Served:
        """The resource of a row of `FIELDS`; the body of a deleted one is empty."""
        slug = row["source_key"].split("/", 1)[0]
        identifier = server_id(row["source_key"])
        body = b""
        if not row["deleted"]:
            splicer = self._sources.splicer(slug)
            body = splicer.resource(row["text"], identifier, row["version"], row["last_updated"])
        return Served(
            row["resource_type"],
            identifier,
            row["version"],
            row["last_updated"],
            body,
            (row["last_updated"].isoformat(), row["pk"]),
            str(row["subject_id"] or ""),
        )

"""What a resource type offers to the door."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from integrations.fhir.parameters import Criterion, Parameter


@dataclass(frozen=True, slots=True)
class Served:
    """One resource, ready to leave: `body` is its JSON, `key` its place in the order of its type."""

    resource_type: str
    id: str
    version: str
    last_updated: datetime
    body: bytes
    key: tuple[str | int, ...]
    subject_key: str = ""


class ServedType(Protocol):
    """A resource type that can be read and searched."""

    name: str
    parameters: tuple[Parameter, ...]
    writes: frozenset[str]
    """The interactions that change it: ``create``, ``update``, ``patch``, ``delete``."""
    versions: bool
    """Whether older versions can be read (vread)."""

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        """The resource of an id here, or None."""
        ...

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        newest_first: bool,
        after: tuple[str | int, ...] | None,
        until: tuple[str | int, ...] | None,
    ) -> Iterator[Served]:
        """All that answer, in the order of `last_updated`, strictly after the key `after`; nothing beyond `until`."""
        ...

    def end(self) -> tuple[str | int, ...] | None:
        """Where a search that begins now must end, for a type that its own reading makes grow; else None."""
        ...

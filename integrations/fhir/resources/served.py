"""What a resource type offers to the door."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from integrations.fhir.parameters import Criterion, Parameter

Key = tuple[str | int | None, ...]
"""A resource's place in an order of its type."""
BY_UPDATE = "_lastUpdated"
BY_ID = "_id"


@dataclass(frozen=True, slots=True)
class Served:
    """One resource, ready to leave: `body` is its JSON, `key` its place in the order that was asked for."""

    resource_type: str
    id: str
    version: str
    last_updated: datetime
    body: bytes
    key: Key
    subject_key: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """`name` is `BY_UPDATE`, `BY_ID` or the type's date; `then` are the keys that part what is alike by it."""

    name: str = BY_UPDATE
    descending: bool = False
    then: tuple["Order", ...] = ()

    @property
    def keys(self) -> tuple["Order", ...]:
        return (self, *self.then)

    def __str__(self) -> str:
        return ",".join(f"{'-' if key.descending else ''}{key.name}" for key in self.keys)


@dataclass(slots=True)
class Budget:
    """How many resources one page may cost to look at; where it ends before the page is full, `stopped_at` says."""

    left: int
    stopped_at: Key | None = None


class Indexed(Protocol):
    """What the index needs to know of a stored type."""

    name: str
    parameters: tuple[Parameter, ...]
    indexed: tuple[Parameter, ...]
    dated: Parameter | None
    of_nobody: bool


class ServedType(Protocol):
    """A resource type that can be read and searched.

    `reach`, wherever it is taken, is what the caller may see: None for all, else an object with `everyone`, `subjects`
    and `queries` (`integrations.fhir.visible`).
    """

    name: str
    parameters: tuple[Parameter, ...]
    writes: tuple[str, ...]
    """What callers may do to it: create, update, patch, delete."""
    versions: bool
    """Whether older versions can be read (vread)."""
    searched: bool
    """Whether it can be searched."""
    orders: tuple[str, ...]
    """What it can be sorted by."""
    profiles: tuple[str, ...]

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        """The resource of an id here, or None."""
        ...

    def named(self, identifiers: Iterable[str], reach: Any = None) -> list[Served]:
        """The resources of ids here, as far as the reach goes; each once, in no order."""
        ...

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order,
        after: Key | None = None,
        until: Key | None = None,
        reach: Any = None,
        first: int = 0,
        budget: Budget | None = None,
    ) -> Iterator[Served]:
        """All that answer, in order, strictly after the key `after`; nothing beyond `until`.

        `first` is how many are likely to be taken; 0 if all.
        """
        ...

    def count(
        self, criteria: tuple[Criterion, ...], *, until: Key | None = None, reach: Any = None, roughly: bool = False
    ) -> int:
        """How many answer; `roughly`, a number that is cheap to find and never too low."""
        ...

    def end(self) -> Key | None:
        """Where a search that begins now must end, for a type that its own reading makes grow; else None."""
        ...

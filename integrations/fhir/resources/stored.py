"""Resources that sources sent, served digit for digit as they were received."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from django.db.models import Q

from integrations.fhir import narrow, visible
from integrations.fhir.identity import FHIR_ID, server_id, source_key, source_keys
from integrations.fhir.outcome import too_costly
from integrations.fhir.parameters import Criterion, Parameter
from integrations.fhir.resources.declare import defined
from integrations.fhir.resources.served import BY_ID, BY_UPDATE, Budget, Key, Order, Served
from integrations.fhir.sources import STORED, Sources
from integrations.readings.models import Resource

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
MOST_COUNTED = 100_000
"""Resources that are looked at one by one for an accurate total."""
_BATCH = 200
_STREAMED = 1000
"""Rows fetched at once for a page, and for a stream."""
_decode = msgspec.json.Decoder().decode


class StoredType:
    """A type whose resources are rows of `Resource`.

    Parameters
    ----------
    writes
        What callers may do to it.
    of_nobody
        Whether resources of it that belong to no patient may be seen by one who may see some patients only.
    searched
        Whether it can be searched.
    own
        Of a type of which each caller sees its own alone: the rows of `Resource` that are the caller's, by the reach.
        Such a type has no indexed parameters.
    extensions
        What its entry in the CapabilityStatement says besides.
    """

    versions = True

    def __init__(
        self,
        name: str,
        parameters: tuple[Parameter, ...],
        *,
        writes: tuple[str, ...] = ("create", "update", "patch", "delete"),
        of_nobody: bool = False,
        searched: bool = True,
        profiles: tuple[str, ...] = (),
        own: Callable[[Any], Q] | None = None,
        extensions: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.name = name
        self.parameters = tuple(defined(name, parameter) for parameter in parameters)
        self.writes = writes
        self.of_nobody = of_nobody
        self.searched = searched
        self.profiles = profiles
        self.own = own
        self.extensions = extensions
        self.indexed = tuple(parameter for parameter in self.parameters if parameter.indexed)
        self.dated = next((parameter for parameter in self.parameters if parameter.dated), None)
        self.orders = (BY_UPDATE, BY_ID, *([self.dated.name] if self.dated else []))
        STORED[name] = self

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        key = source_key(self.name, identifier)
        if key is None or not (version is None or FHIR_ID.fullmatch(version)):
            return None
        rows = Resource.objects.filter(source_key=key, resource_type=self.name)
        rows = narrow.in_force(rows) if version is None else rows.filter(version=version)
        row = rows.values(*narrow.FIELDS).first()
        return self._served(row, Sources(), ()) if row else None

    def named(self, identifiers: Iterable[str], reach: Any = None) -> list[Served]:
        keys = set(source_keys(self.name, identifiers).values())
        allowed = visible.criteria(reach, self)
        if not keys or allowed is None:
            return []
        rows = narrow.in_force(
            Resource.objects.filter(visible.rows(reach, self), source_key__in=keys, resource_type=self.name)
        )
        sources = Sources()
        return [
            self._served(row, sources, ())
            for row in rows.values(*narrow.FIELDS)
            if not allowed or self._answers((), allowed, row, sources)
        ]

    def end(self) -> None:
        """Reading stores nothing here, so a search needs no end."""

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order = Order(),  # noqa: B008 - a frozen value
        after: Key | None = None,
        until: Key | None = None,  # noqa: ARG002 - see `end`
        reach: Any = None,
        first: int = 0,
        budget: Budget | None = None,
    ) -> Iterator[Served]:
        sources = Sources()
        for row, place in self._found(criteria, order, after, reach, first, budget, sources):
            yield self._served(row, sources, place)

    def count(
        self,
        criteria: tuple[Criterion, ...],
        *,
        until: Key | None = None,  # noqa: ARG002 - see `end`
        reach: Any = None,
        roughly: bool = False,
    ) -> int:
        allowed = visible.criteria(reach, self)
        if allowed is None:
            return 0
        plan = narrow.Plan(self, criteria, reach, Order())
        if roughly or (not allowed and all(narrow.decides(criterion) for criterion in criteria)):
            return plan.rows().count()
        budget = Budget(MOST_COUNTED)
        found = sum(1 for _ in self._found(criteria, Order(), None, reach, 0, budget, Sources()))
        if budget.stopped_at is not None:
            raise too_costly("the total would have to look at more resources", MOST_COUNTED, "_total")
        return found

    def _found(
        self,
        criteria: tuple[Criterion, ...],
        order: Order,
        after: Key | None,
        reach: Any,
        first: int,
        budget: Budget | None,
        sources: Sources,
    ) -> Iterator[tuple[dict[str, Any], Key]]:
        """Rows that answer, with their places."""
        allowed = visible.criteria(reach, self)
        if allowed is None:
            return
        compared = tuple(criterion for criterion in criteria if criterion.parameter.values or criterion.parameter.roots)
        plan = narrow.Plan(self, criteria, reach, order)
        most = _BATCH if first else _STREAMED
        size = min(most, first + 1) if first else most
        seen = after
        for rows in plan.phases(after):
            place = rows.start
            while True:
                batch = list(rows.beyond(place)[:size])
                for row in batch:
                    here = rows.place(row)
                    if budget is not None:
                        if budget.left == 0:
                            budget.stopped_at = seen
                            return
                        budget.left -= 1
                    place = seen = here
                    if not (compared or allowed) or self._answers(compared, allowed, row, sources):
                        yield row, here
                if len(batch) < size:
                    break
                size = most

    def _answers(
        self,
        compared: tuple[Criterion, ...],
        allowed: tuple[tuple[Criterion, ...], ...],
        row: dict[str, Any],
        sources: Sources,
    ) -> bool:
        resource = _decode(row["text"])
        slug = row["source_key"].split("/", 1)[0]

        def here(reference: str) -> str:
            return sources.here(slug, reference)

        found = all(criterion.answered_by(resource, here) for criterion in compared)
        return found and visible.answers(allowed, resource, here)

    def _served(self, row: dict[str, Any], sources: Sources, place: Key) -> Served:
        slug = row["source_key"].split("/", 1)[0]
        identifier = server_id(row["source_key"])
        body = sources.splicer(slug).resource(row["text"], identifier, row["version"], row["last_updated"])
        subject = str(row["subject_id"] or "")
        return Served(self.name, identifier, row["version"], row["last_updated"], body, place, subject)

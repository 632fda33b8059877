"""What types share whose resources are those of this server itself, and are made when the process starts."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from django.utils import timezone

from integrations.fhir import visible
from integrations.fhir.interval import Interval, satisfies
from integrations.fhir.parameters import Criterion
from integrations.fhir.resources.computed import Computed
from integrations.fhir.resources.served import BY_ID, BY_UPDATE, Budget, Key, Order, Served

_STARTED = timezone.now()


class Fixed(Computed):
    """A type whose few resources belong to nobody; the id of each is its name."""

    orders = (BY_UPDATE, BY_ID)
    of_nobody = True

    @abstractmethod
    def contents(self) -> Mapping[str, dict[str, Any]]:
        """Each resource by its id, without id and version; `made` is when."""

    @property
    def made(self) -> str:
        return _STARTED.isoformat(timespec="seconds")

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        content = self.contents().get(identifier)
        return self._served(identifier, content) if content is not None and version in (None, "1") else None

    def end(self) -> None:
        """Reading makes none of them, so a search needs no end."""

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order = Order(),  # noqa: B008 - a frozen value
        after: Key | None = None,
        until: Key | None = None,  # noqa: ARG002 - see `end`
        reach: Any = None,
        first: int = 0,  # noqa: ARG002
        budget: Budget | None = None,  # noqa: ARG002 - there are few
    ) -> Iterator[Served]:
        if visible.of(reach, self.name) is False:
            return
        contents, down = self.contents(), order.keys[-1].descending  # all were made at once: the last key parts them
        for name in sorted(contents, reverse=down):
            if after is not None and (name >= str(after[0]) if down else name <= str(after[0])):
                continue
            resource = {"id": name, **contents[name]}
            if all(_answers(criterion, resource) for criterion in criteria):
                yield self._served(name, contents[name])

    def named(self, identifiers: Any, reach: Any = None) -> list[Served]:
        if visible.of(reach, self.name) is False:
            return []
        return [one for identifier in identifiers if (one := self.read(identifier)) is not None]

    def _served(self, identifier: str, content: dict[str, Any]) -> Served:
        meta = {"versionId": "1", "lastUpdated": self.made}
        body = msgspec.json.encode({"resourceType": self.name, "id": identifier, "meta": meta, **content})
        return Served(self.name, identifier, "1", _STARTED, body, (identifier,))


def _answers(criterion: Criterion, resource: dict[str, Any]) -> bool:
    if criterion.parameter.name == "_id":
        return resource["id"] in [value.code for value in criterion.alternatives]
    if criterion.parameter.name == "_lastUpdated":
        here = Interval(_STARTED, _STARTED)
        return any(satisfies(value.prefix, value.time, here) for value in criterion.alternatives)
    return criterion.answered_by(resource)

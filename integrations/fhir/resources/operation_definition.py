"""OperationDefinition: what the operations of this server take and give, made from what is registered."""

from collections.abc import Iterator
from typing import Any

import msgspec
from django.utils import timezone

from integrations.fhir import visible
from integrations.fhir.interval import Interval, satisfies
from integrations.fhir.parameters import Criterion
from integrations.fhir.resources.computed import Computed
from integrations.fhir.resources.declare import date, defined, string, token, uri
from integrations.fhir.resources.served import BY_ID, BY_UPDATE, Budget, Key, Order, Served

_STARTED = timezone.now()
"""What is served is fixed when the process starts."""


class OperationDefinitionType(Computed):
    """One for each operation; its id is the operation's name."""

    name = "OperationDefinition"
    orders = (BY_UPDATE, BY_ID)
    parameters = tuple(
        defined("OperationDefinition", parameter)
        for parameter in (
            uri("url", "Its canonical address"),
            string("name", "The start of its name"),
            string("title", "The start of its title"),
            token("code", "The operation's name in addresses"),
            token("kind", "Operation or query"),
            token("status", "The status"),
            token("system", "Whether it is asked of the whole server"),
            token("type", "Whether it is asked of a type"),
            token("instance", "Whether it is asked of a resource"),
            token("version", "Its version"),
            date("date", "When it was published", "date"),
        )
    )

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        resource = _all().get(identifier)
        return _served(resource) if resource is not None and version in (None, "1") else None

    def end(self) -> None:
        """Reading makes no operations, so a search needs no end."""

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
        found = sorted(_all(), reverse=order.descending)
        for name in found:
            if after is not None and (name >= str(after[0]) if order.descending else name <= str(after[0])):
                continue
            resource = _all()[name]
            if all(_answers(criterion, resource) for criterion in criteria):
                yield _served(resource)

    def named(self, identifiers: Any, reach: Any = None) -> list[Served]:
        if visible.of(reach, self.name) is False:
            return []
        return [one for identifier in identifiers if (one := self.read(identifier)) is not None]


def _answers(criterion: Criterion, resource: dict[str, Any]) -> bool:
    if criterion.parameter.name == "_id":
        return resource["id"] in [value.code for value in criterion.alternatives]
    if criterion.parameter.name == "_lastUpdated":
        here = Interval(_STARTED, _STARTED)
        return any(satisfies(value.prefix, value.time, here) for value in criterion.alternatives)
    return criterion.answered_by(resource)


def _all() -> dict[str, dict[str, Any]]:
    from integrations.fhir.registry import OPERATIONS  # the registry lists this type

    made = _STARTED.isoformat(timespec="seconds")
    return {
        name: {"id": name, "meta": {"versionId": "1", "lastUpdated": made}, "date": made, **operation.resource()}
        for name, operation in OPERATIONS.items()
    }


def _served(resource: dict[str, Any]) -> Served:
    ordered = {"resourceType": resource["resourceType"], **resource}
    identifier = str(resource["id"])
    return Served("OperationDefinition", identifier, "1", _STARTED, msgspec.json.encode(ordered), (identifier,))


OPERATION_DEFINITION = OperationDefinitionType()

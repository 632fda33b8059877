"""The operations that this server offers, by the apps that have them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from clinic.access.deferred import Deferred

if TYPE_CHECKING:
    from integrations.fhir.operations.operation import Operation


class Operations(Mapping[str, "Operation"]):
    """The operations by name; what they compute with takes long to import, so they are found when somebody asks."""

    def __init__(self) -> None:
        self._offers: dict[str, Deferred] = {}

    def offer(self, by: str, operations: Deferred) -> None:
        """Register a tuple of operations: from now on they are served and declared."""
        self._offers[by] = operations

    def _found(self) -> "dict[str, Operation]":
        return {operation.name: operation for offer in self._offers.values() for operation in offer.find()}

    def __getitem__(self, name: str) -> "Operation":
        return self._found()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


OPERATIONS = Operations()

"""What an operation is: where it can be asked, what it takes and gives, and what does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs

CANONICAL = "urn:patient-twin:operation:"
"""Before the name of an operation of our own in its canonical address."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter; `most` is ``*`` where it may come often, `kind` a FHIR type."""

    name: str
    kind: str
    documentation: str
    least: int = 0
    most: str = "1"
    use: str = "in"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes
    ----------
    name
        In addresses, without the dollar, and among all operations.
    definition
        The canonical address of its OperationDefinition; FHIR's own for operations of FHIR's.
    types
        What it can be asked of.
    system, of_type, of_instance
        Whether it can be asked of the whole server, of a type, of a resource.
    affects_state
        Whether it changes anything; then it is not asked by GET.
    code
        In addresses, where several operations share it; the name otherwise.
    starts_work
        Whether it begins work whose result is fetched later: it is asked by GET too, and what it writes down of itself
        is kept together with its audit event, or neither.
    do
        Answers; it asks `Ask.caller.reach` for what it reads.
    """

    name: str
    title: str
    description: str
    slots: Sequence[Slot]
    do: Callable[[Ask, Inputs], Answer]
    definition: str = ""
    types: tuple[str, ...] = ()
    system: bool = False
    of_type: bool = False
    of_instance: bool = False
    affects_state: bool = False
    code: str = ""
    starts_work: bool = False

    @property
    def called(self) -> str:
        """In addresses, without the dollar."""
        return self.code or self.name

    @property
    def canonical(self) -> str:
        return self.definition or f"{CANONICAL}{self.name}"

    def takes(self, resource_type: str, identifier: str) -> bool:
        """Whether it can be asked there."""
        if not resource_type:
            return self.system
        return resource_type in self.types and (self.of_instance if identifier else self.of_type)

    def resource(self) -> dict[str, Any]:
        """Its OperationDefinition, without id and version."""
        return {
            "resourceType": "OperationDefinition",
            "url": self.canonical,
            "name": "".join(part.capitalize() for part in self.name.split("-")),
            "title": self.title,
            "status": "active",
            "kind": "operation",
            "description": self.description,
            "affectsState": self.affects_state,
            "code": self.called,
            **({"resource": list(self.types)} if self.types else {}),
            "system": self.system,
            "type": self.of_type,
            "instance": self.of_instance,
            "parameter": [
                {
                    "name": slot.name,
                    "use": slot.use,
                    "min": slot.least,
                    "max": slot.most,
                    "documentation": slot.documentation,
                    "type": slot.kind,
                }
                for slot in self.slots
            ],
        }

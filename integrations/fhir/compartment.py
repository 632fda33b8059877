"""Compartments: what belongs to one patient, encounter or device, of one type or of all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from integrations.fhir.elements import Token
from integrations.fhir.outcome import Refusal
from integrations.fhir.parameters import OR_MISSING, Criterion, Kind, Moment, Parameter, Target
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import BY_UPDATE, Budget, Key, Order, Served, ServedType

_REFERENCES = {
    "Patient": ("patient", "member"),
    "Encounter": ("encounter", "context"),
    "Device": ("device", "source"),
}
"""For each compartment the parameters by which a type belongs to it; the first that a type has and that can refer so.

Of https://hl7.org/fhir/R4/compartmentdefinition.html those that say whose a resource is, not who wrote it.
"""


def within(served: ServedType, compartment: tuple[str, str], by_id: Parameter) -> Criterion:
    """The criterion that a resource lies in the compartment ``(type, id)``.

    Raises
    ------
    Refusal
        404 for a compartment that there is not, or a type that has no place in it.
    """
    kind, identifier = compartment
    if kind not in _REFERENCES:
        known = ", ".join(_REFERENCES)
        raise Refusal(404, "not-supported", f"{kind[:64]!r} is no compartment here; there are {known}.")
    criterion = _criterion(served, kind, identifier, by_id)
    if criterion is None:
        raise Refusal(404, "not-supported", f"{served.name} is not in the {kind} compartment; search it by its type.")
    return criterion


def _criterion(served: ServedType, kind: str, identifier: str, by_id: Parameter) -> Criterion | None:
    if served.name == kind:
        return Criterion(by_id, "", (Token(None, identifier),))
    for name in _REFERENCES[kind]:
        for parameter in served.parameters:
            if parameter.name == name and parameter.kind is Kind.REFERENCE and kind in parameter.targets:
                return Criterion(parameter, "", (Target(kind, identifier),))
    return None


class Everything:
    """All types of one compartment as if they were one: type by type, each in the order of its updates.

    `during` are bounds in time: what a type is dated by lies within them, or is not said.
    """

    name = "*"
    parameters: tuple[Parameter, ...] = ()
    versions = False
    searched = True
    writes: tuple[str, ...] = ()
    orders = (BY_UPDATE,)
    profiles: tuple[str, ...] = ()

    def __init__(
        self,
        compartment: tuple[str, str],
        by_id: Parameter,
        types: Iterable[str] = (),
        during: Sequence[Moment] = (),
    ) -> None:
        kind, identifier = compartment
        if kind not in _REFERENCES:
            within(TYPES["Patient"], compartment, by_id)
        wanted = set(types)
        self._parts: list[tuple[ServedType, tuple[Criterion, ...]]] = []
        for served in TYPES.values():
            criterion = _criterion(served, kind, identifier, by_id)
            if criterion is not None and served.searched and (not wanted or served.name in wanted):
                self._parts.append((served, (criterion, *_within_time(served, during))))

    def read(self, identifier: str, version: str | None = None) -> None:
        del identifier, version

    def named(self, identifiers: Iterable[str], reach: Any = None) -> list[Served]:
        del identifiers, reach
        return []

    def end(self) -> Key | None:
        """The end of the audit trail, which grows as it is read."""
        return next((end for served, _ in self._parts if (end := served.end()) is not None), None)

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order = Order(),  # noqa: B008 - a frozen value
        after: Key | None = None,
        until: Key | None = None,
        reach: Any = None,
        first: int = 0,
        budget: Budget | None = None,
    ) -> Iterator[Served]:
        names = [served.name for served, _ in self._parts]
        start = names.index(str(after[0])) if after is not None and after[0] in names else 0
        for served, theirs in self._parts[start:]:
            place = after[1:] if after is not None and after[0] == served.name and len(after) > 1 else None
            found = served.walk(
                (*theirs, *criteria), order=order, after=place, until=until if served.end() else None,
                reach=reach, first=first, budget=budget,
            )  # fmt: skip
            for one in found:
                yield replace(one, key=(served.name, *one.key))
            if budget is not None and (budget.stopped_at is not None or budget.left == 0):
                budget.stopped_at = (served.name, *(budget.stopped_at or ()))
                return

    def count(
        self, criteria: tuple[Criterion, ...], *, until: Key | None = None, reach: Any = None, roughly: bool = False
    ) -> int:
        return sum(
            served.count((*theirs, *criteria), until=until if served.end() else None, reach=reach, roughly=roughly)
            for served, theirs in self._parts
        )


_OF_NO_TIME = ("Patient", "AllergyIntolerance", "Condition")
"""What lasts, and is dated by the day on which it began or was written down."""


def _within_time(served: ServedType, during: Sequence[Moment]) -> Iterator[Criterion]:
    dated = next((parameter for parameter in served.parameters if parameter.dated), None)
    if dated is not None and served.name not in _OF_NO_TIME:
        yield from (Criterion(dated, OR_MISSING, (bound,)) for bound in during)

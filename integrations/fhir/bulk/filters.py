"""``_typeFilter``, and scopes with a query: which resources of a type are to be exported, decided one by one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from integrations.fhir import visible
from integrations.fhir.ask import ask
from integrations.fhir.interval import Interval, satisfies
from integrations.fhir.outcome import Refusal
from integrations.fhir.parameters import Criterion
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import ServedType

Query = tuple[Criterion, ...]
"""Criteria that must all be answered."""
_CONTROLS = ("_count", "_sort", "_summary", "_total", "_elements", "_include", "_revinclude", "_cursor", "_format")


def read(text: str, *, base: str, reach: Any = None) -> Query:
    """The criteria of ``Type?parameters``; `reach` bounds what its chains may go through.

    Raises
    ------
    Refusal
        400 for a parameter that is unknown or is none that selects, and for a value that cannot be used.
    """
    resource_type, _, query = text.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs:
        raise Refusal(
            400, "value", f"_typeFilter {text[:100]!r} has no search parameter; write Type?parameter=value",
            expression="http._typeFilter",
        )  # fmt: skip
    for name, _value in pairs:
        if name.partition(":")[0] in _CONTROLS:
            raise Refusal(
                400,
                "not-supported",
                f"{name[:60]} in a _typeFilter does not select resources",
                expression="http._typeFilter",
            )
    served = TYPES[resource_type]
    if not served.searched:
        raise Refusal(400, "not-supported", f"{resource_type} cannot be searched", expression="http._typeFilter")
    return ask(served, pairs, path=resource_type, criteria=(), strict=True, base=base, reach=reach).criteria


def permitted(served: ServedType, reaches: Sequence[Any]) -> list[tuple[Query, ...]] | None:
    """For each reach the queries of which a resource must answer one; None where nothing may be shown."""
    groups = []
    for reach in reaches:
        allowed = visible.criteria(reach, served)
        if allowed is None:
            return None
        if allowed:
            groups.append(allowed)
    return groups


def answers(
    groups: Sequence[Sequence[Query]],
    resource: dict[str, Any],
    here: Callable[[str], str],
    identifier: str,
    updated: datetime,
) -> bool:
    """Whether the resource answers one query of each group."""
    return all(any(all(_fits(one, resource, here, identifier, updated) for one in query) for query in group)
               for group in groups)  # fmt: skip


def _fits(
    criterion: Criterion, resource: dict[str, Any], here: Callable[[str], str], identifier: str, updated: datetime
) -> bool:
    match criterion.parameter.name:
        case "_id":
            found = any(value.code == identifier for value in criterion.alternatives)
            return not found if criterion.modifier == "not" else found
        case "_lastUpdated":
            then = Interval(updated, updated + timedelta(microseconds=1))
            return any(satisfies(value.prefix, value.time, then) for value in criterion.alternatives)
    return criterion.answered_by(resource, here)

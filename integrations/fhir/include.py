"""What comes along with what was found: ``_include``, ``_revinclude``, and the same of what they brought."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from integrations.fhir.elements import literal
from integrations.fhir.outcome import Refusal
from integrations.fhir.parameters import Criterion, Kind, Parameter, Target
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Budget, Order, Served

MOST_INCLUDED = 1000
MOST_LOOKED_AT = 20_000
_LEVELS = 4
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Include:
    """``_include=MedicationRequest:medication:Medication``; `parameters` are those that are followed."""

    source: str
    parameters: tuple[Parameter, ...]
    target: str | None
    iterate: bool
    reverse: bool


def read_include(name: str, text: str, searched: str) -> list[Include]:
    """Read ``_include``, ``_revinclude``, and either with ``:iterate``; `searched` is the type, ``*`` for all.

    ``_include=*`` follows all references of what was searched, and with ``:iterate`` of whatever that brings;
    ``_revinclude=*`` all references to it. Of types that the caller may not read nothing comes along.

    Raises
    ------
    Refusal
        400 for an unknown modifier, type or parameter.
    """
    plain, _, modifier = name.partition(":")
    if text == "*" and plain == "_include" and modifier in ("", "iterate", "recurse"):
        sources = tuple(TYPES) if modifier or searched == "*" else (searched,)
        return [Include(source, _references(source), None, modifier != "", False) for source in sources]
    if text == "*" and plain == "_revinclude" and modifier in ("", "iterate", "recurse"):
        wanted = [searched] if not modifier and searched != "*" else list(TYPES)
        return [
            Include(source, parameters, None, modifier != "", True)
            for source in TYPES
            if (parameters := tuple(one for one in _references(source) if any(_to(one, name) for name in wanted)))
        ]
    parts = text.split(":")
    source = parts[0]
    fault = ""
    if modifier not in ("", "iterate", "recurse"):
        fault = f"the modifier {modifier[:60]!r} is not supported; leave it out or use :iterate"
    elif source not in TYPES or len(parts) not in (2, 3):
        fault = "write Type:parameter or Type:parameter:TargetType, with a type that is served"
    elif len(parts) == 3 and parts[2] and parts[2] not in TYPES:
        fault = f"{parts[2][:60]!r} is not served here"
    parameters: tuple[Parameter, ...] = ()
    if not fault:
        parameters = tuple(one for one in _references(source) if parts[1] in (one.name, "*"))
        if not parameters:
            fault = f"{source} has no reference {parts[1][:60]!r} to follow"
    if fault:
        raise Refusal(400, "not-supported", f"{plain} is {text[:100]!r}: {fault}", expression=f"http.{plain}")
    target = parts[2] if len(parts) == 3 and parts[2] else None
    return [Include(source, parameters, target, modifier != "", plain == "_revinclude")]


def _references(name: str) -> tuple[Parameter, ...]:
    return tuple(one for one in TYPES[name].parameters if one.kind is Kind.REFERENCE and one.values)


def includable(name: str) -> list[str]:
    """All that can be asked of a type with ``_include``."""
    found = [f"{name}:{one.name}" for one in _references(name)]
    return [*found, "*"] if found else []


def _to(parameter: Parameter, name: str) -> bool:
    """Whether a reference may be to the type."""
    return name in parameter.targets or not parameter.targets


def reverse_includable(name: str) -> list[str]:
    """All that can be asked of a type with ``_revinclude``."""
    found = [
        f"{source.name}:{one.name}" for source in TYPES.values() for one in _references(source.name) if _to(one, name)
    ]
    return [*found, "*"] if found else []


def references_in(resource: Any) -> Iterator[str]:
    """Every literal reference in a resource as it is served, ``Type/id``, without its version."""
    if isinstance(resource, dict):
        text = resource.get("reference")
        if isinstance(text, str) and not text.startswith("#"):
            yield text.split("/_history/")[0]
        for value in resource.values():
            if isinstance(value, dict | list):
                yield from references_in(value)
    elif isinstance(resource, list):
        for item in resource:
            if isinstance(item, dict | list):
                yield from references_in(item)


def named(references: Iterable[str], reach: Any) -> list[Served]:
    """The resources of references ``Type/id``, as far as the reach goes, each once."""
    by_type: dict[str, set[str]] = {}
    for reference in references:
        kind, _, identifier = reference.partition("/")
        if kind in TYPES and identifier and "/" not in identifier:
            by_type.setdefault(kind, set()).add(identifier)
    return [one for kind in sorted(by_type) for one in TYPES[kind].named(sorted(by_type[kind]), reach)]


def included(found: Sequence[Served], includes: Sequence[Include], reach: Any) -> tuple[list[Served], bool]:
    """What the includes add to what was found, each once, and whether that is all of it."""
    seen = {(one.resource_type, one.id) for one in found}
    added: list[Served] = []
    fresh: list[Served] = list(found)
    complete = True
    asked = list(includes)
    for _ in range(_LEVELS):
        brought: list[Served] = []
        budget = Budget(MOST_LOOKED_AT)
        for one in (*_forward(fresh, asked, reach), *_backward(fresh, asked, reach, budget)):
            if (one.resource_type, one.id) in seen:
                continue
            if len(added) + len(brought) == MOST_INCLUDED:
                complete = False
                break
            seen.add((one.resource_type, one.id))
            brought.append(one)
        added += brought
        complete = complete and budget.stopped_at is None
        fresh = brought
        asked = [include for include in includes if include.iterate]
        if not (fresh and asked and complete):
            break
    else:
        complete = not fresh
    return added, complete


def _forward(found: Sequence[Served], includes: Sequence[Include], reach: Any) -> list[Served]:
    wanted: dict[str, None] = {}
    forward = [include for include in includes if not include.reverse]
    sources = {include.source for include in forward}
    for one in found:
        if one.resource_type not in sources:
            continue
        resource = _decode(one.body)
        for include in forward:
            if include.source != one.resource_type:
                continue
            for parameter in include.parameters:
                for element in parameter.values(resource) if parameter.values else ():
                    text = (literal(element) or "").split("/_history/")[0]
                    if _fits(text.partition("/")[0], include, parameter):
                        wanted[text] = None
    return named(wanted, reach)


def _fits(kind: str, include: Include, parameter: Parameter) -> bool:
    if include.target is not None:
        return kind == include.target
    return not parameter.targets or kind in parameter.targets


def _backward(found: Sequence[Served], includes: Sequence[Include], reach: Any, budget: Budget) -> Iterator[Served]:
    for include in includes:
        if not include.reverse:
            continue
        for parameter in include.parameters:
            targets = tuple(
                Target(one.resource_type, one.id) for one in found if _fits(one.resource_type, include, parameter)
            )
            if targets:
                walk = TYPES[include.source].walk(
                    (Criterion(parameter, "", targets),), order=Order(), reach=reach, budget=budget
                )
                yield from islice(walk, MOST_INCLUDED + 1)

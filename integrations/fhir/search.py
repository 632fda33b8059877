"""Searches: one page of what a query finds, the few that a condition finds, or all of it as a stream.

Pages are cut by the key of their last resource, not by a count of rows: what is written meanwhile shifts nothing, so no
resource is shown twice or left out because of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from integrations.fhir import page_link
from integrations.fhir.ask import BY_ID_PARAMETER, EVERYWHERE, MOST_PARAMETERS, Asked, ask
from integrations.fhir.compartment import Everything, within
from integrations.fhir.include import MOST_INCLUDED, included
from integrations.fhir.interval import Interval
from integrations.fhir.outcome import Refusal, too_costly
from integrations.fhir.parameters import Criterion, Moment
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Budget, Key, Order, Served, ServedType
from integrations.fhir.shape import Shape

__all__ = ["EVERYWHERE", "MOST_PARAMETERS", "Page", "cut_in_audit", "find", "iterate", "kept_in_audit", "search"]

MOST_KEPT = MOST_PARAMETERS + 1
"""Parameters that the audit trail keeps: all that a search may have, and the place of its page."""
LONGEST_NAME, LONGEST_VALUE = 60, 300
"""What the audit trail keeps of a parameter's name and of its value."""
MOST_LOOKED_AT = 5_000
"""Resources that one page may cost to look at; a page that ends there has a next link all the same."""
_UPDATED = next(parameter for parameter in EVERYWHERE if parameter.name == "_lastUpdated")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found, what comes along with it, the address of the rest, and how many there are in all, where
    that was asked for. `issues` are those of an OperationOutcome: what of the query was not used."""

    found: tuple[Served, ...]
    self_link: str
    next_link: str | None = None
    total: int | None = None
    included: tuple[Served, ...] = ()
    issues: tuple[dict[str, Any], ...] = ()
    shape: Shape = field(default_factory=Shape)


def search(
    resource_type: str,
    pairs: Sequence[tuple[str, str]],
    *,
    base: str,
    reach: Any = None,
    strict: bool = False,
    compartment: tuple[str, str] | None = None,
    during: Sequence[Moment] = (),
) -> Page:
    """The page that a query asks for.

    Parameters
    ----------
    resource_type
        A type that is served, or ``*`` for all types of a compartment.
    base
        The door's address with a slash at its end.
    reach
        What the caller may see; None for all (`integrations.fhir.visible`).
    strict
        Whether an unknown parameter is refused; otherwise it is left out and named.
    compartment
        ``("Patient", id)``, to find only what lies in it.
    during
        With all types of a compartment, the bounds of the time in which what is found happened.

    Raises
    ------
    Refusal
        400 for a value, modifier or order that cannot be used, for too many parameters, and under `strict` for an
        unknown one; 404 for a type or compartment that there is not; 406 for a format other than JSON.
    """
    asked = _asked(resource_type, pairs, base, reach, strict, compartment, during)
    place = asked.after
    self_link = page_link.of(base, asked.path, asked.applied, asked.order, place, asked.until)
    issues = tuple(_ignored(name) for name in asked.ignored)
    total = None
    if asked.total:
        total = asked.served.count(asked.criteria, until=asked.until, reach=reach, roughly=asked.total == "estimate")
    if asked.only_total:
        return Page((), self_link, None, total, issues=issues)
    budget = Budget(MOST_LOOKED_AT)
    walk = asked.served.walk(
        asked.criteria, order=asked.order, after=place, until=asked.until, reach=reach, first=asked.count, budget=budget
    )
    found = list(islice(walk, asked.count + 1))
    shown = found[: asked.count]
    last: Key | None = budget.stopped_at
    if len(found) > len(shown):
        last = shown[-1].key
    following = None if last is None else page_link.of(base, asked.path, asked.applied, asked.order, last, asked.until)
    along: list[Served] = []
    if asked.includes and shown:
        along, complete = included(shown, asked.includes, reach)
        if not complete:
            issues = (*issues, _cut_short())
    return Page(tuple(shown), self_link, following, total, tuple(along), issues, asked.shape)


def find(
    resource_type: str, pairs: Sequence[tuple[str, str]], *, reach: Any = None, most: int = 2, base: str = ""
) -> list[Served]:
    """At most `most` resources that answer a condition (conditional create, update, delete, reference).

    Raises
    ------
    Refusal
        400 for a parameter that is unknown or cannot be used, for a condition without any, and for one that would have
        to look at too much.
    """
    asked = _asked(resource_type, pairs, base, reach, True, None)
    if not asked.criteria:
        raise Refusal(400, "required", f"the condition on {resource_type} names no search parameter; give one")
    budget = Budget(MOST_LOOKED_AT)
    walk = asked.served.walk(asked.criteria, order=asked.order, reach=reach, first=most, budget=budget)
    found = list(islice(walk, most))
    if len(found) < most and budget.stopped_at is not None:
        raise too_costly(f"the condition on {resource_type} looks at too many resources", MOST_LOOKED_AT)
    return found


def iterate(
    resource_type: str,
    query: Sequence[tuple[str, str]] | tuple[Criterion, ...] = (),
    *,
    reach: Any = None,
    since: datetime | None = None,
    until: datetime | None = None,
    base: str = "",
    compartment: tuple[str, str] | None = None,
) -> Iterator[Served]:
    """All that a query finds, updated from `since` until before `until`, in the order of their updates, as a stream.

    `query` are pairs of a search, or criteria.

    Raises
    ------
    Refusal
        As `search`, under strict handling, before the first resource.
    """
    criteria: tuple[Criterion, ...]
    if all(isinstance(one, Criterion) for one in query) and query:
        served = _served(resource_type)
        criteria = tuple(one for one in query if isinstance(one, Criterion))
        if compartment is not None:
            criteria = (within(served, compartment, BY_ID_PARAMETER), *criteria)
        end = served.end()
    else:
        pairs = [pair for pair in query if not isinstance(pair, Criterion)]
        asked = _asked(resource_type, pairs, base, reach, True, compartment)
        served, criteria, end = asked.served, asked.criteria, asked.until
    for prefix, instant in (("ge", since), ("lt", until)):
        if instant is not None:
            criteria = (*criteria, Criterion(_UPDATED, "", (Moment(prefix, Interval(instant, instant)),)))
    return served.walk(criteria, order=Order(), until=end, reach=reach)


def kept_in_audit(served: ServedType | None, query: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """The query as the audit trail keeps it: without values that may name a person, or of unknown parameters; `served`
    is None for all types of a compartment."""
    open_names = {"_count", "_cursor", "_sort", "_summary", "_total", "_format", "_elements", "_include", "_revinclude"}
    open_names |= {"_type", "_pretty"} | {
        parameter.name for parameter in (*EVERYWHERE, *(served.parameters if served else ())) if not parameter.private
    }

    def is_open(name: str) -> bool:
        plain, _, modifier = name.partition(":")
        return plain in open_names and "." not in modifier and modifier != "identifier"

    kept = query[:MOST_KEPT]
    return [[name[:LONGEST_NAME], text[:LONGEST_VALUE] if is_open(name) else None] for name, text in kept]


def cut_in_audit(query: Sequence[tuple[str, str]]) -> bool:
    """Whether the query is longer than the audit trail keeps, whatever of it is withheld."""
    long = any(len(name) > LONGEST_NAME or len(text) > LONGEST_VALUE for name, text in query)
    return long or len(query) > MOST_KEPT


def _asked(
    resource_type: str,
    pairs: Sequence[tuple[str, str]],
    base: str,
    reach: Any,
    strict: bool,
    compartment: tuple[str, str] | None,
    during: Sequence[Moment] = (),
) -> Asked:
    path = resource_type
    criteria: tuple[Criterion, ...] = ()
    served: ServedType
    if compartment is None:
        served = _served(resource_type)
    else:
        path = f"{compartment[0]}/{compartment[1]}/{resource_type}"
        if resource_type == "*":
            types = [one for name, text in pairs if name == "_type" for one in text.split(",")]
            served = Everything(compartment, BY_ID_PARAMETER, types, during)
        else:
            served = _served(resource_type)
            criteria = (within(served, compartment, BY_ID_PARAMETER),)
    return ask(served, pairs, path=path, criteria=criteria, strict=strict, base=base, reach=reach)


def _served(resource_type: str) -> ServedType:
    served = TYPES.get(resource_type)
    if served is None:
        known = ", ".join(TYPES)
        raise Refusal(404, "not-supported", f"{resource_type[:64]!r} is not served here; there are {known}.")
    if not served.searched:
        raise Refusal(400, "not-supported", f"{resource_type} cannot be searched; read it by its id.")
    return served


def _ignored(name: str) -> dict[str, Any]:
    return {
        "severity": "warning",
        "code": "not-supported",
        "details": {"text": f"{name[:60]!r} is no search parameter here and was not used"},
        "expression": [f"http.{name[:60]}"],
    }


def _cut_short() -> dict[str, Any]:
    text = f"not all of what was to be included is here: at most {MOST_INCLUDED} resources; ask for fewer with _count"
    return {"severity": "warning", "code": "too-costly", "details": {"text": text}}

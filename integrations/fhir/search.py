"""A query made into a search, and one page of what it finds.

Pages are cut by the key of their last resource, not by a count of rows: what is written meanwhile shifts nothing, so no
resource is shown twice or left out because of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.core import signing

from integrations.fhir.outcome import Refusal, bad_value, too_costly
from integrations.fhir.parameters import Criterion, Kind, Parameter, read
from integrations.fhir.resources.served import Served, ServedType

DEFAULT_COUNT = 50
MOST = 200
MOST_PARAMETERS = 40
"""Parameters of one search, and how many of them the audit trail keeps; the place of a page is none of them."""
_SALT = "integrations.fhir.search"
_JSON = frozenset({"json", "application/json", "application/fhir+json", "text/json"})
_DEFINED = "http://hl7.org/fhir/SearchParameter/"

EVERYWHERE = (
    Parameter("_id", Kind.TOKEN, "Ids of this server", definition=f"{_DEFINED}Resource-id"),
    Parameter(
        "_lastUpdated", Kind.DATE, "When its source last changed it", definition=f"{_DEFINED}Resource-lastUpdated"
    ),
)
"""Parameters of every type."""

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for. `applied` are the parameters that were used, as they were written, for the self link."""

    served: ServedType
    criteria: tuple[Criterion, ...]
    applied: tuple[tuple[str, str], ...]
    newest_first: bool
    count: int
    only_total: bool
    with_total: bool
    after: Key | None
    until: Key | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found, the address of the rest, and how many there are in all, where that was asked for."""

    found: tuple[Served, ...]
    self_link: str
    next_link: str | None
    total: int | None


def ask(served: ServedType, query: Sequence[tuple[str, str]], *, strict: bool, base: str) -> Search:
    """Read a query; `base` is the door's address with a slash at its end.

    Raises
    ------
    Refusal
        400 for a value, modifier or order that cannot be used, for too many parameters, and under `strict` for an
        unknown one; 406 for a format other than JSON.
    """
    given = sum(1 for name, _ in query if name != "_cursor")
    if given > MOST_PARAMETERS:
        raise too_costly(f"the search has {given} parameters", MOST_PARAMETERS)
    known = {parameter.name: parameter for parameter in (*EVERYWHERE, *served.parameters)}
    criteria: list[Criterion] = []
    applied: list[tuple[str, str]] = []
    newest_first, count, only_total, with_total = False, DEFAULT_COUNT, False, False
    after: Key | None = None
    until: Key | None = None
    for name, text in query:
        plain, _, modifier = name.partition(":")
        if plain in known:
            criteria.append(read(known[plain], modifier, text, base))
        elif name == "_count":
            count = _count(text)
        elif name == "_sort":
            newest_first = _order(text)
        elif name == "_summary" and text in ("count", "false"):
            only_total = text == "count"
        elif name == "_total" and text in ("accurate", "none"):
            with_total = text == "accurate"
        elif name == "_cursor":
            after, until = _place(served, text)
            continue
        elif name == "_format":
            if text.split(";")[0].strip().replace(" ", "+") not in _JSON:
                raise Refusal(406, "not-supported", f"_format is {text[:60]!r}; only application/fhir+json is served")
        elif strict:
            raise Refusal(
                400, "not-supported", f"{name[:60]!r} is no search parameter of {served.name}; leave it out, or do not"
                " ask for Prefer: handling=strict", expression=f"http.{plain[:60]}",
            )  # fmt: skip
        else:
            continue
        applied.append((name, text))
    only_total = only_total or count == 0
    if until is None:
        until = served.end()
    return Search(
        served, tuple(criteria), tuple(applied), newest_first, count, only_total, with_total or only_total, after, until
    )


def run(search: Search, base: str) -> Page:
    """One page, after the place that the search names."""
    self_link = _link(search, base, search.after)
    total = None
    if search.with_total:
        total = sum(1 for _ in _walk(search, None))
    if search.only_total:
        return Page((), self_link, None, total)
    found = list(islice(_walk(search, search.after), search.count + 1))
    page = found[: search.count]
    more = _link(search, base, page[-1].key) if len(found) > len(page) else None
    return Page(tuple(page), self_link, more, total)


def _walk(search: Search, after: Key | None) -> Iterable[Served]:
    return search.served.walk(search.criteria, newest_first=search.newest_first, after=after, until=search.until)


def _link(search: Search, base: str, after: Key | None) -> str:
    parameters = list(search.applied)
    if after is not None:
        place = signing.dumps([search.served.name, after, search.until], salt=_SALT)
        parameters.append(("_cursor", place))
    query = urlencode(parameters)
    return f"{base}{search.served.name}?{query}" if query else f"{base}{search.served.name}"


def _place(served: ServedType, text: str) -> tuple[Key, Key | None]:
    """Where a page begins; signed, so that only what this server wrote is read."""
    try:
        name, after, until = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise _lost(text) from error
    if name != served.name:
        raise _lost(text)
    return tuple(after), None if until is None else tuple(until)


def _lost(text: str) -> Refusal:
    return bad_value("_cursor", text, "follow the next link as it was given, or begin the search anew")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise bad_value("_count", text, f"give a whole number from 0 to {MOST}")
    return min(int(text[:9]), MOST)


def _order(text: str) -> bool:
    orders: dict[str, bool] = {"_lastUpdated": False, "-_lastUpdated": True}
    if text not in orders:
        raise bad_value("_sort", text, "give _lastUpdated or -_lastUpdated")
    return orders[text]


def kept_in_audit(served: ServedType, query: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """The query as the audit trail keeps it: without values that may name a person, or of unknown parameters."""
    open_names = {"_count", "_sort", "_summary", "_total", "_format"}
    open_names |= {parameter.name for parameter in (*EVERYWHERE, *served.parameters) if not parameter.private}
    return [
        [name[:60], text[:300] if name.partition(":")[0] in open_names else None]
        for name, text in query[:MOST_PARAMETERS]
    ]


def search(resource_type, pairs, *, base, reach, strict=False, compartment=None):
    from types import SimpleNamespace

    from integrations.fhir.resources import TYPES

    query = [*pairs, *([("patient", compartment[1])] if compartment else [])]
    page = run(ask(TYPES[resource_type], query, strict=strict, base=base), base)
    return SimpleNamespace(
        found=page.found, included=(), self_link=page.self_link, next_link=page.next_link, total=page.total
    )


def find(resource_type, pairs, *, reach=None, most=2):
    from integrations.fhir.resources import TYPES

    wanted = ask(TYPES[resource_type], pairs, strict=True, base="")
    return list(islice(_walk(wanted, None), most))

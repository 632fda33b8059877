"""A query read into what is asked: criteria, order, number, shape and what is to come along."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from integrations.fhir import page_link
from integrations.fhir.chain import Known, chained, having
from integrations.fhir.elements import at
from integrations.fhir.formats import is_json
from integrations.fhir.include import Include, read_include
from integrations.fhir.outcome import Refusal, bad_value, too_costly
from integrations.fhir.parameters import Criterion, Kind, Parameter
from integrations.fhir.query import read
from integrations.fhir.resources.definitions import definition
from integrations.fhir.resources.served import BY_ID, BY_UPDATE, Key, Order, ServedType
from integrations.fhir.shape import SUMMARIES, Shape, read_elements

DEFAULT_COUNT = 50
MOST = 200
MOST_PARAMETERS = 40
"""Parameters of one search, and how many of them the audit trail keeps; the place of a page is none of them."""
MOST_VALUES = 500
"""Values joined by commas, of all parameters of one search together: each costs reading and a condition."""
MOST_REFERENCES_FOLLOWED = 10
"""Chains, reverse chains and includes of one search: each is a search of its own."""

EVERYWHERE = (
    Parameter("_id", Kind.TOKEN, "Ids of this server", definition=definition("", "_id")),
    Parameter(
        "_lastUpdated", Kind.DATE, "When its source last changed it", definition=definition("", "_lastUpdated")
    ),
    Parameter(
        "_profile", Kind.URI, "A profile that it says it keeps", at("meta.profile"),
        definition=definition("", "_profile"),
    ),
    Parameter("_tag", Kind.TOKEN, "A tag", at("meta.tag"), definition=definition("", "_tag")),
    Parameter(
        "_security", Kind.TOKEN, "A label of confidentiality", at("meta.security"),
        definition=definition("", "_security"),
    ),
)  # fmt: skip
"""Parameters of every type."""
BY_ID_PARAMETER = EVERYWHERE[0]
known = Known(EVERYWHERE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for.

    `applied` are the parameters that were used, as they were written, for the self link; `ignored` the names of those
    that were not. `total` is empty, ``accurate`` or ``estimate``.
    """

    served: ServedType
    path: str
    criteria: tuple[Criterion, ...]
    applied: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    order: Order
    count: int
    only_total: bool
    total: str
    shape: Shape
    includes: tuple[Include, ...]
    after: Key | None
    until: Key | None


def ask(
    served: ServedType,
    query: Sequence[tuple[str, str]],
    *,
    path: str,
    criteria: tuple[Criterion, ...],
    strict: bool,
    base: str,
    reach: Any,
) -> Asked:
    """Read a query; `criteria` are those of its compartment.

    Raises
    ------
    Refusal
        As `search` says.
    """
    given = sum(1 for name, _ in query if name != "_cursor")
    if given > MOST_PARAMETERS:
        raise too_costly(f"the search has {given} parameters", MOST_PARAMETERS)
    reading = _Reading(served, base, reach)
    applied: list[tuple[str, str]] = []
    ignored: list[str] = []
    cursor, values = "", 0
    for name, text in query:
        values += text.count(",") + 1
        if name == "_cursor":
            cursor = text
        elif reading.take(name, text):
            applied.append((name, text))
        elif strict:
            raise Refusal(
                400, "not-supported", f"{name[:60]!r} is no search parameter of {served.name}; leave it out, or do not"
                " ask for Prefer: handling=strict", expression=f"http.{name.partition(':')[0][:60]}",
            )  # fmt: skip
        elif name not in ignored:
            ignored.append(name)
        if values > MOST_VALUES:
            raise too_costly("the search has too many values", MOST_VALUES)
    after, until = page_link.place(path, reading.order, cursor) if cursor else (None, None)
    return Asked(
        served,
        path,
        (*criteria, *reading.criteria),
        tuple(applied),
        tuple(ignored),
        reading.order,
        reading.count,
        reading.only_total or reading.count == 0,
        "accurate" if reading.only_total or reading.count == 0 else reading.total,
        Shape(reading.summary, reading.elements),
        tuple(reading.includes),
        after,
        served.end() if until is None else until,
    )


class _Reading:
    """The parameters read so far."""

    def __init__(self, served: ServedType, base: str, reach: Any) -> None:
        self._served = served
        self._base = base
        self._reach = reach
        self._known = known(served)
        self._followed = 0
        self.criteria: list[Criterion] = []
        self.includes: list[Include] = []
        self.order = Order()
        self.count = DEFAULT_COUNT
        self.total = ""
        self.only_total = False
        self.summary = ""
        self.elements: tuple[str, ...] = ()

    def take(self, name: str, text: str) -> bool:
        """Read one parameter; False where it is none."""
        plain, _, modifier = name.partition(":")
        if plain == "_has":
            self._follow(name)
            self.criteria.append(having(self._served, modifier, text, self._base, self._reach, known, BY_ID_PARAMETER))
        elif "." in name and not name.startswith("_") and name.partition(".")[0].partition(":")[0] in self._known:
            self._follow(name)
            self.criteria.append(chained(self._served, name, text, self._base, self._reach, known))
        elif plain in self._known:
            self.criteria.append(read(self._known[plain], modifier, text, self._base))
        elif plain in ("_include", "_revinclude"):
            self._follow(name)
            self.includes += read_include(name, text, self._served.name)
        else:
            return self._take_control(name, text)
        return True

    def _follow(self, name: str) -> None:
        self._followed += 1
        if self._followed > MOST_REFERENCES_FOLLOWED:
            raise too_costly(
                "the search follows too many references",
                MOST_REFERENCES_FOLLOWED,
                name.partition(":")[0].partition(".")[0],
            )

    def _take_control(self, name: str, text: str) -> bool:
        match name:
            case "_count":
                self.count = _count(text)
            case "_sort":
                self.order = _order(text, self._served)
            case "_summary":
                if text not in SUMMARIES:
                    raise bad_value("_summary", text, f"give one of {', '.join(SUMMARIES)}")
                self.only_total = text == "count"
                self.summary = text
            case "_elements":
                self.elements = read_elements(text)
            case "_total":
                if text not in ("none", "estimate", "accurate"):
                    raise bad_value("_total", text, "give none, estimate or accurate")
                self.total = "" if text == "none" else text
            case "_type" if self._served.name == "*":
                pass
            case "_format":
                if not is_json(text):
                    raise Refusal(
                        406, "not-supported", f"_format is {text[:60]!r}; only application/fhir+json is served"
                    )
            case "_pretty":
                pass
            case _:
                return False
        return True


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise bad_value("_count", text, f"give a whole number from 0 to {MOST}")
    return min(int(text[:9]), MOST)


def _order(text: str, served: ServedType) -> Order:
    """The order; what comes after an id, or a second time, parts nothing any more."""
    keys: dict[str, Order] = {}
    for key in text.split(","):
        name = key.removeprefix("-")
        if name not in served.orders:
            orders = ", ".join(served.orders or (BY_UPDATE,))
            raise bad_value("_sort", text, f"give {orders}, or several with commas; a hyphen before one reverses it")
        if BY_ID not in keys:
            keys.setdefault(name, Order(name, key.startswith("-")))
    first, *rest = keys.values()
    return replace(first, then=tuple(rest))

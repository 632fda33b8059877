"""Search and history: parameters in, a page of a searchset Bundle out.

Paging is by key, not by offset: the `next` link carries the key of the last entry shown, so pages neither skip nor
repeat anything while new resources arrive.
"""

import base64
import bisect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.ward.log import TYPES, WardLog
from integrations.ward.outcome import FhirError
from integrations.ward.resources import Version

DEFAULT_COUNT = 50
MAX_COUNT = 1000
PAGE = "_page"
SearchKey = Callable[[Version], str]

_MOMENT = re.compile(
    r"(?P<prefix>eq|ne|ge|gt|le|lt|sa|eb)?"
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+ -]\d\d:\d\d)?)?)?)?"
)


def natural_key(version: Version) -> str:
    """Order of (lastUpdated, id)."""
    return f"{version.updated:%Y%m%dT%H%M%S}~{version.id}"


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open: the instants [start, end) that a date parameter's value stands for."""

    prefix: str
    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        match self.prefix:
            case "ge":
                return moment >= self.start
            case "gt" | "sa":
                return moment >= self.end
            case "le":
                return moment < self.end
            case "lt" | "eb":
                return moment < self.start
            case "ne":
                return not self.start <= moment < self.end
            case _:
                return self.start <= moment < self.end


def moment_parameter(name: str, text: str) -> Interval:
    """A FHIR date search value, from the year to the fraction of a second, with its prefix.

    Raises
    ------
    FhirError
        400, where `text` is not a date.
    """
    match = _MOMENT.fullmatch(text)
    wrong = FhirError(
        400, "invalid", f"{name} is {text!r}; give a FHIR date such as ge2026-03-01T08:00:00Z", expression=name
    )
    if match is None:
        raise wrong
    part = {key: value for key, value in match.groupdict().items() if value is not None}
    # a + that was not escaped arrives as a space
    zone = part.get("zone", "Z").replace("Z", "+00:00").replace(" ", "+")
    try:
        start = datetime.fromisoformat(
            f"{part['year']}-{part.get('month', '01')}-{part.get('day', '01')}"
            f"T{part.get('hour', '00')}:{part.get('minute', '00')}:{part.get('second', '00')}{zone}"
        ).astimezone(UTC)
        if "fraction" in part:
            digits = part["fraction"][:6]
            start += timedelta(microseconds=int(digits.ljust(6, "0")))
            end = start + timedelta(microseconds=10 ** (6 - len(digits)))
        elif "second" in part:
            end = start + timedelta(seconds=1)
        elif "hour" in part:
            end = start + timedelta(minutes=1)
        elif "day" in part:
            end = start + timedelta(days=1)
        elif "month" in part:
            end = (start + timedelta(days=31)).replace(day=1)
        else:
            end = start.replace(year=start.year + 1)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    return Interval(part.get("prefix", "eq"), start, end)


@dataclass(frozen=True, slots=True)
class Query:
    """A search as understood: what filters, how many entries a page, where to go on, and what the self link repeats."""

    kind: str
    count: int
    ids: frozenset[str] | None
    patients: frozenset[str] | None
    updated: tuple[Interval, ...]
    after: str | None
    used: tuple[tuple[str, str], ...]

    def accepts(self, version: Version) -> bool:
        return (
            (self.ids is None or version.id in self.ids)
            and (self.patients is None or version.patient in self.patients)
            and all(interval.holds(version.updated) for interval in self.updated)
        )


def parse_query(kind: str, pairs: Sequence[tuple[str, str]], *, strict: bool, history: bool = False) -> Query:
    """Read the parameters; unknown ones are ignored and left out of the self link, or refused when `strict`."""
    count, after = DEFAULT_COUNT, None
    ids: frozenset[str] | None = None
    patients: frozenset[str] | None = None
    updated: list[Interval] = []
    used: list[tuple[str, str]] = []
    for name, text in pairs:
        plain, _, modifier = name.partition(":")
        if plain == "_count":
            if not re.fullmatch(r"\d{1,9}", text):
                raise FhirError(400, "invalid", f"_count is {text!r}; give a whole number", expression="_count")
            count = min(int(text), MAX_COUNT)
        elif plain == PAGE:
            after = _key_of(text)
            continue
        elif plain == "_since" and history:
            updated.append(moment_parameter("_since", f"ge{text}"))
        elif plain == "_lastUpdated" and not history:
            updated.append(moment_parameter("_lastUpdated", text))
        elif plain == "_id" and not history:
            chosen = frozenset(text.split(","))
            ids = chosen if ids is None else ids & chosen
        elif plain in PATIENT_PARAMETERS.get(kind, ()) and not history:
            chosen = frozenset(_patient_id(value) for value in text.split(","))
            patients = chosen if patients is None else patients & chosen
        elif plain == "_sort" and not history:
            if text != "_lastUpdated":
                raise FhirError(400, "not-supported", "only _sort=_lastUpdated is supported", expression="_sort")
        elif plain in ("_format", "_pretty"):
            continue
        elif strict:
            raise FhirError(400, "not-supported", f"the parameter {name} is not supported for {kind}", expression=name)
        else:
            continue
        if modifier:
            raise FhirError(400, "not-supported", f"the modifier of {name} is not supported", expression=name)
        used.append((name, text))
    return Query(kind, count, ids, patients, tuple(updated), after, tuple(used))


PATIENT_PARAMETERS = {kind: ("patient", "subject") for kind in TYPES if kind not in ("Patient", "Device")} | {
    "Device": ("patient",)
}


def _patient_id(reference: str) -> str:
    kind, slash, identifier = reference.rpartition("/")
    if slash and not (kind == "Patient" or kind.endswith("/Patient")):
        raise FhirError(400, "invalid", f"{reference!r} is not a Patient; give Patient/<id>", expression="patient")
    return identifier


def _key_of(token: str) -> str:
    try:
        padded = token + "=" * (-len(token) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise FhirError(400, "invalid", f"{PAGE} is not one of this server's next links", expression=PAGE) from error


def page_token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Page:
    """What one page shows: the entries, the last entry of the page before, if any, and the key to go on from."""

    versions: tuple[Version, ...]
    previous: Version | None
    next_key: str | None
    total: int


def find_page(log: WardLog, query: Query, now: datetime, key: SearchKey = natural_key) -> Page:
    found = [version for version in log.current(query.kind, now) if query.accepts(version)]
    return _cut(found, query, key)


def find_history(log: WardLog, query: Query, now: datetime, identifier: str | None) -> Page:
    """Every version, oldest first, of the type or of one resource."""
    found = [version for version in log.history(query.kind, now, identifier) if query.accepts(version)]
    return _cut(found, query, lambda version: f"{natural_key(version)}~{version.number:06}")


def _cut(found: list[Version], query: Query, key: SearchKey) -> Page:
    keyed = sorted(((key(version), version) for version in found), key=lambda pair: pair[0])
    keys = [k for k, _ in keyed]
    start = bisect.bisect_right(keys, query.after) if query.after is not None else 0
    shown = keyed[start : start + query.count]
    more = bool(shown) and start + len(shown) < len(keyed)
    return Page(
        versions=tuple(version for _, version in shown),
        previous=keyed[start - 1][1] if start else None,
        next_key=shown[-1][0] if more else None,
        total=len(keyed),
    )


def bundle(kind: str, query: Query, page: Page, entries: Sequence[dict[str, Any]], *, address: str) -> dict[str, Any]:
    """A searchset or history Bundle; `address` is the absolute URL of the search without its parameters."""
    own = [*query.used, *([(PAGE, page_token(query.after))] if query.after is not None else [])]
    links = [{"relation": "self", "url": _url(address, own)}]
    if page.next_key is not None:
        links.append({"relation": "next", "url": _url(address, [*query.used, (PAGE, page_token(page.next_key))])})
    body: dict[str, Any] = {"resourceType": "Bundle", "type": kind, "total": page.total, "link": links}
    if entries:
        body["entry"] = list(entries)
    return body


def _url(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address


def search_entries(versions: Sequence[Version], base: str) -> Iterator[dict[str, Any]]:
    for version in versions:
        yield {
            "fullUrl": f"{base}/{version.reference}",
            "resource": version.resource(),
            "search": {"mode": "match"},
        }


def history_entries(versions: Sequence[Version], base: str) -> Iterator[dict[str, Any]]:
    for version in versions:
        first = version.number == 1
        yield {
            "fullUrl": f"{base}/{version.reference}",
            "resource": version.resource(),
            "request": {"method": "POST" if first else "PUT", "url": version.type if first else version.reference},
            "response": {
                "status": "201 Created" if first else "200 OK",
                "etag": f'W/"{version.number}"',
                "lastModified": version.resource()["meta"]["lastUpdated"],
            },
        }

"""History: the versions of one resource or of a type, newest first, each with how it came to be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.core import signing
from django.db.models import Exists, OuterRef, Q
from django.utils.dateparse import parse_datetime

from integrations.fhir import visible
from integrations.fhir.authentication import Reach
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.bundled import bundle_of
from integrations.fhir.interactions.found import absent, current, hidden, key_of
from integrations.fhir.interactions.permitted import unknown_type
from integrations.fhir.interval import Interval
from integrations.fhir.outcome import Refusal, bad_value
from integrations.fhir.query import time_of
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.body import FIELDS, Bodies
from integrations.fhir.resources.served import Served
from integrations.fhir.sources import STORED
from integrations.readings.models import Resource

DEFAULT_COUNT = 50
MOST = 200
MOST_LOOKED_AT = 10_000
"""Versions that one page may cost to look at, where the scope is narrowed by search parameters."""
_SALT = "integrations.fhir.history"
Place = tuple[Any, int]
"""When a version was written, and its number."""
Version = tuple[dict[str, Any], Served]


def history(ask: Ask) -> Answer:
    """``GET [base]/[type]/[id]/_history`` and ``GET [base]/[type]/_history``, with _count, _since and _at.

    Raises
    ------
    Refusal
        400 for a value that cannot be used, 404 where nothing of it is there for this caller.
    """
    if ask.resource_type not in TYPES:
        raise unknown_type(ask.resource_type)
    if ask.resource_type not in STORED:
        raise Refusal(404, "not-supported", f"{ask.resource_type} is never changed, so it has no history.")
    rows = _rows(ask)
    asked = _asked(ask)
    if asked.since is not None:
        rows = rows.filter(last_updated__gte=asked.since)
    if asked.at is not None:
        rows = rows.filter(_in_force(asked.at))
    reach = ask.caller.reach(ask.resource_type, "r")
    total = None if reach.queries else rows.count()
    shown, place = _page(rows, asked.count, asked.after, reach)
    body = bundle_of(
        "history",
        [_entry(row, served, ask.base) for row, served in shown],
        links=_links(ask, place),
        total=total,
    )
    return Answer(200, body, shown=[served for _, served in shown], activity="fhir.history")


def _page(rows: Any, count: int, after: Place | None, reach: Reach) -> tuple[list[Version], Place | None]:
    """At most `count` versions that the scope lets through, and the place of the last one if others follow."""
    make, shown, looked_at, place = Bodies(), [], 0, after
    while looked_at < MOST_LOOKED_AT:
        batch = list(_beyond(rows, place).values(*FIELDS)[: count + 1])
        for row in batch:
            if len(shown) == count:
                return shown, place
            looked_at += 1
            place = (row["last_updated"], row["pk"])
            served = make.served(row)
            if not hidden(reach, served):
                shown.append((row, served))
        if len(batch) <= count:
            return shown, None
    return shown, place


def _beyond(rows: Any, place: Place | None) -> Any:
    if place is not None:
        written, number = place
        rows = rows.filter(Q(last_updated__lt=written) | Q(last_updated=written, pk__lt=number))
    return rows.order_by("-last_updated", "-pk")


def _rows(ask: Ask) -> Any:
    """The versions that the caller's scope reaches, each by itself: a resource may have been another patient's."""
    reach = ask.caller.reach(ask.resource_type, "r")
    rows = Resource.objects.filter(visible.rows(reach, TYPES[ask.resource_type]), resource_type=ask.resource_type)
    if ask.identifier:
        if current(ask, "r") is None:
            raise absent(ask)
        rows = rows.filter(source_key=key_of(ask.resource_type, ask.identifier))
    return rows


def _in_force(time: Interval) -> Q:
    """Versions in force at some moment of the time: begun before its end, and not replaced before it began."""
    updated = OuterRef("last_updated")
    later = Q(last_updated__gt=updated) | Q(last_updated=updated, pk__gt=OuterRef("pk"))
    replaced = Resource.objects.filter(later, source_key=OuterRef("source_key"), last_updated__lte=time.low)
    return Q(~Exists(replaced), last_updated__lt=time.high)


@dataclass(slots=True)
class _Asked:
    count: int = DEFAULT_COUNT
    since: datetime | None = None
    at: Interval | None = None
    after: Place | None = None


def _asked(ask: Ask) -> _Asked:
    asked = _Asked()
    for name, text in ask.query:
        if name == "_count":
            if not (text.isascii() and text.isdigit()) or int(text[:9]) == 0:
                raise bad_value("_count", text, f"give a whole number from 1 to {MOST}")
            asked.count = min(int(text[:9]), MOST)
        elif name == "_since":
            asked.since = time_of("_since", text).low
        elif name == "_at":
            asked.at = time_of("_at", text)
        elif name == "_cursor":
            try:
                written, number = signing.loads(text, salt=_SALT)
            except (signing.BadSignature, ValueError) as error:
                raise bad_value("_cursor", text, "follow the next link as it was given") from error
            asked.after = (parse_datetime(written), int(number))
        elif name not in ("_format", "_pretty"):
            raise Refusal(
                400, "not-supported", f"{name[:60]!r} is no parameter of a history; give _count, _since or _at"
            )
    return asked


def _links(ask: Ask, following: Place | None) -> list[dict[str, str]]:
    here = f"{ask.base}{ask.resource_type}{'/' + ask.identifier if ask.identifier else ''}/_history"
    kept = [(name, text) for name, text in ask.query if name in ("_count", "_since", "_at")]
    links = [{"relation": "self", "url": f"{here}?{urlencode(kept)}" if kept else here}]
    if following is not None:
        place = signing.dumps([following[0].isoformat(), following[1]], salt=_SALT)
        links.append({"relation": "next", "url": f"{here}?{urlencode([*kept, ('_cursor', place)])}"})
    return links


def _entry(row: dict[str, Any], served: Served, base: str) -> dict[str, Any]:
    name = f"{served.resource_type}/{served.id}"
    method = row["method"] or "PUT"
    entry: dict[str, Any] = {"fullUrl": f"{base}{name}"}
    if not row["deleted"]:
        entry["resource"] = msgspec.Raw(served.body)
    entry["request"] = {"method": method, "url": served.resource_type if method == "POST" else name}
    entry["response"] = {
        "status": {"POST": "201 Created", "DELETE": "204 No Content"}.get(method, "200 OK"),
        "etag": f'W/"{served.version}"',
        "lastModified": served.last_updated.isoformat(),
    }
    return entry

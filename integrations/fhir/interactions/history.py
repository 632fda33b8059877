"""History: the versions of one resource or of a type, newest first, each with how it came to be."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from django.core import signing
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from integrations.fhir import visible
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.bundled import bundle_of
from integrations.fhir.interactions.found import absent, current, key_of
from integrations.fhir.interactions.permitted import unknown_type
from integrations.fhir.outcome import Refusal, bad_value
from integrations.fhir.query import moment
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.body import FIELDS, Bodies
from integrations.fhir.resources.served import Served
from integrations.fhir.sources import STORED
from integrations.readings.models import Resource

DEFAULT_COUNT = 50
MOST = 200
_SALT = "integrations.fhir.history"


def history(ask: Ask) -> Answer:
    """``GET [base]/[type]/[id]/_history`` and ``GET [base]/[type]/_history``, with _count and _since.

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
    count, since, after = _asked(ask)
    if since is not None:
        rows = rows.filter(last_updated__gte=since)
    total = rows.count()
    if after is not None:
        written, number = after
        rows = rows.filter(Q(last_updated__lt=written) | Q(last_updated=written, pk__lt=number))
    found = list(rows.order_by("-last_updated", "-pk").values(*FIELDS)[: count + 1])
    make = Bodies()
    shown = [(row, make.served(row)) for row in found[:count]]
    body = bundle_of(
        "history",
        [_entry(row, served, ask.base) for row, served in shown],
        links=_links(ask, found, count),
        total=total,
    )
    return Answer(200, body, shown=[served for _, served in shown], activity="fhir.history")


def _rows(ask: Ask) -> Any:
    rows = Resource.objects.filter(resource_type=ask.resource_type)
    if ask.identifier:
        if current(ask, "r") is None:
            raise absent(ask)
        return rows.filter(source_key=key_of(ask.resource_type, ask.identifier))
    return rows.filter(visible.rows(ask.caller.reach(ask.resource_type, "r"), TYPES[ask.resource_type]))


def _asked(ask: Ask) -> tuple[int, Any, tuple[Any, int] | None]:
    count, since, after = DEFAULT_COUNT, None, None
    for name, text in ask.query:
        if name == "_count":
            if not (text.isascii() and text.isdigit()) or int(text[:9]) == 0:
                raise bad_value("_count", text, f"give a whole number from 1 to {MOST}")
            count = min(int(text[:9]), MOST)
        elif name == "_since":
            since = moment("_since", text).time.low
        elif name == "_cursor":
            try:
                written, number = signing.loads(text, salt=_SALT)
            except (signing.BadSignature, ValueError) as error:
                raise bad_value("_cursor", text, "follow the next link as it was given") from error
            after = (parse_datetime(written), int(number))
        elif name not in ("_format", "_pretty"):
            raise Refusal(400, "not-supported", f"{name[:60]!r} is no parameter of a history; give _count or _since")
    return count, since, after


def _links(ask: Ask, found: list[dict[str, Any]], count: int) -> list[dict[str, str]]:
    here = f"{ask.base}{ask.resource_type}{'/' + ask.identifier if ask.identifier else ''}/_history"
    kept = [(name, text) for name, text in ask.query if name in ("_count", "_since")]
    links = [{"relation": "self", "url": f"{here}?{urlencode(kept)}" if kept else here}]
    if len(found) > count:
        last = found[count - 1]
        place = signing.dumps([last["last_updated"].isoformat(), last["pk"]], salt=_SALT)
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

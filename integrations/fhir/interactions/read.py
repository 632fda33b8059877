"""Read and vread: one resource, as it is or as it was."""

import re
from datetime import datetime

from django.utils.http import parse_http_date_safe

from integrations.fhir.interactions.ask import Answer, Ask, marks
from integrations.fhir.interactions.found import absent, current, gone, hidden, reaches, versioned
from integrations.fhir.outcome import bad_value
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Served
from integrations.fhir.shape import SUMMARIES, Shape, read_elements
from integrations.fhir.sources import STORED


def read(ask: Ask) -> Answer:
    """``GET [base]/[type]/[id]`` and ``GET [base]/[type]/[id]/_history/[version]``.

    Raises
    ------
    Refusal
        404 where it is not there for this caller, 410 where it was deleted, 400 for a shape that there is not.
    """
    served = _stored(ask) if ask.resource_type in STORED else _computed(ask)
    activity = "fhir.vread" if ask.version else "fhir.read"
    shape = _shape(ask)
    known = _is_known(ask, served.version, served.last_updated)
    body = b"" if known else shape.of(served.resource_type, served.body)
    return Answer(304 if known else 200, body, marks(served, ask.base), [served], activity=activity)


def _shape(ask: Ask) -> Shape:
    """How much of it is wanted, by ``_summary`` and ``_elements``; ``count`` counts, so it is for searches alone."""
    summary = ""
    elements: tuple[str, ...] = ()
    for name, text in ask.query:
        if name == "_summary":
            if text not in SUMMARIES or text == "count":
                raise bad_value("_summary", text, "give one of true, text, data, false")
            summary = text
        elif name == "_elements":
            elements = read_elements(text)
    return Shape(summary, elements)


def _stored(ask: Ask) -> Served:
    found = versioned(ask, "r") if ask.version else current(ask, "r")
    if found is None:
        raise absent(ask)
    if found.deleted:
        raise gone(found)
    return found.served


def _computed(ask: Ask) -> Served:
    """Of a type that is made from other tables when it is asked for."""
    reach = ask.caller.reach(ask.resource_type, "r")
    served = TYPES[ask.resource_type].read(ask.identifier, ask.version or None)
    if served is None or not reaches(reach, ask.resource_type, served.subject_key or None) or hidden(reach, served):
        raise absent(ask)
    return served


def _is_known(ask: Ask, version: str, last_updated: datetime) -> bool:
    """Whether the caller has this version; ETags compare weakly, and come as ``W/"1"``, ``"1"`` or a list of them."""
    tags = ask.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or version in etags(tags)
    since = parse_http_date_safe(ask.headers.get("if-modified-since", ""))
    return since is not None and int(last_updated.timestamp()) <= since


def etags(text: str) -> list[str]:
    """The versions of an If-Match or If-None-Match header, weak or strong, one or several."""
    return re.findall(r'(?:W/)?"([^"]*)"', text)

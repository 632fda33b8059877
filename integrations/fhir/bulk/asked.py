"""The parameters of a kick-off request, read and judged."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.fhir.authentication import Reach
from integrations.fhir.bulk import filters
from integrations.fhir.bulk.exported import types_of
from integrations.fhir.bulk.models import Level
from integrations.fhir.interactions.ask import Ask
from integrations.fhir.operations.inputs import Given, Inputs
from integrations.fhir.outcome import Refusal, bad_value
from integrations.fhir.query import time_of
from integrations.fhir.shape import read_elements

FORMATS = ("application/fhir+ndjson", "application/ndjson", "ndjson")
_TYPED_FILTERS = re.compile(r",(?=[A-Z][A-Za-z]{1,63}\?)")
"""A comma between two filters; one within a value does not stand before ``Type?``."""


@dataclass(slots=True)
class Asked:
    """What is to be exported; `notes` are sentences on what was ignored because lenient handling was asked for."""

    level: Level
    lenient: bool
    types: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    since: datetime | None = None
    patients: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(ask: Ask, inputs: Inputs) -> Asked:
    """The parameters.

    Raises
    ------
    Refusal
        400 for one that is unknown, not supported here or has a bad value, and without ``Prefer: respond-async``.
        Under lenient handling what is not supported is ignored.
    """
    preferred = {part.strip().lower() for part in re.split("[,;]", ask.headers.get("prefer", ""))}
    if "respond-async" not in preferred:
        raise Refusal(400, "required", "An export takes a while; send Prefer: respond-async.", expression="http.Prefer")
    level = {"": Level.SYSTEM, "Patient": Level.PATIENT, "Group": Level.GROUP}[ask.resource_type]
    asked = Asked(level, "handling=lenient" in preferred)
    for given in inputs.given:
        reader = _READERS.get(given.name)
        if reader is None:
            _pass_over(asked, f"{given.name[:60]!r} is no parameter of this export", given.name)
        else:
            reader(asked, given, ask)
    for one in asked.filters:
        if asked.types and one.partition("?")[0] not in asked.types:
            raise bad_value("_typeFilter", one, f"its type is not in _type ({', '.join(asked.types)}); add it there")
    return asked


def _pass_over(asked: Asked, what: str, name: str) -> None:
    """Refuse, or, where the client is lenient, note it and go on."""
    if not asked.lenient:
        raise Refusal(
            400, "not-supported", f"{what}; leave it out, or send Prefer: handling=lenient to have it ignored",
            expression=f"http.{name[:60]}",
        )  # fmt: skip
    asked.notes.append(f"{what} and was not used")


def _text(given: Given) -> str:
    if not isinstance(given.value, str) or "\x00" in given.value:
        raise Refusal(400, "value", f"{given.name} is no text; give text", expression=f"http.{given.name}")
    return given.value


def _output_format(_asked: Asked, given: Given, _: Ask) -> None:
    text = _text(given).replace(" ", "+")  # a plus sign that was not escaped
    if text not in FORMATS:
        raise bad_value("_outputFormat", text, f"give one of {', '.join(FORMATS)}")


def _since(asked: Asked, given: Given, _: Ask) -> None:
    text = _text(given)
    since = time_of("_since", text).low
    if since > timezone.now():
        raise bad_value("_since", text, "it is in the future; give the transactionTime of an earlier export")
    asked.since = since


def _type(asked: Asked, given: Given, _: Ask) -> None:
    known = types_of(asked.level)
    for name in filter(None, (part.strip() for part in _text(given).split(","))):
        if name not in known:
            _pass_over(asked, f"_type has {name[:64]!r}, which an export at the {asked.level} level does not", "_type")
        elif name not in asked.types:
            asked.types.append(name)
    if not asked.types:
        raise bad_value("_type", _text(given), f"give some of {', '.join(known)}")


def _elements(asked: Asked, given: Given, _: Ask) -> None:
    asked.elements.extend(read_elements(_text(given)))


def _type_filter(asked: Asked, given: Given, ask: Ask) -> None:
    for text in _TYPED_FILTERS.split(_text(given)):
        if text.partition("?")[0] not in types_of(asked.level):
            _pass_over(asked, f"_typeFilter {text[:100]!r} is of no type that is exported", "_typeFilter")
            continue
        try:
            filters.read(text, base=ask.base, reach=_reach(ask, text.partition("?")[0]))
        except Refusal as refusal:
            if refusal.code != "not-supported":
                raise
            _pass_over(asked, refusal.sentence, "_typeFilter")
        else:
            asked.filters.append(text)


def _reach(ask: Ask, resource_type: str) -> Reach:
    """How far a chain of a filter may look: as far as the token, and nowhere for a type that it does not cover."""
    if ask.caller.covers(resource_type, "s"):
        return ask.caller.reach(resource_type, "s")
    return Reach(False, None, (), None, resource_type)


def _patient(asked: Asked, given: Given, ask: Ask) -> None:
    if asked.level == Level.SYSTEM:
        raise Refusal(
            400, "not-supported", "patient is no parameter of a system export; ask Patient/$export",
            expression="http.patient",
        )  # fmt: skip
    value: Any = given.value
    if ask.method != "POST" or isinstance(value, str):
        raise Refusal(
            400, "not-supported", "patient goes in a Parameters resource sent by POST, as valueReference",
            expression="http.patient",
        )  # fmt: skip
    reference = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(reference, str):
        raise bad_value("patient", str(value), "give a valueReference with a reference such as Patient/ward.1")
    kind, slash, identifier = reference.removeprefix(ask.base).partition("/")
    if not slash or kind != "Patient" or "/" in identifier:
        raise bad_value("patient", reference, "give a reference such as Patient/ward.1")
    asked.patients.append(identifier)


def _unsupported(asked: Asked, given: Given, _: Ask) -> None:
    _pass_over(asked, f"{given.name} is not supported", given.name)


def _format(_asked: Asked, _given: Given, _: Ask) -> None:
    """Of the answer to the kick-off, which has no body to speak of."""


_READERS: dict[str, Callable[[Asked, Given, Ask], None]] = {
    "_outputFormat": _output_format,
    "_since": _since,
    "_type": _type,
    "_elements": _elements,
    "_typeFilter": _type_filter,
    "patient": _patient,
    "includeAssociatedData": _unsupported,
    "organizeOutputBy": _unsupported,
    "_format": _format,
}

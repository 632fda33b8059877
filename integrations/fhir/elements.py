"""What search compares, taken from a resource; what is missing or malformed answers no search."""

from collections.abc import Callable, Iterator
from typing import Any

from integrations.fhir.interval import Interval, IntervalError, interval, period
from integrations.fhir.parameters import Token

Pick = Callable[[dict[str, Any]], Iterator[Any]]


def code(name: str) -> Pick:
    """An element of type code."""

    def pick(resource: dict[str, Any]) -> Iterator[Token]:
        if isinstance(resource.get(name), str):
            yield Token(None, resource[name])

    return pick


def concept(name: str) -> Pick:
    """All codings of a CodeableConcept, or of a list of them."""

    def pick(resource: dict[str, Any]) -> Iterator[Token]:
        for one in _list(resource.get(name)):
            for coding in _list(one.get("coding")):
                yield Token(coding.get("system"), coding.get("code"))

    return pick


def identifiers(resource: dict[str, Any]) -> Iterator[Token]:
    for one in _list(resource.get("identifier")):
        yield Token(one.get("system"), one.get("value"))


def names(*parts: str) -> Pick:
    """Those parts of every HumanName."""

    def pick(resource: dict[str, Any]) -> Iterator[str]:
        for one in _list(resource.get("name")):
            for part in parts:
                value = one.get(part)
                yield from (text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str))

    return pick


def moments(stem: str) -> Pick:
    """``<stem>``, ``<stem>DateTime``, ``<stem>Instant`` or ``<stem>Period``."""

    def pick(resource: dict[str, Any]) -> Iterator[Interval]:
        try:
            for name in (stem, f"{stem}DateTime", f"{stem}Instant"):
                if isinstance(resource.get(name), str):
                    yield interval(resource[name])
            for one in _list(resource.get(f"{stem}Period")):
                yield period(one.get("start"), one.get("end"))
        except IntervalError:
            return

    return pick


def _list(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]

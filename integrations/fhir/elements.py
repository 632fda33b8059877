"""What search compares, taken from a resource; what is missing or malformed answers no search."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from integrations.fhir.interval import Interval, IntervalError, interval, period

Pick = Callable[[dict[str, Any]], Iterator[Any]]
_WORDS = ("text", "family", "given", "prefix", "suffix", "line", "city", "district", "state", "postalCode", "country")
"""The parts of a HumanName and of an Address that are searched as text."""


@dataclass(frozen=True, slots=True)
class Token:
    """``system|code``.

    Of a query, each is None where it does not matter, and an empty system means that there is none. Of a resource, the
    system is None where the element implies it (type code, boolean).
    """

    system: str | None
    code: str | None


class At:
    """Picks the elements at any of some paths, such as ``component.code``; lists are walked through."""

    def __init__(self, *paths: str) -> None:
        self._steps = [tuple(path.split(".")) for path in paths]
        self.members = frozenset(names[0] for names in self._steps)
        """The members of a resource that the paths begin with: what is picked of one does not depend on the others."""

    def __call__(self, resource: dict[str, Any]) -> Iterator[Any]:
        for names in self._steps:
            if names[0] in resource:  # most elements of most resources are not there
                yield from _walk(resource[names[0]], names[1:])


def at(*paths: str) -> At:
    """The elements at any of those paths."""
    return At(*paths)


def _walk(value: Any, names: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, names)
    elif not names:
        if value is not None:
            yield value
    elif isinstance(value, dict) and names[0] in value:
        yield from _walk(value[names[0]], names[1:])


def where(pick: Pick, name: str, *wanted: str) -> Pick:
    """Of what is picked, the elements whose `name` is one of those wanted."""

    def chosen(resource: dict[str, Any]) -> Iterator[Any]:
        return (one for one in pick(resource) if isinstance(one, dict) and one.get(name) in wanted)

    return chosen


def moments(stem: str) -> At:
    """``<stem>``, ``<stem>DateTime``, ``<stem>Instant``, ``<stem>Period`` or ``<stem>Timing``."""
    return at(stem, f"{stem}DateTime", f"{stem}Instant", f"{stem}Period", f"{stem}Timing")


def tokens(found: Any) -> Iterator[Token]:
    """Of a code, boolean, Coding, CodeableConcept, Identifier or ContactPoint."""
    if isinstance(found, Token):
        yield found
    elif isinstance(found, bool):
        yield Token(None, "true" if found else "false")
    elif isinstance(found, str):
        yield Token(None, found)
    elif isinstance(found, dict):
        if "coding" in found:
            for coding in _dicts(found["coding"]):
                yield Token(_text(coding.get("system")) or "", _text(coding.get("code")))
        elif "value" in found or "code" in found:
            code = found.get("value", found.get("code"))
            yield Token(_text(found.get("system")) or "", _text(code))


def words(found: Any) -> Iterator[str]:
    """What a person would read of a coded element: its text and displays."""
    if isinstance(found, dict):
        for one in (found, *_dicts(found.get("coding")), *_dicts(found.get("type"))):
            yield from (one[name] for name in ("text", "display") if isinstance(one.get(name), str))


def texts(found: Any) -> Iterator[str]:
    """Of a string, or every part of a HumanName or Address."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for name in _WORDS:
            value = found.get(name)
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str):
                    yield text


def intervals(found: Any) -> Iterator[Interval]:
    """Of a date, dateTime, instant, Period or Timing."""
    try:
        if isinstance(found, Interval):
            yield found
        elif isinstance(found, str):
            yield interval(found)
        elif isinstance(found, dict) and ("start" in found or "end" in found):
            yield period(found.get("start"), found.get("end"))
        elif isinstance(found, dict):
            for moment in found.get("event") or ():
                yield interval(moment)
            bounds = (found.get("repeat") or {}).get("boundsPeriod") or {}
            if bounds:
                yield period(bounds.get("start"), bounds.get("end"))
    except (IntervalError, TypeError, AttributeError):
        return


def literal(found: Any) -> str | None:
    """The address in a Reference or canonical, as it is written."""
    text = found.get("reference") if isinstance(found, dict) else found
    return text if isinstance(text, str) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _dicts(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]

"""One fault of a resource, and how its sentence quotes what was sent."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Severity = Literal["error", "warning"]

_LONGEST_QUOTE = 80
_LONGEST_NUMBER_BITS = 256
_IDENTIFIER = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{_LONGEST_QUOTE}}}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in words that name field, value and remedy; `code` is FHIR's issue type, `expression` its place."""

    severity: Severity
    code: str
    sentence: str
    expression: str


def shown(value: Any) -> str:
    """`value` as a sentence may quote it: short and on one line, at a cost that does not grow with what was sent."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            quoted = "".join(map(_visible, value[:_LONGEST_QUOTE]))
            return f'"{quoted}{"…" if len(value) > _LONGEST_QUOTE else ""}"'
        case int() if value.bit_length() > _LONGEST_NUMBER_BITS:
            return "a huge number"
        case int() | float():
            return str(value)
        case Decimal():
            text = str(value)
            return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
        case dict():
            names = [shown(name)[1:-1] for name, _ in zip(value, range(5), strict=False)]
            return f"an object with {', '.join(names)}" if names else "an empty object"
        case list():
            return f"an array of {len(value)}" if value else "an empty array"
    return type(value).__name__


def path_name(name: str) -> str:
    """A JSON key as a step of FHIRPath; what is no identifier stands between backticks."""
    return name if _IDENTIFIER.fullmatch(name) else f"`{shown(name)[1:-1]}`"


def _visible(character: str) -> str:
    """A character as a sentence may hold it: control characters and lone surrogates are written out."""
    return character if character.isprintable() else f"\\u{ord(character):04x}"


def one_of(words: Any, most: int = 20) -> str:
    """`words` as a list that a reader can choose from."""
    ordered = sorted(words)
    if len(ordered) <= most:
        return ", ".join(ordered)
    return f"{', '.join(ordered[:most])} and {len(ordered) - most} more"

"""Numbers and words among plain data that anybody may have written."""

import math
from typing import Any

from twins.quantities.sentence import Sentence

_SHOWN = 80
_LONGEST = 2000
_MOST = 200
_DEEPEST = 8
"""House settings: far beyond what any study needs, and no burden for a page or a database."""


_TOO_DEEP = Sentence("{where}: tables lie more than {most} deep in each other; write fewer")
_TOO_LONG = Sentence("{where}: the text has {length} characters; write at most {most}")
_NO_SIGN = Sentence("{where}: the text holds a sign that cannot be stored; write it without")
_OUT_OF_REACH = Sentence("{where}: the number is out of reach; give one of at most 18 digits")
_TOO_MANY = Sentence("{where}: {count} entries; give at most {most}")
_ABSENT, _IS = Sentence("missing"), Sentence("is {value}")
FOUND = (_ABSENT, _IS)
"""What `shown` says."""


def number(value: Any) -> float | None:
    """A finite number, or None where it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def shown(value: Any) -> str:
    """How a mistake names the value."""
    return _ABSENT() if value is None else _IS(value=brief(value))


def brief(value: Any) -> str:
    """The value as Python writes it, at most `_SHOWN` signs of it."""
    try:
        text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or tables in tables without end
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def unfit(data: Any, where: str = "", depth: int = 0) -> str:
    """Where a text, a number or a table cannot be stored or shown, and why; empty where all can be."""
    if depth > _DEEPEST:
        return _TOO_DEEP(where=where, most=_DEEPEST)
    if isinstance(data, str):
        if len(data) > _LONGEST:
            return _TOO_LONG(where=where, length=len(data), most=_LONGEST)
        if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in data):
            return _NO_SIGN(where=where)
    if isinstance(data, int) and not -(2**63) <= data < 2**63:
        return _OUT_OF_REACH(where=where)
    if isinstance(data, dict | list) and len(data) > _MOST:
        return _TOO_MANY(where=where, count=len(data), most=_MOST)
    items = data.items() if isinstance(data, dict) else enumerate(data, 1) if isinstance(data, list) else ()
    for key, value in items:
        place = f"{where}[{key}]" if isinstance(data, list) else f"{where}.{brief(key)[1:-1]}".lstrip(".")
        found = (unfit(key, place, depth + 1) if isinstance(key, str) else "") or unfit(value, place, depth + 1)
        if found:
            return found
    return ""

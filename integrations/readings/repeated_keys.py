"""JSON keys that stand twice in one object: parsers disagree which counts, so neither may.

Decoding keeps one of them, so there are fewer keys in the data than in the text. Counting both is cheap; only when the
counts differ is the text decoded once more to find the place.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')


def none_repeated(text: str, keys: int) -> bool:
    """Whether `text` certainly has just the `keys` keys that were decoded from it.

    A quotation mark before a colon ends a key, or stands in a string: there are never fewer of them than keys.
    """
    return text.count('":') == keys and _SPACED_COLON.search(text) is None


def keys_in(value: Any) -> int:
    """How many keys there are in a JSON value, at every depth."""
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            count += len(one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return count


class _Twice(dict[str, Any]):
    """An object with keys that stood twice in it."""

    keys_twice: tuple[str, ...] = ()


def repeated(text: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The place of each object that has a key twice, and the key."""
    found = False

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        found = True
        marked = _Twice(plain)
        marked.keys_twice = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return marked

    try:
        root = json.loads(text, object_pairs_hook=keep, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), root)] if found else []
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            yield from ((place, key) for key in getattr(value, "keys_twice", ()))
            waiting += [((*place, key), item) for key, item in value.items() if isinstance(item, dict | list)]
        elif isinstance(value, list):
            waiting += [((*place, at), item) for at, item in enumerate(value) if isinstance(item, dict | list)]

"""Unit codes as a reader writes them."""

import re

_BRACKETS = re.compile(r"[{}\[\]]")
_MICRO = re.compile(r"\bu(?=(g|mol|l)\b)", re.IGNORECASE)


def readable(code: str) -> str:
    """A UCUM code in a reader's words: ``mg·h/L`` for ``mg.h/L``, ``µg/L`` for ``ug/L``, nothing for ``1``."""
    if code == "1":
        return ""
    return _MICRO.sub("µ", _BRACKETS.sub("", code)).replace(".", "·")


def of_area(code: str) -> str:
    """The code of a concentration's area under the curve: ``mg.h/L`` for ``mg/L``."""
    above, slash, below = code.partition("/")
    return f"{above}.h{slash}{below}" if above != "1" else f"h{slash}{below}"

"""Numbers in the language of the page: every one that a person reads or types goes through here.

What machines read (addresses, hidden fields, JSON, coordinates of a drawing, stored rows) does not: it keeps its point.
"""

import math
import re
from enum import Enum
from typing import Any

from django.utils.formats import get_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

_MACHINE = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_GROUPS = re.compile(r"[-+]?\d{1,3}([.,’' \u00a0\u202f]\d{3})+([.,]\d*)?", re.ASCII)


class Unreadable(Enum):
    """Why a text is not taken for a number."""

    GROUPED = _("“%(text)s” could be a thousand or a fraction; write it without a sign between thousands.")
    OTHER_SIGN = _("“%(text)s” is written with another decimal sign than this page; write it as %(example)s.")
    NO_NUMBER = _("“%(text)s” is no number; write it as %(example)s.")


class UnreadableNumberError(ValueError):
    """The text is no number, or it could be two; the sentence says how to write it."""

    def __init__(self, why: Unreadable, text: str) -> None:
        self.why = why
        self.text = text
        super().__init__(why.name)

    def __str__(self) -> str:
        return gettext(self.why.value) % {"text": self.text[:40], "example": shown("0.5")}


def decimal_sign() -> str:
    return str(get_format("DECIMAL_SEPARATOR", lang=get_language() or "en-gb"))


def shown(text: str) -> str:
    """A number that is rounded and written already, with the decimal sign of the page: ``12.5``, ``12,5``."""
    return text.replace(".", decimal_sign())


def fixed(value: float, places: int) -> str:
    return shown(f"{value:.{places}f}")


def plain(value: float, digits: int = 6) -> str:
    """To `digits` digits, without zeros at the end: ``1000``, ``0.75``."""
    return shown(f"{value:.{digits}g}")


def significant(value: float, digits: int = 3) -> str:
    """`value` to `digits` significant digits, without an exponent: 0.0824, 5.12, 23.7, 486."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return fixed(round(value, places), max(places, 0))


def percent(probability: float) -> str:
    """Whole percent: ``78 %``; a count of draws is never certain, so ``<1 %`` and ``>99 %`` at the ends."""
    if probability < 0.01:
        return "<1 %"
    if probability > 0.99:
        return ">99 %"
    return f"{probability * 100:.0f} %"


def read(text: str) -> float:
    """The number that a person typed.

    The decimal sign is the page's. A point is taken on a German page too, but not where it could part thousands:
    ``1.5`` is one and a half, ``1.500`` is refused, and so is whatever has a sign between thousands.

    Raises
    ------
    UnreadableNumberError
        It is no number, or it could be two.
    """
    written = text.strip()
    sign = decimal_sign()
    if _MACHINE.fullmatch(written) and not (sign == "," and _GROUPS.fullmatch(written)):
        return _finite(float(written), text)
    if sign == "," and "." not in written and _MACHINE.fullmatch(written.replace(",", ".", 1)):
        return _finite(float(written.replace(",", ".", 1)), text)
    if _GROUPS.fullmatch(written):
        raise UnreadableNumberError(Unreadable.GROUPED, text)
    if "," in written and _MACHINE.fullmatch(written.replace(",", ".", 1)):
        raise UnreadableNumberError(Unreadable.OTHER_SIGN, text)
    raise UnreadableNumberError(Unreadable.NO_NUMBER, text)


def _finite(value: float, text: str) -> float:
    if not math.isfinite(value):
        raise UnreadableNumberError(Unreadable.NO_NUMBER, text)
    return value


def machine(text: str) -> str | None:
    """What a person typed, as machines write it: ``12,5`` is ``12.5`` on a German page; None if it cannot be read."""
    try:
        read(text)
    except UnreadableNumberError:
        return None
    return text.strip().replace(",", ".")


def typed(text: Any) -> str:
    """A number as machines write it, as a person would type it here; any other text as it is."""
    written = str(text)
    return shown(written) if _MACHINE.fullmatch(written) else written

"""Numbers and quantities as FHIR searches them: implicit precision, prefixes, and units that UCUM makes equal."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from integrations.codes.ucum import SYSTEM as UCUM
from integrations.codes.ucum import UnitError, convert

_NUMBER = re.compile(r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?([+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?)", re.ASCII)
_ENDLESS = Fraction(10) ** 400


class MeasureError(ValueError):
    """A text that is no number of a search."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number of a query: its prefix, what is exactly written, and half of its last digit.

    Sources: https://hl7.org/fhir/R4/search.html#number and #quantity. `system` and `unit` are None where they do not
    matter.
    """

    prefix: str
    value: Fraction
    half: Fraction
    system: str | None = None
    unit: str | None = None

    def answered_by(self, found: "Measured") -> bool:
        range_ = _in_unit(found, self)
        return range_ is not None and _satisfies(self, *range_)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a resource says: from `low` to `high`, which are equal but for a comparator or a Range."""

    low: Fraction
    high: Fraction
    system: str | None = None
    code: str | None = None
    unit: str | None = None


def wanted(text: str, system: str | None = None, unit: str | None = None) -> Wanted:
    """Read ``ge5.40``.

    Raises
    ------
    MeasureError
        It is no number, or one of too many digits.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise MeasureError(text)
    number = Decimal(match[2])
    exponent = number.as_tuple().exponent
    half = Fraction(10) ** exponent / 2 if isinstance(exponent, int) else Fraction(0)
    return Wanted(match[1] or "eq", Fraction(number), half, system, unit)


def measures(found: Any) -> Iterator[Measured]:
    """Of a number, a Quantity or a Range."""
    if isinstance(found, dict):
        if "low" in found or "high" in found:
            low, high = found.get("low"), found.get("high")
            said = low if isinstance(low, dict) else high if isinstance(high, dict) else {}
            bottom = _fraction(low.get("value")) if isinstance(low, dict) else -_ENDLESS
            top = _fraction(high.get("value")) if isinstance(high, dict) else _ENDLESS
        else:
            said = found
            bottom = top = _fraction(found.get("value"))
            comparator = found.get("comparator")
            if comparator in ("<", "<="):
                bottom = -_ENDLESS
            elif comparator in (">", ">="):
                top = _ENDLESS
        if bottom is not None and top is not None:
            yield Measured(bottom, top, said.get("system"), said.get("code"), said.get("unit"))
    elif (number := _fraction(found)) is not None:
        yield Measured(number, number)


def _fraction(value: Any) -> Fraction | None:
    """Exactly what is written; a float's shortest text is what its JSON said."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return None
    return Fraction(Decimal(repr(value) if isinstance(value, float) else value))


def _in_unit(found: Measured, wanted: Wanted) -> tuple[Fraction, Fraction] | None:
    """The range in the wanted unit, or None where the units do not go together."""
    if wanted.unit is None:
        return found.low, found.high
    if wanted.system is None:
        return (found.low, found.high) if wanted.unit in (found.code, found.unit) else None
    if wanted.system != (found.system or ""):
        return None
    if wanted.unit == found.code:
        return found.low, found.high
    if wanted.system != UCUM or not isinstance(found.code, str):
        return None
    try:
        low, high = (
            end if abs(end) == _ENDLESS else convert(end, found.code, wanted.unit) for end in (found.low, found.high)
        )
    except UnitError:
        return None
    return low, high


def _satisfies(wanted: Wanted, low: Fraction, high: Fraction) -> bool:
    """With a comparing prefix the number is exact; with eq and ne it is as precise as it is written."""
    value = wanted.value
    match wanted.prefix:
        case "eq":
            return value - wanted.half <= low and high < value + wanted.half
        case "ne":
            return not (value - wanted.half <= low and high < value + wanted.half)
        case "gt":
            return high > value
        case "ge":
            return high >= value
        case "lt":
            return low < value
        case "le":
            return low <= value
        case "sa":
            return low > value
        case "eb":
            return high < value
        case _:  # ap: within a tenth
            tenth = abs(value) / 10
            return high >= value - tenth and low <= value + tenth

"""SampledData: a row of numbers at equal distances, without an object for each."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from integrations.codes import ucum
from integrations.readings.models import QuarantineReason
from integrations.readings.quantity import number, unit_code
from integrations.readings.refusal import Refused, shown

_NO_NUMBER = frozenset({"E", "U", "L"})
"""FHIR R4: error, below the lower limit, above the upper limit."""


def points(
    data: Any, wanted: str, start: datetime, field: str, *, molar_mass_g_per_mol: Fraction | None = None
) -> Iterator[tuple[int, datetime, float] | None]:
    """Place, time and value in `wanted` of each number; None for each that is marked as no number.

    A value is ``origin + factor * number``; number i lies ``i * period`` milliseconds after `start`, or as R5 says it
    by `interval` and `intervalUnit`, or at its own `offsets` of that unit.

    Raises
    ------
    Refused
        MISSING_VALUE, UNKNOWN_UNIT or INVALID_RESOURCE, at the first number asked for or at the faulty one.
    """
    if data.get("dimensions", 1) != 1:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{field}.dimensions is {shown(data['dimensions'])}; send 1 for a channel",
        )
    text = data.get("data")
    if not isinstance(text, str) or not text.strip():
        raise Refused(QuarantineReason.MISSING_VALUE, f"{field}.data is {shown(text)}; send the numbers")
    origin = data.get("origin") or {}
    code = unit_code(origin, f"{field}.origin")
    zero = Fraction(number(origin.get("value"), f"{field}.origin.value"))
    factor = Fraction(number(data.get("factor", 1), f"{field}.factor"))
    words = text.split()
    after_ms = _distances_ms(data, len(words), field)
    try:
        # Every unit here is linear, so two conversions give the line that all numbers lie on.
        base = ucum.convert(zero, code, wanted, molar_mass_g_per_mol=molar_mass_g_per_mol)
        slope = ucum.convert(zero + factor, code, wanted, molar_mass_g_per_mol=molar_mass_g_per_mol) - base
    except ucum.UnitError as error:
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}.origin: {error}") from error
    known: dict[str, float] = {}
    for place, word in enumerate(words):
        if word in _NO_NUMBER:
            yield None
            continue
        value = known.get(word)
        if value is None:
            value = known[word] = float(base + slope * _number(word, f"{field}.data[{place}]"))
        try:
            moment = start + timedelta(milliseconds=float(after_ms(place)))
        except OverflowError as error:
            raise Refused(
                QuarantineReason.INVALID_RESOURCE,
                f"{field}.data[{place}] lies {float(after_ms(place)):g} ms after the first; send the right distance",
            ) from error
        yield place, moment, value


def _distances_ms(data: Any, count: int, field: str) -> Callable[[int], Fraction]:
    """How many milliseconds after the first each number lies."""
    if "period" in data or not {"interval", "offsets"} & data.keys():
        period_ms = Fraction(number(data.get("period"), f"{field}.period"))
        if period_ms <= 0:
            raise Refused(
                QuarantineReason.INVALID_RESOURCE, f"{field}.period is {float(period_ms)}; send milliseconds above 0"
            )
        return lambda place: place * period_ms
    try:
        unit_ms = ucum.convert(1, str(data.get("intervalUnit", "")), "ms")
    except ucum.UnitError as error:
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}.intervalUnit: {error}") from error
    if "offsets" not in data:
        interval = Fraction(number(data["interval"], f"{field}.interval"))
        if interval <= 0:
            raise Refused(
                QuarantineReason.INVALID_RESOURCE, f"{field}.interval is {float(interval)}; send a number above 0"
            )
        return lambda place: place * interval * unit_ms
    offsets = [_number(word, f"{field}.offsets") * unit_ms for word in str(data["offsets"]).split()]
    if len(offsets) != count:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{field}.offsets are {len(offsets)} and data {count} numbers; send one offset for each number",
        )
    return lambda place: offsets[place]


def _number(word: str, field: str) -> Fraction:
    try:
        return Fraction(number(Decimal(word), field))
    except (InvalidOperation, ValueError) as error:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE, f"{field} is {shown(word)}; send a decimal, E, U or L"
        ) from error

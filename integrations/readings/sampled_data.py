"""SampledData: a row of numbers at equal distances, without an object for each."""

from collections.abc import Iterator
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

    A value is ``origin + factor * number``; number i lies ``i * period`` milliseconds after `start`.

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
    period_ms = Fraction(number(data.get("period"), f"{field}.period"))
    if period_ms <= 0:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE, f"{field}.period is {float(period_ms)}; send milliseconds above 0"
        )
    try:
        # Every unit here is linear, so two conversions give the line that all numbers lie on.
        base = ucum.convert(zero, code, wanted, molar_mass_g_per_mol=molar_mass_g_per_mol)
        slope = ucum.convert(zero + factor, code, wanted, molar_mass_g_per_mol=molar_mass_g_per_mol) - base
    except ucum.UnitError as error:
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}.origin: {error}") from error
    known: dict[str, float] = {}
    for place, word in enumerate(text.split()):
        if word in _NO_NUMBER:
            yield None
            continue
        value = known.get(word)
        if value is None:
            value = known[word] = float(base + slope * _number(word, f"{field}.data[{place}]"))
        try:
            moment = start + timedelta(milliseconds=float(place * period_ms))
        except OverflowError as error:
            raise Refused(
                QuarantineReason.INVALID_RESOURCE, f"{field}.period is {float(period_ms):g}; send milliseconds"
            ) from error
        yield place, moment, value


def _number(word: str, field: str) -> Fraction:
    try:
        return Fraction(number(Decimal(word), field))
    except (InvalidOperation, ValueError) as error:
        raise Refused(
            QuarantineReason.INVALID_RESOURCE, f"{field} is {shown(word)}; send a decimal, E, U or L"
        ) from error

"""FHIR quantities in the unit that is wanted."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from integrations.codes import ucum
from integrations.readings.models import QuarantineReason
from integrations.readings.refusal import Refused, shown

_LARGEST_EXPONENT = 100
"""Beyond it a number is no measurement, and its exact fraction would fill the memory."""


def number(value: Any, field: str) -> Decimal | int:
    """A JSON number, exactly.

    Raises
    ------
    Refused
        MISSING_VALUE if it is absent, INVALID_RESOURCE if it is text or anything else.
    """
    if value is None:
        raise Refused(QuarantineReason.MISSING_VALUE, f"{field} is missing; send the number")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{field} is {shown(value)}; send a JSON number")
    if isinstance(value, Decimal) and not -_LARGEST_EXPONENT < value.adjusted() < _LARGEST_EXPONENT:
        raise Refused(QuarantineReason.INVALID_RESOURCE, f"{field} is {shown(value)}; send a number of usual size")
    return value


def unit_code(quantity: Any, field: str) -> str:
    """The UCUM code of a Quantity.

    Raises
    ------
    Refused
        UNKNOWN_UNIT if it has no code of the UCUM system.
    """
    system, code = quantity.get("system"), quantity.get("code")
    if system != ucum.SYSTEM or not isinstance(code, str) or not code:
        raise Refused(
            QuarantineReason.UNKNOWN_UNIT,
            f"{field} has the code {shown(code)} of system {shown(system)} (unit {shown(quantity.get('unit'))}); "
            f"send a UCUM code of system {ucum.SYSTEM}",
        )
    return code


def in_unit(quantity: Any, wanted: str, field: str, *, molar_mass_g_per_mol: Fraction | None = None) -> float:
    """The value of a Quantity in the UCUM unit `wanted`, rounded once, to the nearest float.

    Raises
    ------
    Refused
        MISSING_VALUE, UNKNOWN_UNIT or INVALID_RESOURCE.
    """
    if not isinstance(quantity, dict):
        raise Refused(QuarantineReason.MISSING_VALUE, f"{field} is missing; send a Quantity")
    if quantity.get("comparator"):
        raise Refused(
            QuarantineReason.MISSING_VALUE,
            f"{field} is {quantity['comparator']} {quantity.get('value')}: a bound, not a measured value; "
            "send the value itself, if there is one",
        )
    value = number(quantity.get("value"), f"{field}.value")
    code = unit_code(quantity, field)
    try:
        return float(ucum.convert(value, code, wanted, molar_mass_g_per_mol=molar_mass_g_per_mol))
    except (ucum.UnitError, OverflowError, ZeroDivisionError) as error:
        raise Refused(QuarantineReason.UNKNOWN_UNIT, f"{field}: {error}") from error

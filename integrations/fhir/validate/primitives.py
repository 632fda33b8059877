"""FHIR's primitive data types: what a JSON value of each must look like.

Source: https://hl7.org/fhir/R4/datatypes.html (4.0.1). Every pattern is linear in the length of the text.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

LONGEST_STRING = 1024 * 1024
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**31), 2**31 - 1

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NOT_BLANK = re.compile(r"[^ \t\r\n]")
_YEAR = r"(?!0000)[0-9]{4}"
_DAY = r"-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2])|{_DAY})?")
_DATE_TIME = re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2])|{_DAY}(?:T{_CLOCK}{_ZONE})?)?")
_INSTANT = re.compile(rf"{_YEAR}{_DAY}T{_CLOCK}{_ZONE}")
_TIME = re.compile(_CLOCK)
_NOT_A_CODE = re.compile(r"^\s|\s\Z|\s\s|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_URI = re.compile(r"[^\s\x00-\x1f]+")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_WHITE = str.maketrans("", "", " \t\r\n")

Accepts = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type: whether it accepts a JSON value, and what to send instead."""

    name: str
    accepts: Accepts
    remedy: str


def _text(pattern: re.Pattern[str]) -> Accepts:
    fullmatch = pattern.fullmatch
    return lambda value: type(value) is str and fullmatch(value) is not None


def _string(value: Any) -> bool:
    """FHIR only advises against text of nothing but white space; most validators refuse it, and so does this one."""
    return (
        type(value) is str
        and 0 < len(value) <= LONGEST_STRING
        and CONTROL.search(value) is None
        and _NOT_BLANK.search(value) is not None
    )


def _code(value: Any) -> bool:
    return type(value) is str and value != "" and _NOT_A_CODE.search(value) is None


def _calendar(pattern: re.Pattern[str]) -> Accepts:
    fullmatch = pattern.fullmatch

    def accepts(value: Any) -> bool:
        if type(value) is not str or fullmatch(value) is None:
            return False
        day = value[8:10]
        return day <= "28" or int(day) <= monthrange(int(value[:4]), int(value[5:7]))[1]

    return accepts


def _integer(least: int) -> Accepts:
    return lambda value: type(value) is int and least <= value <= _GREATEST_INTEGER


def _decimal(value: Any) -> bool:
    kind = type(value)
    return kind is Decimal or kind is int or (kind is float and value - value == 0.0)


def _base64(value: Any) -> bool:
    if type(value) is not str or not value:
        return False
    dense = value.translate(_WHITE)
    return bool(dense) and len(dense) % 4 == 0 and _BASE64.fullmatch(dense) is not None


_ZONED = "2024-03-01T10:00:00+01:00"
_ABSOLUTE = "send a URI without spaces, such as http://example.org/x"
_STRING = "send text of 1 to 1,048,576 characters, not blank and without control characters, or leave the element out"

PRIMITIVES = {
    primitive.name: primitive
    for primitive in (
        Primitive("boolean", lambda value: type(value) is bool, "send true or false, not in quotes"),
        Primitive("integer", _integer(_LEAST_INTEGER), "send a whole JSON number of 32 bits, not in quotes"),
        Primitive("unsignedInt", _integer(0), "send a whole JSON number from 0 to 2147483647, not in quotes"),
        Primitive("positiveInt", _integer(1), "send a whole JSON number from 1 to 2147483647, not in quotes"),
        Primitive("decimal", _decimal, "send a JSON number, not in quotes"),
        Primitive("string", _string, _STRING),
        Primitive("markdown", _string, _STRING),
        Primitive("xhtml", _string, _STRING),
        Primitive("code", _code, "send a code without spaces around it"),
        Primitive("uri", _text(_URI), _ABSOLUTE),
        Primitive("url", _text(_URI), _ABSOLUTE),
        Primitive("canonical", _text(_URI), _ABSOLUTE),
        Primitive("id", _text(_ID), "send 1 to 64 letters, digits, hyphens and full stops"),
        Primitive("oid", _text(_OID), "send an OID such as urn:oid:1.2.3"),
        Primitive("uuid", _text(UUID), "send a lower-case UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
        Primitive("base64Binary", _base64, "send base64"),
        Primitive("date", _calendar(_DATE), "send a date such as 2024, 2024-03 or 2024-03-01"),
        Primitive("dateTime", _calendar(_DATE_TIME), f"send a date, or date, time and time zone such as {_ZONED}"),
        Primitive("instant", _calendar(_INSTANT), f"send date, time to the second and time zone, such as {_ZONED}"),
        Primitive("time", _text(_TIME), "send a time of day such as 08:30:00, without a zone"),
    )
}

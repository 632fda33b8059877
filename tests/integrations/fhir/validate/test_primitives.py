"""Each primitive data type, what it accepts and what it does not."""

import json
from typing import Any

import pytest

from tests.integrations.fhir.validate.found import PLACE, errors, extended, found

GOOD: dict[str, list[Any]] = {
    "Boolean": [True, False],
    "Integer": [0, -5, 2147483647, -2147483648],
    "UnsignedInt": [0, 2147483647],
    "PositiveInt": [1],
    "Decimal": [0, -1.5, 1e-7],
    "String": ["a", " a ", "a\nb\tc\r", "é\U0001f600"],
    "Markdown": ["# a\n\nb"],
    "Code": ["a", "a b", "mm[Hg]"],
    "Uri": ["urn:oid:1.2", "http://a/b?c=d#e", "x"],
    "Url": ["https://a.test"],
    "Canonical": ["http://a/ValueSet/x|1.0"],
    "Id": ["a", "A.b-9", "a" * 64],
    "Oid": ["urn:oid:1.2.840.0"],
    "Uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "Base64Binary": ["AQID", "AQI=", "AQ==", "AQ\nID"],
    "Date": ["2024", "2024-02", "2024-02-29", "0001-01-01"],
    "DateTime": ["2024", "2024-02", "2024-02-29", "2024-02-29T23:59:60Z", "2024-02-29T00:00:00.123456789+14:00"],
    "Instant": ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.1-05:30"],
    "Time": ["00:00:00", "23:59:60.5"],
}
BAD: dict[str, list[Any]] = {
    "Boolean": ["true", 1, 0, {}, []],
    "Integer": ["1", 1.0, 1.5, True, 2147483648, -2147483649, 10**40],
    "UnsignedInt": [-1, "0", 1.0],
    "PositiveInt": [0, -1, True],
    "Decimal": ["1.5", True, {}, []],
    "String": ["", " ", "\n", 5, True, {}, [], "a\x0bb", "a\x00b", "\x1b", "a" * (1024 * 1024 + 1)],
    "Markdown": ["", 5],
    "Code": ["", " a", "a ", "a  b", "\u00a0a", 5, "a\x01"],
    "Uri": ["", "a b", "a\n", 5],
    "Url": ["", " http://a"],
    "Canonical": ["", "a b"],
    "Id": ["", "a" * 65, "a_b", "a/b", "é", "a\n", 5],
    "Oid": ["1.2", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1", "urn:oid:1.2\n"],
    "Uuid": ["c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "urn:uuid:1"],
    "Base64Binary": ["", " ", "A", "AQI", "A=QI", "AQID=", "AQ*=", 5],
    "Date": [
        "",
        "24",
        "0000",
        "2024-13",
        "2024-00",
        "2024-2",
        "2023-02-29",
        "2024-04-31",
        "2024-02-29T00:00:00Z",
        2024,
    ],
    "DateTime": [
        *("2024-02-29T00:00:00", "2024-02-29T00:00Z", "2024-02-29T24:00:00Z", "2024-02-29 00:00:00Z"),
        *("2023-02-29T00:00:00Z", "2024-02-29T00:00:00+15:00", "2024-02-29T00:00:00z", "2024-02-29T00:00:00.Z", "²024"),
    ],
    "Instant": ["2024-02-29", "2024-02-29T00:00:00", "2024-02-29T00:00Z", "2024-02-30T00:00:00Z"],
    "Time": ["24:00:00", "08:00", "8:00:00", "08:00:00Z"],
}


@pytest.mark.parametrize(("data_type", "value"), [(name, value) for name, values in GOOD.items() for value in values])
def test_a_value_of_the_type_is_accepted(data_type: str, value: Any) -> None:
    assert errors(extended(data_type, value)) == []


@pytest.mark.parametrize(("data_type", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_value_that_is_not_of_the_type_is_refused_with_its_place(data_type: str, value: Any) -> None:
    assert errors(extended(data_type, value)) == [("value", f"{PLACE}.value{data_type}")]


@pytest.mark.parametrize("number", ["1.50", "1e3", "-0", "0.10000000000000001234", "1e400", "12345678901234567890.5"])
def test_decimals_are_taken_as_written(number: str) -> None:
    resource = extended("Decimal", "NUMBER")
    assert found(resource, json.dumps(resource).replace('"NUMBER"', number)) == []


def test_an_element_id_is_text() -> None:
    assert errors({**extended("Code", "x"), "code": {"id": 7, "text": "x"}}) == [("value", "Flag.code.id")]

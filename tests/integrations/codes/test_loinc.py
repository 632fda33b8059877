"""LOINC codes that the doors name are ones that LOINC could have given: their last digit is right."""

import re
from pathlib import Path

import pytest

import integrations

_CODE = re.compile(r'"(\d{1,6})-(\d)"')


def check_digit(number: str) -> int:
    """The digit behind the hyphen: Luhn's, of the LOINC Users' Guide, "Calculating mod 10 check digits"."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


@pytest.mark.parametrize(("number", "digit"), [("8867", 4), ("59408", 5), ("107931", 8), ("85354", 9)])
def test_the_check_digit_of_known_codes(number: str, digit: int) -> None:
    assert check_digit(number) == digit


def test_every_code_in_the_doors_has_its_check_digit() -> None:
    folder = Path(integrations.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))}
    codes = [(path.name, *match) for path, text in texts.items() for match in _CODE.findall(text)]
    assert len(codes) > 50
    assert [code for code in codes if check_digit(code[1]) != int(code[2])] == []

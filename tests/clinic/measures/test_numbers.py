"""Numbers are shown and read in the language of the page, and what could be two numbers is refused."""

import pytest
from django import forms
from django.utils import translation

from clinic.measures import numbers
from clinic.measures.fields import NumberField


@pytest.mark.parametrize(("language", "half"), [("en-gb", "0.5"), ("de", "0,5")])
def test_a_number_has_the_decimal_sign_of_the_page(language: str, half: str) -> None:
    with translation.override(language):
        assert numbers.plain(0.5) == numbers.fixed(0.5, 1) == numbers.typed("0.5") == half
        assert numbers.significant(0.5, 1) == half
        assert numbers.plain(1250.0) == "1250"
        assert numbers.percent(0.785) == "78 %"
        assert (numbers.percent(0.001), numbers.percent(0.999)) == ("<1 %", ">99 %")


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en-gb", "12.5", 12.5),
        ("en-gb", "1.500", 1.5),
        ("en-gb", "  1250 ", 1250.0),
        ("de", "12,5", 12.5),
        ("de", "12.5", 12.5),
        ("de", "1,500", 1.5),
        ("de", "0,125", 0.125),
        ("de", ",5", 0.5),
        ("de", "1250", 1250.0),
        ("de", "-3,25", -3.25),
        ("de", "1e3", 1000.0),
    ],
)
def test_what_a_person_types_is_read_in_their_language(language: str, text: str, value: float) -> None:
    with translation.override(language):
        assert numbers.read(text) == value
        assert float(str(numbers.machine(text))) == value


@pytest.mark.parametrize(
    ("language", "text", "why"),
    [
        ("en-gb", "1,500", numbers.Unreadable.GROUPED),
        ("en-gb", "1,500.5", numbers.Unreadable.GROUPED),
        ("en-gb", "1 500", numbers.Unreadable.GROUPED),
        ("en-gb", "12,5", numbers.Unreadable.OTHER_SIGN),
        ("de", "1.500", numbers.Unreadable.GROUPED),
        ("de", "1.500,5", numbers.Unreadable.GROUPED),
        ("de", "1\u202f500", numbers.Unreadable.GROUPED),
        ("de", "1'500", numbers.Unreadable.GROUPED),
        ("de", "1,2,3", numbers.Unreadable.NO_NUMBER),
        ("de", "1.250.000", numbers.Unreadable.GROUPED),
        ("de", "zwölf", numbers.Unreadable.NO_NUMBER),
        ("en-gb", "1e999", numbers.Unreadable.NO_NUMBER),
        ("en-gb", "nan", numbers.Unreadable.NO_NUMBER),
        ("en-gb", "٣", numbers.Unreadable.NO_NUMBER),
    ],
)
def test_what_could_be_two_numbers_or_none_is_refused_by_name(
    language: str, text: str, why: numbers.Unreadable
) -> None:
    with translation.override(language):
        with pytest.raises(numbers.UnreadableNumberError) as refused:
            numbers.read(text)
        assert refused.value.why is why
        assert text[:40] in str(refused.value)
        assert numbers.machine(text) is None


class Dose(forms.Form):
    amount = NumberField(min_value=0, required=False)


def test_a_field_takes_the_comma_in_german_and_says_what_it_does_not_take() -> None:
    with translation.override("de"):
        assert Dose({"amount": "12,5"}).is_valid()
        assert Dose({"amount": "12,5"})["amount"].value() == "12,5"
        assert 'value="0,5"' in str(Dose(initial={"amount": 0.5}))
        wrong = Dose({"amount": "1.500"})
        assert "1.500" in wrong.errors["amount"][0]
        assert not Dose({"amount": "-1"}).is_valid()
    empty = Dose({"amount": "  "})
    assert empty.is_valid()
    assert empty.cleaned_data["amount"] is None

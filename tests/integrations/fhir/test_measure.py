"""A number of a search is as precise as it is written, and units that UCUM makes equal are equal."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.fhir.measure import Measured, MeasureError, measures, wanted

UCUM = "http://unitsofmeasure.org"
numbers = st.decimals(min_value=-1000, max_value=1000, places=3)


def said(value: Decimal | str) -> Measured:
    exact = Fraction(Decimal(value))
    return Measured(exact, exact)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("5.4e-3", "0.00535", "0.00545"),
        ("-2.5", "-2.55", "-2.45"),
    ],
)
def test_the_last_digit_written_is_rounded(text: str, low: str, high: str) -> None:
    asked = wanted(text)
    assert asked.answered_by(said(low))
    assert not asked.answered_by(said(high)), "the upper end is the next number's"
    assert not asked.answered_by(said(Decimal(low) - Decimal("0.000001")))


@given(numbers, numbers)
def test_comparing_prefixes_take_the_number_exactly(asked: Decimal, found: Decimal) -> None:
    def answers(prefix: str) -> bool:
        return wanted(f"{prefix}{asked}").answered_by(said(found))

    assert answers("gt") is answers("sa") is (found > asked)
    assert answers("lt") is answers("eb") is (found < asked)
    assert answers("ge") is (found >= asked)
    assert answers("le") is (found <= asked)
    assert answers("ne") is not answers("eq")


@given(numbers)
def test_what_is_written_finds_itself(value: Decimal) -> None:
    assert wanted(f"{value}").answered_by(said(value))
    assert wanted(f"ap{value}").answered_by(said(value))


@given(st.decimals(min_value="0.001", max_value=1000, places=3))
def test_equal_units_are_converted(value: Decimal) -> None:
    (found,) = measures({"value": float(value), "system": UCUM, "code": "g/L", "unit": "g/l"})
    assert wanted(f"ge{value * 1000}", UCUM, "mg/L").answered_by(found)
    assert wanted(f"le{value * 100}", UCUM, "mg/dL").answered_by(found)
    assert not wanted(f"gt{value * 1000}", UCUM, "mg/L").answered_by(found)


@pytest.mark.parametrize(
    ("system", "unit", "finds"),
    [
        (UCUM, "mg/L", True),
        (UCUM, "ug/mL", True),
        (UCUM, "mmol/L", False),
        (UCUM, "nonsense", False),
        ("urn:other", "mg/L", False),
        (None, "mg/L", True),
        (None, "milligrams", True),
        (None, "ug/mL", False),
        (None, None, True),
    ],
)
def test_a_unit_narrows(system: str | None, unit: str | None, finds: bool) -> None:
    (found,) = measures({"value": 5.4, "system": UCUM, "code": "mg/L", "unit": "milligrams"})
    assert wanted("5.4", system, unit).answered_by(found) is finds


def test_below_a_limit_is_a_range() -> None:
    (found,) = measures({"value": 5, "comparator": "<"})
    assert wanted("lt5").answered_by(found)
    assert wanted("le2").answered_by(found)
    assert not wanted("gt5").answered_by(found)
    assert not wanted("5").answered_by(found)
    (span,) = measures({"low": {"value": 1}, "high": {"value": 3}})
    assert wanted("gt2").answered_by(span)
    assert wanted("eb4").answered_by(span)


@pytest.mark.parametrize("text", ["", "x", "1,2", "5.", ".5", "--1", "1e999", "9" * 50, "eq", "nan", "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(MeasureError):
        wanted(text)


@pytest.mark.parametrize("value", [None, "5", True, [], {"value": "5"}, {"value": None}, {}])
def test_what_is_no_measurement_answers_nothing(value: object) -> None:
    assert list(measures(value)) == []

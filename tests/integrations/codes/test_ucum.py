"""UCUM codes: parsed, converted exactly, or refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.codes import ucum
from integrations.codes.loinc import MEASUREMENTS, MOLAR_MASS_G_PER_MOL
from twins.quantities.molar_mass import CREATININE_G_PER_MOL

EXACT = [
    ("1", "kg", "g", "1000"),
    ("1", "[lb_av]", "kg", "0.45359237"),
    ("16", "[oz_av]", "[lb_av]", "1"),
    ("1", "[in_i]", "cm", "2.54"),
    ("1", "[ft_i]", "cm", "30.48"),
    ("1.78", "m", "cm", "178"),
    ("37.0", "Cel", "[degF]", "98.6"),
    ("98.6", "[degF]", "Cel", "37"),
    ("310.15", "K", "Cel", "37"),
    ("760", "mm[Hg]", "Pa", "101324.72"),
    ("16", "kPa", "Pa", "16000"),
    ("15.3", "ug/mL", "mg/L", "15.3"),
    ("1.2", "mg/dL", "mg/L", "12"),
    ("1", "{beats}/min", "/min", "1"),
    ("1", "1/min", "/min", "1"),
    ("2", "/s", "/min", "120"),
    ("0.97", "1", "%", "97"),
    ("0.5", "g", "mg", "500"),
    ("750000", "ug", "mg", "750"),
    ("90", "min", "h", "1.5"),
    ("1", "d", "h", "24"),
    ("1", "10*3/uL", "10*9/L", "1"),
]


@pytest.mark.parametrize(("value", "code", "wanted", "expected"), EXACT)
def test_a_conversion_is_exact(value: str, code: str, wanted: str, expected: str) -> None:
    assert ucum.convert(Decimal(value), code, wanted) == Fraction(Decimal(expected))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "foo",
        "mmHg",
        "beats",
        "bpm",
        "mcg",
        "MG/L",
        "°C",
        "µmol/L",
        "mg/",
        "mg//L",
        " mg",
        "kCel",
        "Cel/h",
        "m" * 70,
    ],
)
def test_an_unknown_code_is_refused_with_its_name(code: str) -> None:
    with pytest.raises(ucum.UnitError, match="unit code"):
        ucum.parse(code)


@pytest.mark.parametrize(
    ("code", "wanted"), [("mg", "mg/L"), ("mmol/L", "mg/L"), ("/min", "Cel"), ("%", "mg/L"), ("m2", "m")]
)
def test_another_kind_of_quantity_is_refused(code: str, wanted: str) -> None:
    with pytest.raises(ucum.UnitError, match="another kind of quantity"):
        ucum.convert(1, code, wanted)


def test_creatinine_in_moles_becomes_mass_by_its_molar_mass() -> None:
    # C4H7N3O with IUPAC's abridged weights: 4·12.011 + 7·1.008 + 3·14.007 + 15.999 = 113.120 g/mol.
    assert Fraction("113.120") == CREATININE_G_PER_MOL
    value = ucum.convert(Decimal("88.4"), "umol/L", "mg/dL", molar_mass_g_per_mol=CREATININE_G_PER_MOL)
    assert float(value) == pytest.approx(0.99998, abs=1e-5)


def test_a_molar_mass_does_not_make_other_quantities_equal() -> None:
    with pytest.raises(ucum.UnitError, match="another kind"):
        ucum.convert(1, "mol", "mg/dL", molar_mass_g_per_mol=CREATININE_G_PER_MOL)


@given(
    value=st.decimals(min_value="-1e6", max_value="1e6", places=4),
    pair=st.sampled_from([("kg", "[lb_av]"), ("Cel", "[degF]"), ("mm[Hg]", "kPa"), ("mg/L", "ug/mL"), ("h", "wk")]),
)
def test_there_and_back_is_where_it_began(value: Decimal, pair: tuple[str, str]) -> None:
    there = ucum.convert(value, *pair)
    assert ucum.convert(there, pair[1], pair[0]) == Fraction(value)


@given(st.text(max_size=80))
def test_any_text_is_a_unit_or_a_unit_error(code: str) -> None:
    try:
        ucum.parse(code)
    except ucum.UnitError as error:
        assert "send" in str(error)  # noqa: PT017 - either outcome is right


def test_every_measurement_has_a_unit_that_parses() -> None:
    for row in MEASUREMENTS.values():
        assert ucum.parse(row.channel.unit)
    assert set(MOLAR_MASS_G_PER_MOL) <= {row.channel for row in MEASUREMENTS.values()}

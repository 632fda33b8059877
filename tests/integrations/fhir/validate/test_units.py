"""UCUM's grammar over its whole table; what the converter of this product reads is a part of it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.codes import ucum
from integrations.fhir.validate.units import SYSTEM, is_unit, misspelled
from tests.integrations.fhir.validate.found import extended, found

VALID = """
1 100 m s g L l mol kg mg ug ng mg/dL mg/L ug/mL mmol/L meq/L mosm/kg mm[Hg] cm[H2O] m[H2O] kPa bar /min {beats}/min
{score} {beats} 1{tablet} 10*9/L 10*3/uL 10^9/L 10*-3 m-2 m+2 s2 kg.m/(s2.K) (m) ((m/s)) mL/min/{1.73_m2} ug/kg/min
% %{hb} Cel mCel [degF] kg/m2 [iU]/L m[IU]/mL u[IU]/mL [lb_av] [in_i] [ft_i] [arb'U]/mL [pH] g% nmol/h/mL a mo wk d h
min [drp]/min [CFU]/mL 24.h mg/(24.h) %[slope] [in_i'H2O] B[10.nV] dB[SPL] [m/s2/Hz^(1/2)] KiBy dyn.s/cm5 1.5 MG
"""
INVALID = [
    *(
        "",
        " ",
        "mcg",
        "ml/hr",
        "mEq",
        "ea",
        "drop",
        "mmHg",
        "bpm",
        "IU",
        "/",
        "//s",
        "m//s",
        "m/",
        "m.",
        ".m",
        "()",
        "(m",
        "m)",
    ),
    *(
        "0",
        "0m",
        "2m",
        "m 2",
        "mg dL",
        " mg",
        "mg ",
        "m^2",
        "h**2",
        "{a",
        "a}",
        "{a}{b}",
        "{a b}",
        "{a}m",
        "m{a}{b}",
        "kmin",
    ),
    *("m(s)", "µg", "ug\n", "mG/dL/", "k%", "m+", "-m", "(" * 100, "m" * 300, "lb", "°C", "mg/dL,"),
]


@pytest.mark.parametrize("code", VALID.split())
def test_units_of_ucum_are_accepted(code: str) -> None:
    assert is_unit(code)
    assert found(extended("Quantity", {"value": 1, "system": SYSTEM, "code": code})) == []


@pytest.mark.parametrize("code", [code for code in INVALID if code == code.strip() and code])
def test_what_is_no_unit_of_ucum_is_refused(code: str) -> None:
    assert not is_unit(code)
    (fault,) = found(extended("Quantity", {"value": 1, "system": SYSTEM, "code": code}))
    assert (fault.code, fault.expression) == ("code-invalid", "Flag.extension[0].valueQuantity")


def test_another_system_may_have_any_code() -> None:
    assert found(extended("Quantity", {"value": 1, "system": "urn:iso:std:iso:11073:10101", "code": "mcg"})) == []


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("mcg", "ug"),
        ("mcg/hr", "ug/h"),
        ("mEq/L", "meq/L"),
        ("mmHg", "mm[Hg]"),
        ("frogs", ""),
        ("mg", ""),
        ("x" * 999, ""),
    ],
)
def test_well_known_misspellings_are_explained(code: str, meant: str) -> None:
    assert misspelled(code) == meant
    if meant:
        (fault,) = found(extended("Quantity", {"value": 1, "system": SYSTEM, "code": code}))
        assert f"probably {meant} is meant" in fault.sentence


@given(st.text(alphabet="mgLskhdun/.(){}[]10*^-%" + string.ascii_letters, max_size=12))
def test_what_the_converter_reads_is_valid(code: str) -> None:
    try:
        ucum.parse(code)
    except ucum.UnitError:
        return
    assert is_unit(code)


@given(st.text(max_size=300))
def test_any_text_has_an_answer(code: str) -> None:
    assert is_unit(code) in (True, False)
    assert misspelled(code) == "" or is_unit(misspelled(code))

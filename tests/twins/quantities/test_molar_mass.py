"""Molar masses are those of the formulas, and agree with what others published."""

import math
import re
from fractions import Fraction

import pytest

from twins.quantities.molar_mass import CREATININE_G_PER_MOL, DRUG_G_PER_MOL, GLUCOSE_G_PER_MOL

# Standard atomic weights of IUPAC 1995 to all their digits (Pure Appl Chem 1996;68:2339-2359, table 2), other numbers
# than those of 2021 to five digits that the product sums.
WEIGHT_1995 = {
    "H": 1.00794,
    "C": 12.0107,
    "N": 14.00674,
    "O": 15.9994,
    "F": 18.9984032,
    "S": 32.066,
    "Cl": 35.4527,
}
FORMULAS = {
    "vancomycin": "C66H75Cl2N9O24",
    "gentamicin": "C21H43N5O7",
    "tobramycin": "C18H37N5O9",
    "amikacin": "C22H43N5O13",
    "meropenem": "C17H25N3O5S",
    "piperacillin": "C23H27N5O7S",
    "cefepime": "C19H24N6O5S2",
    "voriconazole": "C16H14F3N5O",
    "tacrolimus": "C44H69NO12",
    "digoxin": "C41H64O14",
    "phenobarbital": "C12H12N2O3",
}
PUBLISHED = {
    # United States Pharmacopeia, monographs: relative molecular masses as printed, less water where that was weighed.
    "vancomycin": (1449.25, 0.02),
    "piperacillin": (517.56, 0.01),
    "voriconazole": (349.31, 0.01),
    "tacrolimus": (822.03 - 18.015, 0.02),
    # Farmacopea Argentina: meropenem without water. PubChem: cefepime. Of gentamicin the component C1.
    "meropenem": (383.5, 0.05),
    "cefepime": (480.561, 0.005),
    "gentamicin": (477.6, 0.05),
    "tobramycin": (467.52, 0.01),
}
FACTORS = {"amikacin": 1.708, "digoxin": 1.281, "gentamicin": 2.09, "phenobarbital": 4.306}
"""From traditional to SI units, as ASHP's table of therapeutic ranges prints them (ISBN 978-1-58528-642-3)."""


def summed(formula: str) -> float:
    """By the text of the formula, in floating point."""
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    return math.fsum(WEIGHT_1995[element] * int(count or 1) for element, count in parts)


@pytest.mark.parametrize("drug", FORMULAS)
def test_the_mass_of_a_drug_is_the_sum_over_its_formula(drug: str) -> None:
    assert float(DRUG_G_PER_MOL[drug]) == pytest.approx(summed(FORMULAS[drug]), rel=2e-5)


def test_each_drug_has_one_and_it_is_exact() -> None:
    assert set(DRUG_G_PER_MOL) == set(FORMULAS)
    assert DRUG_G_PER_MOL["phenobarbital"] == Fraction("232.239")
    assert all(isinstance(mass, Fraction) for mass in DRUG_G_PER_MOL.values())


@pytest.mark.parametrize("drug", PUBLISHED)
def test_it_is_the_published_one(drug: str) -> None:
    value, tolerance = PUBLISHED[drug]
    assert float(DRUG_G_PER_MOL[drug]) == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("drug", FACTORS)
def test_it_gives_the_factor_that_hospitals_convert_by(drug: str) -> None:
    assert 1000.0 / float(DRUG_G_PER_MOL[drug]) == pytest.approx(FACTORS[drug], rel=2e-3)


def test_what_there_was_before_is_as_it_was() -> None:
    assert (Fraction("113.120"), Fraction("180.156")) == (CREATININE_G_PER_MOL, GLUCOSE_G_PER_MOL)

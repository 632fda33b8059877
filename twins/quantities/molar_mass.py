"""Molar masses of what may be given as an amount of substance, from the elements' standard atomic weights.

The weights are the abridged ones, to five digits: IUPAC 2021, doi:10.1515/pac-2019-0603.
"""

from collections.abc import Mapping
from fractions import Fraction

_WEIGHT = {
    name: Fraction(text)
    for name, text in (
        *(("H", "1.008"), ("C", "12.011"), ("N", "14.007"), ("O", "15.999")),
        *(("F", "18.998"), ("S", "32.06"), ("Cl", "35.45")),
    )
}


def molar_mass(atoms: Mapping[str, int]) -> Fraction:
    """g/mol of a compound of so many atoms of each element."""
    return sum((count * _WEIGHT[element] for element, count in atoms.items()), Fraction(0))


CREATININE_G_PER_MOL = molar_mass({"C": 4, "H": 7, "N": 3, "O": 1})
"""C4H7N3O: 113.120 g/mol."""

GLUCOSE_G_PER_MOL = molar_mass({"C": 6, "H": 12, "O": 6})
"""C6H12O6: 180.156 g/mol."""

DRUG_G_PER_MOL: Mapping[str, Fraction] = {
    "vancomycin": molar_mass({"C": 66, "H": 75, "Cl": 2, "N": 9, "O": 24}),
    "gentamicin": molar_mass({"C": 21, "H": 43, "N": 5, "O": 7}),
    "tobramycin": molar_mass({"C": 18, "H": 37, "N": 5, "O": 9}),
    "amikacin": molar_mass({"C": 22, "H": 43, "N": 5, "O": 13}),
    "meropenem": molar_mass({"C": 17, "H": 25, "N": 3, "O": 5, "S": 1}),
    "piperacillin": molar_mass({"C": 23, "H": 27, "N": 5, "O": 7, "S": 1}),
    "cefepime": molar_mass({"C": 19, "H": 24, "N": 6, "O": 5, "S": 2}),
    "voriconazole": molar_mass({"C": 16, "H": 14, "F": 3, "N": 5, "O": 1}),
    "tacrolimus": molar_mass({"C": 44, "H": 69, "N": 1, "O": 12}),
    "digoxin": molar_mass({"C": 41, "H": 64, "O": 14}),
    "phenobarbital": molar_mass({"C": 12, "H": 12, "N": 2, "O": 3}),
}
"""Of each drug that twins are kept for, as laboratories state it: the base or acid without water and salt.

The formulas are those of the monographs of the United States Pharmacopeia (USP 35; of cefepime PubChem, CID 5479537).
Tacrolimus is weighed as monohydrate and measured without its water. Gentamicin is a mixture, of C1 (C21H43N5O7,
477.6 g/mol), C2 (463.6) and C1a (449.5); its levels in moles are stated as those of C1, as the factor of 2.09 says in
ASHP's table of therapeutic ranges in traditional and SI units (ISBN 978-1-58528-642-3, appendix A).
"""

"""Molar masses of what may be given as an amount of substance, from the elements' standard atomic weights.

The weights are the abridged ones, to five digits: IUPAC 2021, doi:10.1515/pac-2019-0603.
"""

from collections.abc import Mapping
from fractions import Fraction

_WEIGHT = {name: Fraction(text) for name, text in (("H", "1.008"), ("C", "12.011"), ("N", "14.007"), ("O", "15.999"))}


def molar_mass(atoms: Mapping[str, int]) -> Fraction:
    """g/mol of a compound of so many atoms of each element."""
    return sum((count * _WEIGHT[element] for element, count in atoms.items()), Fraction(0))


CREATININE_G_PER_MOL = molar_mass({"C": 4, "H": 7, "N": 3, "O": 1})
"""C4H7N3O: 113.120 g/mol."""

GLUCOSE_G_PER_MOL = molar_mass({"C": 6, "H": 12, "O": 6})
"""C6H12O6: 180.156 g/mol."""

"""UCUM unit codes: the common ones parsed, converted exactly, and every other refused.

Source of the units: The Unified Code for Units of Measure, https://ucum.org/ucum (its table ``ucum-essence``), with
case-sensitive codes. Factors are kept as fractions, so that a conversion rounds once, when its result becomes a float.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

SYSTEM = "http://unitsofmeasure.org"

Dimension = tuple[tuple[str, int], ...]
"""Sorted (base, power) pairs; bases are metre, gram, second, kelvin and mole (which UCUM makes a mere number)."""


class UnitError(ValueError):
    """A unit code that is not known, or cannot be turned into the wanted one; names the code and the remedy."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as ``value_in_base = factor * value + offset``, of one dimension."""

    code: str
    factor: Fraction
    dimension: Dimension
    offset: Fraction = Fraction(0)


def _fraction(text: str) -> Fraction:
    return Fraction(Decimal(text))


_PREFIXES = {
    "G": Fraction(10**9),
    "M": Fraction(10**6),
    "k": Fraction(1000),
    "h": Fraction(100),
    "da": Fraction(10),
    "d": Fraction(1, 10),
    "c": Fraction(1, 100),
    "m": Fraction(1, 1000),
    "u": Fraction(1, 10**6),
    "n": Fraction(1, 10**9),
    "p": Fraction(1, 10**12),
    "f": Fraction(1, 10**15),
}

_METRIC: dict[str, tuple[Fraction, Dimension]] = {
    "g": (Fraction(1), (("g", 1),)),
    "m": (Fraction(1), (("m", 1),)),
    "s": (Fraction(1), (("s", 1),)),
    "K": (Fraction(1), (("K", 1),)),
    "mol": (Fraction(1), (("mol", 1),)),
    "L": (Fraction(1, 1000), (("m", 3),)),
    "l": (Fraction(1, 1000), (("m", 3),)),
    "Pa": (Fraction(1000), (("g", 1), ("m", -1), ("s", -2))),
    "bar": (Fraction(10**8), (("g", 1), ("m", -1), ("s", -2))),
    "m[Hg]": (_fraction("133322000"), (("g", 1), ("m", -1), ("s", -2))),  # 133.3220 kPa
    "m[H2O]": (_fraction("9806650"), (("g", 1), ("m", -1), ("s", -2))),  # 9.80665 kPa
}

_PLAIN: dict[str, tuple[Fraction, Dimension]] = {
    "%": (Fraction(1, 100), ()),
    "10*": (Fraction(10), ()),
    "10^": (Fraction(10), ()),
    "min": (Fraction(60), (("s", 1),)),
    "h": (Fraction(3600), (("s", 1),)),
    "d": (Fraction(86400), (("s", 1),)),
    "wk": (Fraction(7 * 86400), (("s", 1),)),
    "a": (_fraction("365.25") * 86400, (("s", 1),)),
    "[lb_av]": (_fraction("453.59237"), (("g", 1),)),  # 7000 grains of 64.79891 mg
    "[oz_av]": (_fraction("453.59237") / 16, (("g", 1),)),
    "[in_i]": (_fraction("0.0254"), (("m", 1),)),
    "[ft_i]": (_fraction("0.3048"), (("m", 1),)),
}

# Scales with a zero of their own: never multiplied, divided or prefixed.
_SCALES: dict[str, Unit] = {
    "Cel": Unit("Cel", Fraction(1), (("K", 1),), _fraction("273.15")),
    "[degF]": Unit("[degF]", Fraction(5, 9), (("K", 1),), _fraction("459.67") * Fraction(5, 9)),
}

_LONE_ANNOTATION = re.compile(r"(?<![^./])\{[!-z|~]*\}(?![^./])")
_ANNOTATION = re.compile(r"\{[!-z|~]*\}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_TERM = re.compile(r"(?P<atom>10[*^]|.*?[^0-9+-])(?P<power>[+-]?[0-9]{1,2})?", re.ASCII)
_LONGEST_CODE = 64


@lru_cache(maxsize=1024)
def parse(code: str) -> Unit:
    """The unit of a case-sensitive UCUM code such as ``mg/dL``, ``/min``, ``mm[Hg]`` or ``{beats}/min``.

    Raises
    ------
    UnitError
        If the code is empty or holds a unit that is not in the table.
    """
    if not 0 < len(code) <= _LONGEST_CODE or code != code.strip() or not code.isascii():
        raise UnitError(f"unit code {code!r} is not a UCUM code; send one, for example mg/L")
    if code in _SCALES:
        return _SCALES[code]
    factor = Fraction(1)
    powers: dict[str, int] = {}
    sign = 1
    rest = _ANNOTATION.sub("", _LONE_ANNOTATION.sub("1", code))  # annotations mean nothing; one alone counts as 1
    if rest.startswith("/"):
        sign, rest = -1, rest[1:]
    for piece in re.split(r"([./])", rest):
        if piece in (".", "/"):
            sign = 1 if piece == "." else -1
            continue
        atom_factor, dimension, power = _term(piece, code)
        factor *= atom_factor ** (sign * power)
        for base, exponent in dimension:
            powers[base] = powers.get(base, 0) + sign * power * exponent
    return Unit(code, factor, tuple(sorted((base, power) for base, power in powers.items() if power)))


def _term(piece: str, code: str) -> tuple[Fraction, Dimension, int]:
    """Factor, dimension and power of one term."""
    if _NUMBER.fullmatch(piece):
        return Fraction(int(piece)), (), 1
    match = _TERM.fullmatch(piece)
    if match is None:
        raise UnitError(f"unit code {code!r} holds {piece!r}, which is not a UCUM unit; send a UCUM code")
    atom, power = match["atom"], int(match["power"] or 1)
    if atom in _PLAIN:
        return *_PLAIN[atom], power
    if atom in _METRIC:
        return *_METRIC[atom], power
    for length in (1, 2):
        prefix, stem = atom[:length], atom[length:]
        if prefix in _PREFIXES and stem in _METRIC:
            base_factor, dimension = _METRIC[stem]
            return _PREFIXES[prefix] * base_factor, dimension, power
    raise UnitError(f"unit code {code!r} holds {atom!r}, which is not a UCUM unit known here; send a UCUM code")


def convert(
    value: Decimal | Fraction | int, code: str, wanted: str, *, molar_mass_g_per_mol: Fraction | None = None
) -> Fraction:
    """`value` of unit `code` in unit `wanted`, exactly.

    Amounts of substance become masses, and the reverse, by `molar_mass_g_per_mol` where it is given.

    Raises
    ------
    UnitError
        If either code is unknown, or the two measure different things.
    """
    source, target = parse(code), parse(wanted)
    base = Fraction(value) * source.factor + source.offset
    if source.dimension != target.dimension:
        given, needed = dict(source.dimension), dict(target.dimension)
        moles = given.pop("mol", 0)
        if molar_mass_g_per_mol is None or moles == 0:
            raise UnitError(
                f"unit {code!r} measures another kind of quantity than {wanted!r}; send one like {wanted!r}"
            )
        given["g"] = given.get("g", 0) + moles
        if {k: v for k, v in given.items() if v} != needed:
            raise UnitError(
                f"unit {code!r} measures another kind of quantity than {wanted!r}; send one like {wanted!r}"
            )
        base *= molar_mass_g_per_mol**moles
    return (base - target.offset) / target.factor

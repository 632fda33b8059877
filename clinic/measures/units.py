"""Units in which pages show what was measured, where the site wants others than those values are stored in.

Stored values, FHIR and everything computed keep the channel's or the drug's own unit; only what a person reads or types
is converted, and always with its unit beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from clinic.measures import numbers
from twins.quantities.molar_mass import CREATININE_G_PER_MOL, DRUG_G_PER_MOL, GLUCOSE_G_PER_MOL
from twins.quantities.unit import readable
from twins.samples.channel import LEVELS, Channel

_AS_WARDS_WRITE = {"mm[Hg]": "mmHg", "Cel": "°C"}
CONVERTED_DIGITS = 3
"""Significant digits of a level in another unit: what was measured to three digits is not known to more."""
TYPED_DIGITS = 6
"""The same of a bound that is typed, so that it can be told from its neighbours."""


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit, how many of it one of the stored unit is, and the decimal places that laboratories report in it.

    `places` is None where values have as many as they need.
    """

    code: str
    per_stored: Fraction = Fraction(1)
    places: int | None = None

    @property
    def name(self) -> str:
        """As wards write it: ``µmol/L``."""
        return _AS_WARDS_WRITE.get(self.code) or readable(self.code)

    def value(self, stored: float) -> float:
        return stored if self.per_stored == 1 else stored * float(self.per_stored)

    def stored(self, shown: float, known: Iterable[float] = ()) -> float:
        """What a number in this unit is in the stored one.

        A bound is shown rounded: who types it as it is shown means the bound itself, which is one of the stored values
        `known`, and not what the rounded number is.
        """
        if self.per_stored == 1:
            return shown
        meant = (
            value
            for value in known
            for digits in range(CONVERTED_DIGITS, TYPED_DIGITS + 1)
            if shown == self.rounded(value, digits)
        )
        return next(meant, shown / float(self.per_stored))

    def rounded(self, stored: float, digits: int = CONVERTED_DIGITS) -> float:
        """As `value`, to significant digits where it is converted."""
        return stored if self.per_stored == 1 else float(f"{self.value(stored):.{digits}g}")

    def drawn(self, stored: float) -> float:
        """As `value`, to the places that are reported: what a chart writes beside a point."""
        return stored if self.places is None else round(self.value(stored), self.places)

    def text(self, stored: float, digits: int = 4) -> str:
        """The number alone; `digits` significant ones where it is shown as it is stored."""
        if self.places is not None:
            return numbers.fixed(self.value(stored), self.places)
        return numbers.plain(self.rounded(stored), digits)

    def said(self, stored: float, digits: int = 4) -> str:
        """``97 µmol/L``."""
        return f"{self.text(stored, digits)} {self.name}"


_MG_PER_DL_IN_G_PER_L = Fraction(1, 100)
_OTHERS: Final[Mapping[Channel, ShownUnit]] = {
    Channel.CREATININE: ShownUnit("umol/L", _MG_PER_DL_IN_G_PER_L / CREATININE_G_PER_MOL * 10**6, places=0),
    Channel.GLUCOSE: ShownUnit("mmol/L", _MG_PER_DL_IN_G_PER_L / GLUCOSE_G_PER_MOL * 10**3, places=1),
}
_LIKE = {Channel.SENSOR_GLUCOSE: Channel.GLUCOSE}
"""Channels that are shown in the unit of another."""
_EQUAL: Final = {"mg/L": "ug/mL", "ug/L": "ng/mL", "ng/mL": "ug/L"}
_MOLAR: Final = {"mg/L": "umol/L", "ug/L": "nmol/L", "ng/mL": "nmol/L"}
"""Of a thousandth of a mole where the own unit is of a thousandth of a gram: one is 1000 / molar mass of the other."""
_OWN: Final = {str(channel): channel.unit for channel in LEVELS}
"""UCUM code that the levels of a drug are stored in; ``mg/L`` of one whose levels no door takes in."""


def unit_of(channel: Channel) -> ShownUnit:
    """The unit that pages show values of `channel` in.

    Raises
    ------
    ImproperlyConfigured
        The site wants one that they cannot be converted to.
    """
    if channel in LEVELS:
        return unit_of_levels(str(channel), channel.unit)
    wanted = _LIKE.get(channel, channel)
    return _chosen(str(wanted), wanted.unit, (_OTHERS[wanted],) if wanted in _OTHERS else ())


def unit_of_levels(drug: str, own: str) -> ShownUnit:
    """The unit that pages show levels of `drug` in, which models state in `own`, a UCUM code. Raises as `unit_of`."""
    return _chosen(drug, own, _other_units(drug, own))


def _other_units(drug: str, own: str) -> tuple[ShownUnit, ...]:
    if drug not in DRUG_G_PER_MOL or own not in _MOLAR:
        return ()
    return ShownUnit(_EQUAL[own]), ShownUnit(_MOLAR[own], 1000 / DRUG_G_PER_MOL[drug])


def _chosen(name: str, own: str, others: tuple[ShownUnit, ...]) -> ShownUnit:
    wanted = settings.SHOWN_UNITS.get(name)
    if wanted is None or _code(wanted) == own:
        return ShownUnit(own)
    found = next((other for other in others if other.code == _code(wanted)), None)
    if found is None:
        raise ImproperlyConfigured(" ".join(_refusal(name, wanted)))
    return found


def _code(unit: str) -> str:
    """UCUM's code of a unit that is written with either sign for micro."""
    return unit.replace("\u00b5", "u").replace("\u03bc", "u")


def choices() -> dict[str, tuple[str, ...]]:
    """What the setting `SHOWN_UNITS` may name: UCUM codes, the own one first, by channel or drug."""
    found = {str(channel): (channel.unit, other.code) for channel, other in _OTHERS.items()}
    for drug in DRUG_G_PER_MOL:
        own = _OWN.get(drug, "mg/L")
        found[drug] = (own, *(other.code for other in _other_units(drug, own)))
    return found


def _refusal(name: str, wanted: str) -> tuple[str, str]:
    """What is wrong with one entry of the setting, and the remedy."""
    known = choices().get(name)
    if known is None:
        return (
            f"SHOWN_UNITS has {name}={wanted}, and there is no {name}.",
            f"Use {', '.join(choices())}, or leave it out.",
        )
    words = f"{', '.join(known[:-1])} or {known[-1]}"
    return (
        f"SHOWN_UNITS has {name}={wanted}, which values in {known[0]} cannot be shown in.",
        f"Use {name}={words}, or leave it out.",
    )


def wrong_units() -> list[CheckMessage]:
    """A Django check: each entry of `SHOWN_UNITS` that names nothing, or a unit that nothing can be converted to."""
    known = choices()
    return [
        Error(what, hint=remedy, id="measures.E001")
        for name, wanted in settings.SHOWN_UNITS.items()
        if _code(wanted) not in known.get(name, ())
        for what, remedy in (_refusal(name, wanted),)
    ]


def refuse_wrong_units() -> None:
    """The same for a process that runs no checks as it starts. Raises ImproperlyConfigured."""
    for problem in wrong_units():
        raise ImproperlyConfigured(f"{problem.msg} {problem.hint}")

"""Units in which pages show what was measured, where the site wants others than those values are stored in.

Stored values, FHIR and everything computed keep the channel's own unit; only what a person reads is converted, and
always with its unit beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from django.conf import settings

from clinic.measures import numbers
from twins.quantities.molar_mass import CREATININE_G_PER_MOL, GLUCOSE_G_PER_MOL
from twins.quantities.unit import readable
from twins.samples.channel import Channel

_AS_WARDS_WRITE = {"mm[Hg]": "mmHg", "Cel": "°C"}


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit, how many of it one of the stored unit is, and the decimal places that laboratories report in it.

    `places` is None where values are shown as they are stored.
    """

    code: str
    per_stored: Fraction = Fraction(1)
    places: int | None = None

    @property
    def name(self) -> str:
        """As wards write it: ``µmol/L``."""
        return _AS_WARDS_WRITE.get(self.code) or readable(self.code)

    def value(self, stored: float) -> float:
        return stored if self.places is None else stored * float(self.per_stored)

    def drawn(self, stored: float) -> float:
        """As `value`, to the places that are reported: what a chart writes beside a point."""
        return stored if self.places is None else round(self.value(stored), self.places)

    def text(self, stored: float, digits: int = 4) -> str:
        """The number alone; `digits` significant ones where it is shown as it is stored."""
        if self.places is None:
            return numbers.plain(stored, digits)
        return numbers.fixed(self.value(stored), self.places)

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

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    str(channel): (channel.unit, other.code) for channel, other in _OTHERS.items()
}
"""What the setting `SHOWN_UNITS` may name: UCUM codes by channel."""


def unit_of(channel: Channel) -> ShownUnit:
    """The unit that pages show values of `channel` in."""
    wanted = _LIKE.get(channel, channel)
    other = _OTHERS.get(wanted)
    if other is not None and settings.SHOWN_UNITS.get(str(wanted), wanted.unit) == other.code:
        return other
    return ShownUnit(channel.unit)

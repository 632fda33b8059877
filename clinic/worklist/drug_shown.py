"""Which of a patient's drugs a page shows: the one in its address, else the first on record."""

from collections.abc import Mapping
from dataclasses import dataclass

from clinic.charts.shown_levels import ShownLevels
from twins.pharmacology import formulary
from twins.records.courses import names_on_record
from twins.records.followed import followed, stopped, usual_drug
from twins.records.kept import why_none
from twins.records.models import Subject
from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class Shown:
    """The drug that is shown, and all that twins are or were kept for and the patient has, by name."""

    name: str
    all: tuple[str, ...]
    """Those that are not followed any more come last."""

    @classmethod
    def of(cls, subject: Subject, given: Mapping[str, str]) -> "Shown":
        """`given` is what the address holds; a drug that no twin was ever kept for is not looked at."""
        names = names_on_record(subject)
        known = tuple(drug for drug in (*followed(), *sorted(stopped())) if drug in names)
        asked = given.get("drug", "")
        return cls(asked if asked in followed() or asked in known else (*known, usual_drug())[0], known)

    @property
    def title(self) -> str:
        return formulary.drug(self.name).title

    @property
    def why_none(self) -> str:
        """Why no twin is kept of it, as a sentence; empty where one is."""
        return why_none(self.name)

    @property
    def titles(self) -> dict[str, str]:
        """Of each of the patient's drugs."""
        return {name: formulary.drug(name).title for name in self.all}

    @property
    def levels(self) -> ShownLevels:
        """The unit that its levels are shown in."""
        return ShownLevels.of(self.name)

    @property
    def level_channel(self) -> Channel | None:
        return formulary.drug(self.name).level_channel

    @property
    def is_asked(self) -> bool:
        """Whether it is another than the one that would be shown unasked."""
        return bool(self.all) and self.name != self.all[0]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Of its levels, if any are taken in, and of what a twin reads besides."""
        level = self.level_channel
        beside = (Channel.CREATININE, Channel.WEIGHT, Channel.HEIGHT, Channel.ALBUMIN, Channel.HAEMATOCRIT)
        return (*((level,) if level else ()), *beside)

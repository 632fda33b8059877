"""Which of a patient's drugs a page shows: the one in its address, else the first on record."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from twins.pharmacology import formulary
from twins.pharmacology.drug import Drug
from twins.records.courses import drugs_on_record
from twins.records.models import Subject
from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class Shown:
    """The drug that is shown, and all that twins are kept for and the patient has."""

    drug: Drug
    all: tuple[Drug, ...]

    @classmethod
    def of(cls, subject: Subject, given: Mapping[str, str]) -> "Shown":
        """`given` is what the address holds; a drug that no twin is kept for is not looked at."""
        known = drugs_on_record(subject)
        asked = given.get("drug", "")
        name = asked if asked in settings.TWIN_MODELS else (*known, *settings.TWIN_MODELS)[0]
        return cls(formulary.drug(name), tuple(map(formulary.drug, known)))

    @property
    def name(self) -> str:
        return self.drug.name

    @property
    def is_asked(self) -> bool:
        """Whether it is another than the one that would be shown unasked."""
        return bool(self.all) and self.drug is not self.all[0]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Of its levels, if any are taken in, and of what a twin reads besides."""
        level = self.drug.level_channel
        beside = (Channel.CREATININE, Channel.WEIGHT, Channel.HEIGHT, Channel.ALBUMIN, Channel.HAEMATOCRIT)
        return (*((level,) if level else ()), *beside)

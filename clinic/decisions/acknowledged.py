"""What whoever signs a plan must say that they know: that the level does not fit, that the model was made of others.

Declining needs none of it, and neither does withdrawing what was signed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext as _

from clinic.charts.shown_levels import ShownLevels
from clinic.decisions.refusal import NotAcknowledgedError
from clinic.twin_words.said import said
from twins.records.models import Comparison
from twins.records.reservations import Reservations


class Doubt(StrEnum):
    """The key under which it is sent, stored and audited."""

    LEVEL = "level-does-not-fit"
    OUTSIDE = "outside-population"


_TEXTS = {
    Doubt.LEVEL: gettext_noop(
        "I know that the measured levels do not fit the model. I have checked each level, its time and the doses "
        "before it, and sign all the same."
    ),
    Doubt.OUTSIDE: gettext_noop(
        "I know that this patient lies outside the population that the model was made from, so that the forecast goes "
        "beyond its data, and sign all the same."
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing to acknowledge, and the engine's sentences for it, in English and in the drug's own unit."""

    doubt: Doubt
    because: tuple[str, ...]
    drug: str

    @property
    def text(self) -> str:
        """What one says by ticking it, in the reader's language."""
        return gettext(_TEXTS[self.doubt])

    @property
    def reasons(self) -> tuple[str, ...]:
        """As a page says them."""
        return tuple(map(said, ShownLevels.of(self.drug).sentences(self.because)))

    @property
    def is_of_levels(self) -> bool:
        return self.doubt is Doubt.LEVEL

    def to_json(self) -> dict[str, Any]:
        """As it is stored: English, whoever signed in which language."""
        return {"key": str(self.doubt), "text": _TEXTS[self.doubt], "because": list(self.because)}


def asked_of(comparison: Comparison) -> tuple[Asked, ...]:
    """What a signature on a plan of the comparison takes; mostly nothing."""
    found, drug = Reservations.of(comparison), comparison.twin_version.drug
    pairs = ((Doubt.LEVEL, found.contradicting), (Doubt.OUTSIDE, found.outside))
    return tuple(Asked(doubt, because, drug) for doubt, because in pairs if because)


def acknowledged(comparison: Comparison, keys: Collection[str]) -> list[dict[str, Any]] | None:
    """What is stored of the signature; None where nothing is asked.

    Raises
    ------
    NotAcknowledgedError
        Something that is asked is not among `keys`.
    """
    asked = asked_of(comparison)
    missing = [one for one in asked if one.doubt not in keys]
    if missing:
        words = _("Nothing was signed: tick what you must know first. {text} ({reasons})")
        raise NotAcknowledgedError(words.format(text=missing[0].text, reasons=" ".join(missing[0].reasons)))
    return [one.to_json() for one in asked] or None


def in_words(stored: list[dict[str, Any]] | None) -> tuple[str, ...]:
    """What was acknowledged, in the reader's language."""
    return tuple(gettext(one["text"]) for one in stored or ())

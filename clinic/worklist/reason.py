"""A reason to look at a patient: what it is about, how pressing it is, and its words."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


class Urgency(IntEnum):
    """Higher comes first on the list. The gaps have no meaning."""

    NOTE = 10
    LOOK = 50
    ACT = 90

    @property
    def tone(self) -> str:
        """The badge class of the stylesheet."""
        return {"NOTE": "", "LOOK": "warn", "ACT": "stop"}[self.name]

    @property
    def word(self) -> str:
        if self is Urgency.ACT:
            return pgettext("urgency", "act")
        return pgettext("urgency", "look") if self is Urgency.LOOK else pgettext("urgency", "note")


class Why(StrEnum):
    """What a reason is about; the value is its name in an address, the label what a reader chooses by."""

    FORECAST = "forecast"
    CONTRADICTED = "contradicted"
    TARGET = "target"
    RENAL = "renal"
    LEVEL = "level"
    STALE = "stale"
    DEVICE = "device"
    DECISION = "decision"
    FOLLOWED = "followed"
    DOUBT = "doubt"
    UNUSED = "unused"

    @property
    def label(self) -> str:
        return {
            "forecast": _("cannot forecast"),
            "contradicted": _("forecast contradicted by a level"),
            "target": _("target missed, or about to be"),
            "renal": _("renal function moving"),
            "level": _("level due"),
            "stale": _("data stale"),
            "device": _("device fault or silence"),
            "decision": _("comparison or decision open"),
            "followed": _("signed plan not followed"),
            "doubt": _("doubtful data"),
            "unused": _("received and not used"),
        }[self.value]


@dataclass(frozen=True, slots=True)
class Reason:
    why: Why
    urgency: Urgency
    weight: int
    """Among reasons of one urgency, the higher first."""
    sentence: str

"""A dose that was given, not merely ordered."""

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from twins.quantities.sentence import Sentence

_NO_START = Sentence("start_h is {start}; give hours since the course's start")
_NO_AMOUNT = Sentence("amount_mg is {amount}; give a positive amount in mg")
_NO_DURATION = Sentence("duration_h is {duration}; give 0 for a bolus or a length in h")
_NO_INTERVAL = Sentence("interval_h is {interval}; give the hours between doses, or 0 for a single dose")
_ADDITIONAL = Sentence("additional is {count}; give how many doses follow, 0 or more")
_INTERVAL_NEEDED = Sentence("interval_h is 0; additional doses and steady state need the hours between doses")
_MODELLED = Sentence("duration_h is {duration}, but the model says how long this dose runs; leave it 0")


class Route(StrEnum):
    INTRAVENOUS = "intravenous"
    ORAL = "oral"
    RECTAL = "rectal"
    SUBCUTANEOUS = "subcutaneous"
    INTRAMUSCULAR = "intramuscular"


class SteadyState(IntEnum):
    """What a dose says of those before it; the numbers are those of NONMEM's column SS."""

    NO = 0
    REPLACES = 1
    """As if given every `interval_h` for ever: everything in the body is set to that steady state."""
    ADDS = 2
    """The same, but added to what is in the body already."""


class Modelled(IntEnum):
    """Which part of an infusion the model's own parameter says, not the record."""

    NO = 0
    RATE = 1
    DURATION = 2


class DoseError(ValueError):
    """A dose that cannot have been given as described; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Dose:
    """One administration, or a series of equal ones.

    Parameters
    ----------
    start_h : float
        Hours since the course's start.
    amount_mg : float
        Amount of drug, mg; positive.
    duration_h : float
        Length of the infusion, h; 0 is a bolus.
    source : str
        The record it was read from, as ``Type/id`` at its source, for the reader of the page.
    interval_h, additional
        `additional` more doses follow, one every `interval_h` hours.
    steady_state
        See `SteadyState`; needs `interval_h`.
    modelled
        The infusion's rate or duration is a parameter of the model; `duration_h` is then 0.
    into : str
        Name of the compartment, where the route does not say it; empty otherwise.
    """

    start_h: float
    amount_mg: float
    duration_h: float = 0.0
    route: Route = Route.INTRAVENOUS
    source: str = ""
    interval_h: float = 0.0
    additional: int = 0
    steady_state: SteadyState = SteadyState.NO
    modelled: Modelled = Modelled.NO
    into: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.start_h):
            raise DoseError(_NO_START(start=self.start_h))
        if not (math.isfinite(self.amount_mg) and self.amount_mg > 0):
            raise DoseError(_NO_AMOUNT(amount=self.amount_mg))
        if not (math.isfinite(self.duration_h) and self.duration_h >= 0):
            raise DoseError(_NO_DURATION(duration=self.duration_h))
        if not (math.isfinite(self.interval_h) and self.interval_h >= 0):
            raise DoseError(_NO_INTERVAL(interval=self.interval_h))
        if self.additional < 0:
            raise DoseError(_ADDITIONAL(count=self.additional))
        if (self.additional or self.steady_state) and self.interval_h == 0:
            raise DoseError(_INTERVAL_NEEDED())
        if self.modelled and self.duration_h:
            raise DoseError(_MODELLED(duration=self.duration_h))

    @property
    def end_h(self) -> float:
        return self.start_h + self.duration_h

    @property
    def rate_mg_per_h(self) -> float:
        """Infusion rate; infinite for a bolus."""
        return self.amount_mg / self.duration_h if self.duration_h else math.inf

"""A dose that was given, not merely ordered."""

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum


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
            raise DoseError(f"start_h is {self.start_h}; give hours since the course's start")
        if not (math.isfinite(self.amount_mg) and self.amount_mg > 0):
            raise DoseError(f"amount_mg is {self.amount_mg}; give a positive amount in mg")
        if not (math.isfinite(self.duration_h) and self.duration_h >= 0):
            raise DoseError(f"duration_h is {self.duration_h}; give 0 for a bolus or a length in h")
        if not (math.isfinite(self.interval_h) and self.interval_h >= 0):
            raise DoseError(f"interval_h is {self.interval_h}; give the hours between doses, or 0 for a single dose")
        if self.additional < 0:
            raise DoseError(f"additional is {self.additional}; give how many doses follow, 0 or more")
        if (self.additional or self.steady_state) and self.interval_h == 0:
            raise DoseError("interval_h is 0; additional doses and steady state need the hours between doses")
        if self.modelled and self.duration_h:
            raise DoseError(f"duration_h is {self.duration_h}, but the model says how long this dose runs; leave it 0")

    @property
    def end_h(self) -> float:
        return self.start_h + self.duration_h

    @property
    def rate_mg_per_h(self) -> float:
        """Infusion rate; infinite for a bolus."""
        return self.amount_mg / self.duration_h if self.duration_h else math.inf

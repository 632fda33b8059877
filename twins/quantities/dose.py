"""A dose that was given, not merely ordered."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    INTRAVENOUS = "intravenous"


class DoseError(ValueError):
    """A dose that cannot have been given as described."""


@dataclass(frozen=True, slots=True)
class Dose:
    """One administration.

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
    """

    start_h: float
    amount_mg: float
    duration_h: float = 0.0
    route: Route = Route.INTRAVENOUS
    source: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.start_h):
            raise DoseError(f"start_h is {self.start_h}; give hours since the course's start")
        if not (math.isfinite(self.amount_mg) and self.amount_mg > 0):
            raise DoseError(f"amount_mg is {self.amount_mg}; give a positive amount in mg")
        if not (math.isfinite(self.duration_h) and self.duration_h >= 0):
            raise DoseError(f"duration_h is {self.duration_h}; give 0 for a bolus or a length in h")

    @property
    def end_h(self) -> float:
        return self.start_h + self.duration_h

    @property
    def rate_mg_per_h(self) -> float:
        """Infusion rate; infinite for a bolus."""
        return self.amount_mg / self.duration_h if self.duration_h else math.inf

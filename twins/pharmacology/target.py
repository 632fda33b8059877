"""`Target`: the exposure that treatment aims at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """An exposure target: AUC24 between `low` and `high` mg·h/L; above `high` is the safety limit."""

    name: str
    low: float
    high: float
    source: str

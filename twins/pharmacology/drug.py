"""`Drug`: what treatment with one drug aims at, and what can be given in practice."""

from dataclasses import dataclass

from twins.pharmacology.target import Target
from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class Practice:
    """What a ward can give: amounts in mg, rates in mg/h, intervals in h; `source` says where each limit comes from."""

    step_mg: float
    min_mg: float
    max_mg: float
    max_daily_mg: float
    intervals_h: tuple[float, ...]
    max_rate_mg_per_h: float
    source: str


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug, the ids of its models (the first is the one to use unless told otherwise), its target and its limits."""

    name: str
    title: str
    models: tuple[str, ...]
    target: Target
    practice: Practice
    level_channel: Channel

"""`Target`: the exposure that treatment aims at."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from twins.quantities.sentence import ANY, MEASURED, Part, Sentence, Whichever, names

_NOT_FINITE = Sentence("low is {low:g} and high is {high:g}; give a finite low, and a high or math.inf for no limit")
_NOTHING_BETWEEN = Sentence("low is {low:g} and high is {high:g}, between which nothing lies; give the smaller as low")
_THRESHOLD = Sentence(
    "threshold is {threshold:g}; the metric {metric} needs the MIC or another concentration above 0 in the output's "
    "unit",
    metric=ANY,
)


class Metric(StrEnum):
    """What a target is stated in; see `twins.forecasts.exposure` for how each is computed."""

    AUC24 = "AUC24"
    """Area under the curve of 24 h, output's unit times h; of one interval, as a day's share, where that is longer."""
    AUC = "AUC"
    """Area over the target's own window, output's unit times h."""
    TROUGH = "trough"
    PEAK = "peak"
    AVERAGE = "average"
    """Average over the interval, output's unit."""
    TIME_ABOVE = "time above"
    """Share of the time that the unbound concentration is above `threshold` (fT>MIC)."""
    TIME_IN_RANGE = "time in range"
    """Share of the time that the output lies between `low` and `high`."""
    RATIO = "AUC24 over MIC"
    EFFECT = "effect"
    """An effect output (INR, BIS) at the window's end."""


METRICS = names(Metric)
_PARTS: dict[str, Part] = {
    "metric": METRICS,
    "low": MEASURED,
    "high": MEASURED,
    "unit": Whichever("[^()]+?"),
    "when": ANY,
}


def _name(text: str) -> Sentence:
    return Sentence(text, **{slot: part for slot, part in _PARTS.items() if f"{{{slot}" in text})


NAMES = tuple(
    _name(f"{{metric}} {span} {{unit}}{when}")
    for when in ("", " ({when})")
    for span in ("{low:g}–{high:g}", "below {high:g}", "above {low:g}")
)
"""What targets are usually named: ``trough 5–10 µg/L (after week 4)``."""


class TargetError(ValueError):
    """A target that nothing can meet or that says too little; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target: `metric` between `low` and `high`; above `high` is the safety limit (infinite: none is known).

    Parameters
    ----------
    unit : str
        UCUM code of `low` and `high`.
    threshold : float
        MIC or other concentration for `TIME_ABOVE` and `RATIO`, in the output's unit.
    unbound : float
        Fraction unbound that the concentration is multiplied by before it is compared.
    window_h : float
        Length of the window where the metric has one of its own; 24 h unless said otherwise.
    output : str
        The output it is of; empty for the first.
    harm : str
        What lies above `high`, in words.
    """

    name: str
    low: float
    high: float
    source: str
    metric: Metric = Metric.AUC24
    unit: str = "mg.h/L"
    threshold: float = 0.0
    unbound: float = 1.0
    window_h: float = 24.0
    output: str = ""
    harm: str = ""

    def refuse(self, *, threshold_needed: bool = True) -> None:
        """Raise TargetError where no value could lie in the target, or its metric lacks a concentration."""
        if math.isnan(self.low) or math.isnan(self.high) or math.isinf(self.low):
            raise TargetError(_NOT_FINITE(low=self.low, high=self.high))
        if self.low > self.high:
            raise TargetError(_NOTHING_BETWEEN(low=self.low, high=self.high))
        needs = threshold_needed and self.metric in (Metric.TIME_ABOVE, Metric.RATIO)
        if needs and not (math.isfinite(self.threshold) and self.threshold > 0):
            raise TargetError(_THRESHOLD(threshold=self.threshold, metric=repr(self.metric.value)))

    @property
    def has_limit(self) -> bool:
        """Whether there is a value above which harm is feared."""
        return math.isfinite(self.high)

    @property
    def has_floor(self) -> bool:
        """Whether anything can lie below it: there is nothing less than none."""
        return self.low > 0

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is as usual is left out, and so is a `high` that is infinite."""
        data = asdict(self)
        for part in fields(self)[4:]:
            if data[part.name] == part.default:
                del data[part.name]
        if not self.has_limit:
            del data["high"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Target":
        values = {"high": math.inf, **data}
        return cls(**{**values, "metric": Metric(values.get("metric", Metric.AUC24))})

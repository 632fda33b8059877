"""How a covariate is spread over the virtual patients: one uniform number in, one value out."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from twins.quantities.sentence import Sentence, names

Array = NDArray[np.float64]


_NO_NUMBER = Sentence("{name} is {number}; a {shape} distribution needs it as a number")
_NO_SHARE = Sentence("share is {share}; give a fraction from 0 to 1")
_NOT_POSITIVE = Sentence("{name} is {value:g}; give a positive number")
_CROSSED = Sentence("low is {low:g} and high is {high:g}; low must be below high")
_NOTHING_LEFT = Sentence("low and high leave nothing of the distribution; widen them")
_NO_ORIGIN = Sentence("give either source (a citation) or assumed (the reason for the assumption)")
_NUMBER = Sentence("{name} {value:g}", name=names("value", "share", "mean", "sd", "median", "cv"))
_FROM_TO = Sentence("from {low:g} to {high:g}")
_LEAST, _MOST = Sentence("at least {low:g}"), Sentence("at most {high:g}")
_ASSUMED = Sentence("Assumed: {assumed}")


class Shape(StrEnum):
    """`first` and `second` of a distribution mean what the shape says."""

    FIXED = "fixed"
    """Everybody has `value`."""
    SHARE = "share"
    """1 in that `share` of the patients, 0 in the others."""
    UNIFORM = "uniform"
    """Evenly from `low` to `high`."""
    NORMAL = "normal"
    """`mean` and `sd`, cut off at `low` and `high`."""
    LOGNORMAL = "lognormal"
    """`median` and `cv` (a fraction), cut off at `low` and `high`."""


SHAPES = names(Shape)


NUMBERS: dict[Shape, tuple[str, ...]] = {
    Shape.FIXED: ("value",),
    Shape.SHARE: ("share",),
    Shape.UNIFORM: ("low", "high"),
    Shape.NORMAL: ("mean", "sd"),
    Shape.LOGNORMAL: ("median", "cv"),
}
"""The numbers each shape needs; the last two may have `low` and `high` beside them."""


class DistributionError(ValueError):
    """A distribution that nothing can be drawn from; names the number and the remedy."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A covariate's spread, and where it comes from: either `source` (a citation) or `assumed` (the reason)."""

    shape: Shape
    value: float | None = None
    share: float | None = None
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    cv: float | None = None
    low: float | None = None
    high: float | None = None
    source: str = ""
    assumed: str = ""

    def __post_init__(self) -> None:
        for name in NUMBERS[self.shape]:
            number = getattr(self, name)
            if number is None or not math.isfinite(number):
                raise DistributionError(_NO_NUMBER(name=name, number=number, shape=self.shape))
        if self.shape is Shape.SHARE and not 0 <= self.number("share") <= 1:
            raise DistributionError(_NO_SHARE(share=self.share))
        for name in ("sd", "cv", "median"):
            if name in NUMBERS[self.shape] and not self.number(name) > 0:
                raise DistributionError(_NOT_POSITIVE(name=name, value=self.number(name)))
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise DistributionError(_CROSSED(low=self.low, high=self.high))
        if self.shape in (Shape.NORMAL, Shape.LOGNORMAL):
            below, above = self._edges()
            if not above - below > 1e-6:
                raise DistributionError(_NOTHING_LEFT())
        if bool(self.source.strip()) == bool(self.assumed.strip()):
            raise DistributionError(_NO_ORIGIN())

    def draw(self, uniform: Array) -> Array:
        """One value for each number of `uniform` (between 0 and 1), same shape."""
        if self.shape is Shape.FIXED:
            return np.full_like(uniform, self.number("value"))
        if self.shape is Shape.SHARE:
            return np.where(uniform < self.number("share"), 1.0, 0.0)
        if self.shape is Shape.UNIFORM:
            return np.asarray(self.number("low") + uniform * (self.number("high") - self.number("low")))
        below, above = self._edges()
        z = ndtri(below + uniform * (above - below))
        if self.shape is Shape.NORMAL:
            drawn = self.number("mean") + self.number("sd") * z
        else:
            drawn = self.number("median") * np.exp(self._log_sd() * z)
        # Rounding in the tails may leave the interval by the last digit.
        return np.clip(drawn, -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high)

    def words(self) -> str:
        """For a reader: ``lognormal, median 79, cv 0.25, from 33 to 255``."""
        numbers = [
            _NUMBER(name=name, value=self.number(name)) for name in NUMBERS[self.shape] if name not in ("low", "high")
        ]
        if self.low is not None and self.high is not None:
            numbers.append(_FROM_TO(low=self.low, high=self.high))
        elif self.low is not None or self.high is not None:
            numbers.append(_LEAST(low=self.low) if self.high is None else _MOST(high=self.high))
        return ", ".join([str(self.shape), *numbers])

    @property
    def origin(self) -> str:
        """Its citation, or the assumption said to be one."""
        return self.source or _ASSUMED(assumed=self.assumed)

    def number(self, name: str) -> float:
        """The number called `name`, which the shape has."""
        return float(getattr(self, name))

    def _log_sd(self) -> float:
        return math.sqrt(math.log1p(self.number("cv") ** 2))

    def _edges(self) -> tuple[float, float]:
        """Probability below `low` and below `high`."""
        return self._probability(self.low, 0.0), self._probability(self.high, 1.0)

    def _probability(self, edge: float | None, without: float) -> float:
        if edge is None:
            return without
        if self.shape is Shape.NORMAL:
            return float(ndtr((edge - self.number("mean")) / self.number("sd")))
        if edge <= 0:
            return 0.0
        return float(ndtr(math.log(edge / self.number("median")) / self._log_sd()))

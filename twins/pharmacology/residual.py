"""Residual error: how far a measured value may lie from the model's prediction f."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class ResidualKind(IntEnum):
    """`SD_SUM` and `VARIANCE_SUM` are different models; each population model names its own."""

    SD_SUM = 0
    """sd = additive + proportional · f"""
    VARIANCE_SUM = 1
    """var = additive² + (proportional · f)²"""
    POWER = 2
    """sd = additive + proportional · f^power"""
    LOG = 3
    """ln(y) is normal around ln(f) with sd = additive"""

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    ResidualKind.SD_SUM: "sd = additive + proportional · f",
    ResidualKind.VARIANCE_SUM: "var = additive² + (proportional · f)²",
    ResidualKind.POWER: "sd = additive + proportional · f^power",
    ResidualKind.LOG: "ln(y) normal around ln(f), sd = additive",
}


@dataclass(frozen=True, slots=True)
class Residual:
    """`additive` in the output's unit (on the log scale for `LOG`), `proportional` as a fraction."""

    kind: ResidualKind
    additive: float
    proportional: float
    power: float = 1.0

    def variance(self, prediction: Array) -> Array:
        """Variance around the prediction, of the value's square unit (of the logarithm for `LOG`), same shape."""
        if self.kind is ResidualKind.VARIANCE_SUM:
            return np.asarray(self.additive**2 + np.square(self.proportional * prediction))
        if self.kind is ResidualKind.LOG:
            return np.full_like(prediction, self.additive**2)
        if self.kind is ResidualKind.POWER:
            return np.asarray(np.square(self.additive + self.proportional * prediction**self.power))
        return np.asarray(np.square(self.additive + self.proportional * prediction))

    def variance_slope(self, prediction: Array) -> Array:
        """Derivative of `variance` by the prediction, same shape."""
        if self.kind is ResidualKind.VARIANCE_SUM:
            return np.asarray(2.0 * self.proportional**2 * prediction)
        if self.kind is ResidualKind.LOG:
            return np.zeros_like(prediction)
        if self.kind is ResidualKind.POWER:
            sd = self.additive + self.proportional * prediction**self.power
            return np.asarray(2.0 * sd * self.proportional * self.power * prediction ** (self.power - 1.0))
        return np.asarray(2.0 * self.proportional * (self.additive + self.proportional * prediction))

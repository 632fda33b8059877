"""Residual error: how far a measured level may lie from the model's concentration."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class ResidualKind(StrEnum):
    """`sd = a + b f` and `var = a² + (b f)²` are different models; each population model names its own."""

    SD_SUM = "sd = additive + proportional * f"
    VARIANCE_SUM = "var = additive**2 + (proportional * f)**2"


@dataclass(frozen=True, slots=True)
class Residual:
    """`additive` in the concentration's unit (mg/L), `proportional` as a fraction."""

    kind: ResidualKind
    additive: float
    proportional: float

    def variance(self, prediction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of a level around the predicted concentration, (mg/L)², same shape as `prediction`."""
        if self.kind is ResidualKind.SD_SUM:
            return np.square(self.additive + self.proportional * prediction)
        return self.additive**2 + np.square(self.proportional * prediction)

    def variance_slope(self, prediction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of `variance` by the prediction, mg/L, same shape as `prediction`."""
        if self.kind is ResidualKind.SD_SUM:
            return 2.0 * self.proportional * (self.additive + self.proportional * prediction)
        return 2.0 * self.proportional**2 * prediction

"""`Fit`: what estimation says of one individual, with its uncertainty and how far to trust it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class FitOutcome(StrEnum):
    """How a fit ended; each member is the sentence a reader sees."""

    FITTED = "Fitted to this patient's levels."
    PRIOR_ONLY = "No level yet: the population model alone, for this patient's covariates."
    NOT_CONVERGED = "The fit did not converge; do not rely on this twin."
    CANNOT = "No twin can be made."


@dataclass(frozen=True, slots=True)
class LevelResidual:
    """One level against the fit: times in h since the course's start, concentrations in mg/L."""

    time_h: float
    observed: float
    population: float
    individual: float
    weighted_residual: float
    """(observed - individual) / residual standard deviation at the individual prediction."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """The individual: etas, their covariance, posterior draws and diagnostics.

    Attributes
    ----------
    eta : tuple of float
        MAP estimate, in the order of the model's `eta_on`.
    covariance : tuple of tuple of float
        Of eta, by the inverse of the information named in `covariance_kind`.
    parameters, typical : mapping of str to float
        Individual and population values at the course's end, in the units that the names state.
    draws : ndarray, shape (n, len(eta))
        Equally weighted posterior draws of eta.
    effective_sample_size : float
        Of the weighted proposals that the draws were taken from, 1 / sum(w²).
    shrinkage : tuple of float
        1 - posterior sd / prior sd of each eta: 0 the data say nothing, 1 they say all.
    """

    model_id: str
    model_version: str
    seed: int
    outcome: FitOutcome
    reason: str
    eta_names: tuple[str, ...]
    eta: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    covariance_kind: str
    parameters: Mapping[str, float]
    typical: Mapping[str, float]
    objective: float
    iterations: int
    draws: NDArray[np.float64] = field(repr=False)
    effective_sample_size: float
    proposals: int
    shrinkage: tuple[float, ...]
    residuals: tuple[LevelResidual, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything but the draws, as plain data; the draws are stored beside it as bytes."""
        data = {name: value for name, value in asdict(self).items() if name != "draws"}
        data["parameters"] = dict(self.parameters)
        data["typical"] = dict(self.typical)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], draws: NDArray[np.float64]) -> "Fit":
        values = dict(data)
        values["outcome"] = FitOutcome(values["outcome"])
        for name in ("eta_names", "eta", "shrinkage", "warnings"):
            values[name] = tuple(values[name])
        values["covariance"] = tuple(tuple(row) for row in values["covariance"])
        values["residuals"] = tuple(LevelResidual(**row) for row in values["residuals"])
        return cls(**values, draws=draws)

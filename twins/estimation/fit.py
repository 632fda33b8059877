"""`Fit`: what estimation says of one individual, with its uncertainty and how far to trust it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.quantities.sentence import names


class FitOutcome(StrEnum):
    """How a fit ended; each member is the sentence a reader sees."""

    FITTED = "Fitted to this patient's levels."
    PRIOR_ONLY = "No level yet: the population model alone, for this patient's covariates."
    NOT_CONVERGED = "The fit did not converge; do not rely on this twin."
    CANNOT = "No twin can be made."


OUTCOMES = names(FitOutcome)


@dataclass(frozen=True, slots=True)
class LevelResidual:
    """One level against the fit: times in h since the course's start, values in the unit of its output.

    Attributes
    ----------
    observed : float
        The limit of quantification where `below_limit`.
    weighted_residual : float
        (observed - individual) / residual standard deviation at the individual prediction, of logarithms where the
        error is of those. Of a level below the limit 0, unless the prediction lies above the limit.
    output : str
        What was measured; empty for the drug's concentration.
    """

    time_h: float
    observed: float
    population: float
    individual: float
    weighted_residual: float
    source: str = ""
    output: str = ""
    unit: str = "mg/L"
    below_limit: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """The individual: effects, their covariance, posterior draws and diagnostics.

    Attributes
    ----------
    eta : tuple of float
        MAP estimate of the effects: the etas in the model's order, then the kappas of each occasion up to the last
        level, as `eta_names` has them. See `Individual.widen` for what lies ahead.
    covariance : tuple of tuple of float
        Of eta, by the inverse of the information named in `covariance_kind`.
    parameters, typical : mapping of str to float
        Individual and population values at the course's end, in the units that the names state: of the system's
        parameters and of the model's components, without what dialysis adds.
    standard_errors : mapping of str to float
        Of `parameters`, by the delta method from `covariance`.
    draws : ndarray, shape (n, len(eta))
        Equally weighted posterior draws of eta.
    effective_sample_size : float
        Of the draws; see `Posterior`.
    shrinkage : tuple of float
        1 - posterior sd / prior sd of each eta: 0 the data say nothing, 1 they say all.
    sampler : str
        How the draws were made.
    pareto_k : float or None
        Shape of the importance weights' tail; None where there were none or it could not be estimated.
    r_hat : float
        Agreement of the Markov chains; 1 without them.
    gradient : float
        Steepest slope of the objective at the mode, by an effect's own standard deviation.
    minima : int
        How many minima of the objective were found; the fit is the lowest.
    objective : float
        Minus two log posterior density at the mode: of the levels without ln 2π, of the effects without the logarithm
        of their covariance's determinant.
    assumptions : tuple of str
        What was chosen for this fit beside the model: how levels below quantification count, a flattened prior,
        weights of old levels.
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
    standard_errors: Mapping[str, float] = field(default_factory=dict)
    sampler: str = ""
    pareto_k: float | None = None
    r_hat: float = 1.0
    gradient: float = 0.0
    minima: int = 1
    assumptions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything but the draws, as plain data; the draws are stored beside it as bytes."""
        data = {name: value for name, value in asdict(self).items() if name != "draws"}
        data["parameters"] = dict(self.parameters)
        data["typical"] = dict(self.typical)
        data["standard_errors"] = dict(self.standard_errors)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], draws: NDArray[np.float64]) -> "Fit":
        values = dict(data)
        values["outcome"] = FitOutcome(values["outcome"])
        for name in ("eta_names", "eta", "shrinkage", "warnings", "assumptions"):
            values[name] = tuple(values.get(name, ()))
        values["covariance"] = tuple(tuple(row) for row in values["covariance"])
        values["residuals"] = tuple(LevelResidual(**row) for row in values["residuals"])
        return cls(**values, draws=draws)

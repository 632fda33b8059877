"""`PopulationModel`: a published model with everything that a reader needs to judge it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.residual import Residual

Array = NDArray[np.float64]


class Structure(StrEnum):
    """Which compartments; the parameter order the solver expects is ``STRUCTURE_PARAMETERS``."""

    TWO_COMPARTMENT = "two compartments, linear elimination, intravenous"


STRUCTURE_PARAMETERS: dict[Structure, tuple[str, ...]] = {
    Structure.TWO_COMPARTMENT: (
        "clearance_l_per_h",
        "central_volume_l",
        "intercompartmental_clearance_l_per_h",
        "peripheral_volume_l",
    ),
}


@dataclass(frozen=True, slots=True)
class CovariateRange:
    """A covariate the model uses and the range of the population it was fitted in (None: not stated by the source)."""

    name: str
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    median: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    text: str
    doi: str
    read_in: tuple[str, ...]
    """The public files that the numbers were read in (the article itself was not reachable)."""


@dataclass(frozen=True, slots=True)
class RenalRule:
    """How the model's creatinine clearance is to be computed: Cockcroft-Gault on total weight, with these limits.

    Parameters
    ----------
    cap_ml_per_min
        The clearance is not taken as higher than this; None: not capped.
    creatinine_floor_mg_per_dl, floor_over_age_y
        Serum creatinine below the floor is set to it in patients older than this; None: taken as measured.
    """

    cap_ml_per_min: float | None = None
    creatinine_floor_mg_per_dl: float | None = None
    floor_over_age_y: float | None = None


@dataclass(frozen=True, slots=True)
class PopulationModel:
    """A published population pharmacokinetic model.

    Parameters
    ----------
    typical
        Maps covariates by name (arrays of one shape) to typical parameter values by name (same shape), in the units
        that the parameter names state.
    eta_on
        The parameters with between-subject variability, in the order of `omega`; each is ``typical * exp(eta)``.
    omega
        Covariance of eta, shape (len(eta_on), len(eta_on)).
    covariates
        Those that `typical` reads, with the range of the source population.
    clinical_inputs
        The chart values that the covariates are computed from; without one of them there is no twin.
    """

    id: str
    version: str
    drug: str
    title: str
    structure: Structure
    typical: Callable[[Mapping[str, Array]], dict[str, Array]]
    eta_on: tuple[str, ...]
    omega: Array
    omega_convention: str
    residual: Residual
    covariates: tuple[CovariateRange, ...]
    clinical_inputs: tuple[str, ...]
    population: str
    citation: Citation
    conflicts: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    renal: RenalRule = RenalRule()

    @property
    def parameters(self) -> tuple[str, ...]:
        return STRUCTURE_PARAMETERS[self.structure]

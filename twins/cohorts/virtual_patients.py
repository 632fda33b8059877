"""Draw virtual patients: covariates, etas and parameters of subjects by their numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.cohorts.streams import normals, raw, uniforms
from twins.cohorts.study import StudySpec
from twins.pharmacology.covariates import CLEARANCE, renal_clearance, typical_parameters
from twins.pharmacology.population import PopulationModel

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VirtualPatients:
    """Subjects in order of their numbers; every array has a row, or an entry, for each.

    Attributes
    ----------
    covariates : mapping of str to ndarray, shape (n,)
        As drawn, and the creatinine clearance (mL/min) that the model uses.
    etas : ndarray, shape (n, len(model.eta_on))
    parameters : ndarray, shape (n, parameters)
        In the order of ``model.parameters``.
    """

    covariates: dict[str, Array]
    etas: Array
    parameters: Array


def draw(spec: StudySpec, model: PopulationModel, subjects: NDArray[np.int64]) -> VirtualPatients:
    """The virtual patients of these numbers (0 to ``spec.patients`` - 1).

    A subject's first words are for the covariates in alphabetical order, the next for the etas.

    Raises
    ------
    CovariateError
        If a drawn patient lies where the model's equations give no positive parameter.
    """
    names = sorted(spec.covariates)
    words = raw(spec.seed, subjects, len(names) + len(model.eta_on))
    even = uniforms(words[:, : len(names)])
    chart = {name: spec.covariates[name].draw(even[:, column]) for column, name in enumerate(names)}
    etas = correlated(model.omega, normals(words[:, len(names) :]))

    read = {name: values for name, values in chart.items() if name not in (CLEARANCE, "creatinine_mg_per_dl")}
    read.setdefault("haemodialysis", np.zeros(subjects.size))
    read[CLEARANCE] = _clearance(model, chart)
    parameters = typical_parameters(model, read)
    for column, name in enumerate(model.eta_on):
        parameters[:, model.parameters.index(name)] *= np.exp(etas[:, column])
    return VirtualPatients({**chart, CLEARANCE: read[CLEARANCE]}, etas, parameters)


def correlated(omega: Array, standard: Array) -> Array:
    """Etas of covariance `omega` from independent standard normal numbers, both of shape (n, p).

    Summed term by term: a matrix product's digits may depend on how many rows it has.
    """
    factor = np.linalg.cholesky(omega)
    etas = np.zeros_like(standard)
    for row in range(omega.shape[0]):
        for column in range(row + 1):
            etas[:, row] += factor[row, column] * standard[:, column]
    return etas


def _clearance(model: PopulationModel, chart: dict[str, Array]) -> Array:
    """Given, or by Cockcroft-Gault with the model's own floor and cap."""
    if CLEARANCE not in chart:
        return renal_clearance(
            model.renal, chart["age_y"], chart["weight_kg"], chart["creatinine_mg_per_dl"], chart["male"]
        )
    cap = model.renal.cap_ml_per_min
    return chart[CLEARANCE] if cap is None else np.asarray(np.minimum(chart[CLEARANCE], cap))

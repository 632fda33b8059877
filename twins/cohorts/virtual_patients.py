"""Draw virtual patients: covariates, effects and parameters of subjects by their numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.cohorts.streams import normals, raw, uniforms
from twins.cohorts.study import StudySpec
from twins.forecasts.population import Crowd, correlated, crowd, occasions
from twins.pharmacology.covariates import CLEARANCE
from twins.pharmacology.population import PopulationModel

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VirtualPatients:
    """Subjects in order of their numbers; every array has a row, or an entry, for each.

    Attributes
    ----------
    covariates : mapping of str to ndarray, shape (n,)
        As drawn, and the creatinine clearance (mL/min) that the model uses, if it uses one.
    etas : ndarray, shape (n, len(model.eta_on))
    parameters : ndarray, shape (n, parameters)
        In the order of ``model.parameters``, at the start and without inter-occasion effects.
    crowd
        From where regimens are followed.
    """

    covariates: dict[str, Array]
    etas: Array
    parameters: Array
    crowd: Crowd


def draw(spec: StudySpec, model: PopulationModel, subjects: NDArray[np.int64]) -> VirtualPatients:
    """The virtual patients of these numbers (0 to ``spec.patients`` - 1).

    A subject's first words are for the covariates in alphabetical order, the next for the etas, then those of one
    occasion after the other.

    Raises
    ------
    CovariateError
        If a drawn patient lies where the model's equations give no positive parameter.
    """
    names = sorted(spec.covariates)
    until = spec.until_h
    etas = len(model.etas)
    within = np.zeros((0, 0)) if model.occasions is None else model.occasions.omega
    kappas = within.shape[0]
    count = occasions(model, until)
    words = raw(spec.seed, subjects, len(names) + etas + count * kappas)
    even = uniforms(words[:, : len(names)])
    chart = {name: spec.covariates[name].draw(even[:, column]) for column, name in enumerate(names)}
    normal = normals(words[:, len(names) :])
    effects = [correlated(model.omega, normal[:, :etas])]
    for number in range(count):
        first = etas + number * kappas
        effects.append(correlated(within, normal[:, first : first + kappas]))
    found = crowd(model, chart, np.column_stack(effects), until_h=until)
    covariates = dict(chart)
    if reads_clearance(spec, model):
        covariates[CLEARANCE] = found.covariates[CLEARANCE]
    return VirtualPatients(covariates, effects[0], found.parameters, found)


def reads_clearance(spec: StudySpec, model: PopulationModel) -> bool:
    """Whether the patients have a creatinine clearance, by which a study's groups are parted."""
    return CLEARANCE in spec.covariates or any(known.name == CLEARANCE for known in model.covariates)

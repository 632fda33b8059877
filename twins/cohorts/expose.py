"""Give every virtual patient every regimen, and take the exposure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.cohorts.study import StudySpec
from twins.cohorts.virtual_patients import draw
from twins.pharmacology.covariates import CLEARANCE
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Regimen
from twins.solvers import batch, schedule

Array = NDArray[np.float64]

MEASURES = ("auc24_first", "auc24_last", "peak_last", "trough_last")
"""Of each regimen: AUC24 of the first and the last day in mg·h/L; of the last day the highest concentration and the
lowest before a dose (or at the day's end), in mg/L. Concentrations are the true ones, without residual error."""


def columns(spec: StudySpec, model: PopulationModel) -> tuple[str, ...]:
    """Names of the columns of `expose`, in order: covariates, parameters, then the measures of each regimen."""
    covariates = sorted({*spec.covariates, CLEARANCE})
    measures = [f"{measure}_{number}" for number in range(1, len(spec.regimens) + 1) for measure in MEASURES]
    return (*covariates, *model.parameters, *measures)


def expose(spec: StudySpec, model: PopulationModel, first: int, count: int) -> Array:
    """What becomes of subjects `first` to ``first + count - 1``, shape (count, len(columns)).

    A subject's row is the same bit for bit whatever subjects are beside it.

    Raises
    ------
    CovariateError
        If a drawn patient lies where the model's equations give no positive parameter.
    """
    patients = draw(spec, model, np.arange(first, first + count, dtype=np.int64))
    names = columns(spec, model)
    table = np.empty((count, len(names)))
    known: Mapping[str, Array] = {
        **patients.covariates,
        **{name: patients.parameters[:, column] for column, name in enumerate(model.parameters)},
    }
    for number, arm in enumerate(spec.regimens, 1):
        measured = _measure(arm.regimen, spec.days, patients.parameters)
        known = {**known, **{f"{name}_{number}": values for name, values in measured.items()}}
    for column, name in enumerate(names):
        table[:, column] = known[name]
    return table


def _measure(regimen: Regimen, days: int, parameters: Array) -> dict[str, Array]:
    """The measures by name, each of shape (n,), for `parameters` of shape (n, 4)."""
    end = 24.0 * days
    begin = end - 24.0
    doses = regimen.doses(end)
    before_doses = [dose.start_h for dose in doses if begin < dose.start_h < end]
    times = np.unique(np.array([0.0, 24.0, begin, end, *before_doses]))
    plan = schedule.build(doses, np.zeros(1), times, start_h=0.0)
    course = batch.run(parameters[:, None, :], plan, exposure=True)
    at = {float(time): column for column, time in enumerate(times)}
    last_day = [column for time, column in at.items() if time > begin]
    return {
        "auc24_first": course.auc[:, at[24.0]] - course.auc[:, at[0.0]],
        "auc24_last": course.auc[:, at[end]] - course.auc[:, at[begin]],
        "peak_last": course.highest[:, last_day].max(axis=1),
        "trough_last": course.concentration[:, last_day].min(axis=1),
    }

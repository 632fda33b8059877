"""Give every virtual patient every regimen, and take the exposure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.cohorts.study import StudySpec
from twins.cohorts.virtual_patients import draw, reads_clearance
from twins.forecasts.metrics import measured, summed
from twins.forecasts.simulate import Present
from twins.pharmacology.covariates import CLEARANCE
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target

Array = NDArray[np.float64]

MEASURES = ("auc24_first", "auc24_last", "peak_last", "trough_last")
"""Of each regimen: AUC24 of the first and the last day in mg·h/L; of the last day the highest concentration and the
lowest before a dose (or at the day's end), in mg/L, or what the unit of the model's first output makes of these.
Concentrations are the true ones, without residual error."""
OF_THE_TARGET = ("target_first", "target_last")
"""The target's metric on the first and the last day, where that is another than AUC24."""
ABOVE = ("above_first", "above_last")
"""And the share of the time above the range, where the target is of time in range."""


def measures(target: Target) -> tuple[str, ...]:
    """Names of what is measured of each regimen, in order."""
    if is_auc24(target):
        return MEASURES
    return MEASURES + OF_THE_TARGET + (ABOVE if target.metric is Metric.TIME_IN_RANGE else ())


def is_auc24(target: Target) -> bool:
    """Whether AUC24, which is always measured, is what the target asks for."""
    return target.metric is Metric.AUC24 and not target.output and target.unbound == 1.0


def columns(spec: StudySpec, model: PopulationModel) -> tuple[str, ...]:
    """Names of the columns of `expose`, in order: covariates, parameters, then the measures of each regimen."""
    covariates = sorted({*spec.covariates, *([CLEARANCE] if reads_clearance(spec, model) else [])})
    arms = range(1, len(spec.regimens) + 1)
    return (
        *covariates,
        *model.parameters,
        *(f"{name}_{number}" for number in arms for name in measures(spec.target)),
    )


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
        found = _measure(patients.crowd.present, arm.regimen, spec.target)
        known = {**known, **{f"{name}_{number}": values for name, values in found.items()}}
    for column, name in enumerate(names):
        table[:, column] = known[name]
    return table


def _measure(present: Present, regimen: Regimen, target: Target) -> dict[str, Array]:
    """The measures by name, each of shape (n,)."""
    end = present.until_h
    begin = end - 24.0
    before_doses = [dose.start_h for dose in regimen.doses(end) if begin < dose.start_h < end]
    plan = Plan("", regimen)
    edges = np.unique(np.array([0.0, 24.0, begin, end, *before_doses]))
    run = present.measure(plan, edges)
    first_day, last_day = edges[1:] <= 24.0, edges[:-1] >= begin
    found = {
        "auc24_first": summed(run.auc[:, first_day]),
        "auc24_last": summed(run.auc[:, last_day]),
        "peak_last": run.highest[:, last_day].max(axis=1),
        "trough_last": run.at_end[:, last_day].min(axis=1),
    }
    if is_auc24(target):
        return found
    asked = measured(present, plan, target, [(0.0, 24.0), (begin, end)])
    found |= {name: asked.each[:, k] for k, name in enumerate(OF_THE_TARGET)}
    if asked.above is not None:
        found |= {name: asked.above[:, k] for k, name in enumerate(ABOVE)}
    return found

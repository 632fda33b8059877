"""What a fit says in the patient's own terms: parameters with their errors, residuals, shrinkage."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import BelowLimit
from twins.estimation.fit import LevelResidual
from twins.estimation.map import Mode
from twins.pharmacology.covariates import history
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.residual import ResidualKind
from twins.quantities.sentence import MEASURED, Sentence
from twins.samples.course import Course, Level

Array = NDArray[np.float64]

_UNKNOWN = Sentence("{model} does not know of {output}: its levels are left out of the fit.")
_NO_ERROR = Sentence("{model} states no residual error of {output}: its levels cannot be fitted and are left out.")
_ZERO = Sentence("A level of 0 has no logarithm, which the model's error is of; it is left out of the fit.")
_IMPOSSIBLE = Sentence(
    "At {time:.1f} h {model} predicts 0 and its error is a share of that, so the level of {value:g} there cannot be; "
    "correct or question that level or the doses before it.",
    value=MEASURED,
)
_NO_SOLUTION = Sentence("The equations of {model} have no solution for this patient's doses and levels.")
_STEP = 1e-4
"""Of a parameter's slope by an effect: parameters are smooth functions of a few numbers."""


def fittable(
    model: PopulationModel, levels: Sequence[Level], below: BelowLimit
) -> tuple[tuple[Level, ...], tuple[str, ...]]:
    """The levels that the model's error can speak of, and a sentence on each kind that it cannot."""
    outputs = [output.name for output in model.system.outputs]
    used: list[Level] = []
    said: dict[str, None] = {}
    for level in levels:
        name = level.output or outputs[0]
        residual = model.residuals.get(name)
        if name not in outputs:
            said[_UNKNOWN(model=model.title, output=name)] = None
        elif residual is None:
            said[_NO_ERROR(model=model.title, output=name)] = None
        elif residual.kind is ResidualKind.LOG and not level.value > 0.0:
            said[_ZERO()] = None
        elif level.below_limit and below is BelowLimit.M1:
            continue
        else:
            used.append(level)
    return tuple(used), tuple(said)


def why_failed(model: PopulationModel, levels: Sequence[Level], mode: Mode) -> str:
    """Why no density was found anywhere, as a sentence."""
    outputs = model.system.outputs
    for level, predicted in zip(levels, mode.population, strict=True):
        residual = model.residuals[level.output or outputs[0].name]
        if predicted == 0.0 and (residual.additive == 0.0 or residual.kind is ResidualKind.LOG):
            return _IMPOSSIBLE(time=level.time_h, model=model.title, value=level.value)
    return _NO_SOLUTION(model=model.title)


def parameters(
    individual: Individual, time_h: float, eta: Array, covariance: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """Parameters and components by name at a time, without what dialysis adds, and their standard errors.

    The errors are by the delta method: the root of g' C g, g the slope by the effects and C their covariance.
    """
    model = individual.model
    now = individual.epoch_at(time_h)
    p = eta.size
    rows = np.repeat(eta[None, :], 1 + 2 * p, axis=0)
    for k in range(p):
        rows[1 + 2 * k, k] += _STEP
        rows[2 + 2 * k, k] -= _STEP
    parts = individual.components(rows)[:, now, :]
    values = dict(zip(model.components, parts.T, strict=True))
    for name, of in model.sums.items():
        values[name] = sum((values[part] for part in of), np.zeros(rows.shape[0]))
    found, errors = {}, {}
    for name in dict.fromkeys((*model.parameters, *model.components)):
        value = values[name]
        slope = (value[1::2] - value[2::2]) / (2.0 * _STEP)
        found[name] = float(value[0])
        errors[name] = float(np.sqrt(max(float(slope @ covariance @ slope), 0.0)))
    return found, errors


def residuals(model: PopulationModel, levels: Sequence[Level], mode: Mode) -> tuple[LevelResidual, ...]:
    """Each level against the typical patient and against the fit."""
    outputs = {output.name: output for output in model.system.outputs}
    first = model.system.outputs[0].name
    found = []
    for level, population, individual in zip(levels, mode.population, mode.predicted, strict=True):
        name = level.output or first
        residual = model.residuals[name]
        sd = float(np.sqrt(residual.variance(np.array([individual]))[0]))
        logged = residual.kind is ResidualKind.LOG
        apart = float(np.log(level.value / individual)) if logged else level.value - float(individual)
        if level.below_limit:
            apart = min(apart, 0.0)
        found.append(
            LevelResidual(
                time_h=level.time_h,
                observed=level.value,
                population=float(population),
                individual=float(individual),
                weighted_residual=apart / sd,
                source=level.source,
                output=level.output,
                unit=outputs[name].unit,
                below_limit=level.below_limit,
            )
        )
    return tuple(found)


def shrinkage(covariance: Array, omega: Array) -> tuple[float, ...]:
    """1 - posterior sd / prior sd of each effect; 0 where there is no spread to shrink."""
    return tuple(
        float(1.0 - np.sqrt(covariance[k, k] / omega[k, k])) if omega[k, k] > 0.0 else 0.0
        for k in range(omega.shape[0])
    )


def of_draws(model: PopulationModel, course: Course, draws: Array) -> dict[str, Array]:
    """What `parameters` names, for each row of effects, shape (n,) each: parameters and components at the course's end.

    Occasions that the rows do not know have no effect.

    Raises
    ------
    ValueError
        If the rows are not of this model.
    """
    individual = Individual.of(model, history(model, course))
    now = individual.epoch_at(course.until_h)
    parts = individual.components(individual.widen(draws))[:, now, :]
    values = dict(zip(model.components, parts.T, strict=True))
    for name, of in model.sums.items():
        values[name] = np.sum([values[part] for part in of], axis=0)
    return {name: values[name] for name in dict.fromkeys((*model.parameters, *model.components))}

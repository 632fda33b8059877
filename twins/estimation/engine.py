"""What estimation must know of a model's engine: steps of differences, tolerances, and where doses superpose."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.covariates import CovariateHistory
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import Link, PopulationModel
from twins.solvers.solve import Predictor, predictor
from twins.solvers.system import CarryRule, Compartments, Response, System
from twins.solvers.timeline import ports

Array = NDArray[np.float64]

EXACT = np.array([2e-3, 1e-2, 1e-9])
"""Steps of differences, and the objective's rounding, where predictions have all their digits: the fourth-order
difference's own error, step⁴/30 of the fifth derivative, and the rounding, 1e-16/step, are both below 1e-12, so that
slopes are as good as analytic ones."""
STEPPED = np.array([2e-2, 1e-1, 1e-7])
"""The same where a solver steps with `TOLERANCE`: its error of 1e-9 over the step is then 5e-8, like the difference's
own."""
TOLERANCE = np.array([1e-9, 1e-11])
DRAFTS = np.array([1e-6, 1e-8])
"""A prediction off by a millionth is far within any assay's error."""


@lru_cache(maxsize=256)
def prepared(system: System, rule: CarryRule = CarryRule.FORWARD) -> Predictor:
    """The system's predictor, its arrays such as a packed case can hold."""
    if rule is CarryRule.INTERPOLATED:
        from twins.solvers import ode  # what steps is loaded for those who ask for it

        found = ode.predictor(system, rule)
    else:
        found = predictor(system)
    return Predictor(
        found.function,
        np.array(found.layout, dtype=np.int64).ravel(),
        np.array(found.scales, dtype=np.float64).ravel(),
        np.array(found.ports, dtype=np.int64),
    )


def with_doses(chart: CovariateHistory, doses_h: Array) -> CovariateHistory:
    """Interpolated typical values with an epoch at every dose too: lags and shares are those of a dose's moment.

    `twins.solvers.ode` does the same for individual parameters, which are as linear between records, a logit apart.
    """
    times = chart.times_h
    every = np.unique(np.concatenate((times, doses_h[(doses_h > times[0]) & (doses_h < times[-1])])))
    held = np.searchsorted(times, every, side="right") - 1

    def between(values: Array) -> Array:
        return np.column_stack([np.interp(every, times, column) for column in values.T])

    return replace(
        chart,
        times_h=every,
        typical=between(chart.typical),
        added=between(chart.added),
        occasion=chart.occasion[held],
    )


def compartments(system: System) -> int:
    """How many, where doses into the central one superpose in closed form; else 0."""
    form = system.equations
    return form.count if isinstance(form, Compartments) and form.count <= 2 and _reads_plainly(system) else 0


def _reads_plainly(system: System) -> bool:
    (output,) = system.outputs
    linear = output.response is Response.LINEAR and not output.of and output.volume == system.parameters[1]
    return linear and output.state == system.states[0]


def superposes(model: PopulationModel, individual: Individual, doses: Array, resets: int) -> bool:
    """Whether nothing but the doses changes over time, and they enter the central compartment as they are given."""
    effects = individual.effects
    if compartments(model.system) == 0 or resets or bool((doses[:, 5:7] != 0.0).any()):
        return False
    table = ports(model.system).table
    for port in set(doses[:, 7].tolist()):
        entry = table[int(port)].tolist()
        if entry[0] != 0 or max(entry[1], entry[2], entry[4], entry[5]) >= 0:
            return False
    if effects.typical.shape[0] == 1:
        return True
    same = np.all(effects.typical == effects.typical[0]) and np.all(effects.added == effects.added[0])
    return bool(same and (individual.occasions == 0 or np.all(effects.occasion == effects.occasion[0])))


def reach(model: PopulationModel) -> Array:
    """How far each effect goes to change its component about e-fold; a standard deviation where effects add."""
    within = model.occasions
    etas = (*model.etas, *(within.etas if within else ()))
    spreads = np.concatenate((np.diag(model.omega), np.diag(within.omega) if within else np.zeros(0)))
    reach = np.ones(len(etas))
    for k, eta in enumerate(etas):
        steep = [abs(factor) for name, factor in eta.targets if model.links.get(name, Link.LOG) is not Link.IDENTITY]
        if steep and max(steep) > 0.0:
            reach[k] = 1.0 / max(steep)
        elif spreads[k] > 0.0:
            reach[k] = np.sqrt(spreads[k])
    return reach

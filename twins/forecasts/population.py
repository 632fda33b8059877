"""Simulated patients of a population model: their covariates, parameters and profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.forecasts.profiles import Profiles
from twins.forecasts.simulate import Present, carry
from twins.pharmacology.covariates import HOURS, CovariateHistory, read
from twins.pharmacology.epochs import Epochs, lay_epochs
from twins.pharmacology.individual import Individual, root
from twins.pharmacology.population import Link, PopulationModel
from twins.pharmacology.regimen import Regimen
from twins.quantities.dose import Dose
from twins.samples.course import Course

Array = NDArray[np.float64]

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_ETAS = 0x0E7A


@dataclass(frozen=True, slots=True)
class Crowd:
    """Patients beside each other, each with covariates and effects of their own.

    Attributes
    ----------
    covariates : mapping of str to ndarray, shape (n,)
        What the model reads, and what that was computed from.
    parameters : ndarray, shape (n, parameters)
        Individual parameters at the start, without inter-occasion effects.
    present
        Where regimens are followed from: hour 0, nothing given yet.
    """

    covariates: Mapping[str, Array]
    parameters: Array
    present: Present


def crowd(model: PopulationModel, chart: Mapping[str, Array], effects: Array, *, until_h: float) -> Crowd:
    """Patients from chart values that stay as they are, and random effects.

    Parameters
    ----------
    chart
        Chart values by name, each of shape (n,).
    effects : ndarray, shape (n, etas + occasions · kappas)
        As many occasions as `occasions` says; those that are not there are 0.
    until_h
        How far regimens will be followed.

    Raises
    ------
    CovariateError
        If a chart value is missing, or the model's equations do not reach a patient.
    """
    nobody = Course(model.drug, _LONG_AGO, 0.0)
    epochs = _epochs(model, until_h)
    values, typical = _typical(model, chart, epochs, effects.shape[0])
    history = _history(model, epochs)
    parameters = _parameters(model, history, typical, effects)
    first = parameters
    if model.occasions is not None:
        alike = effects.copy()
        alike[:, len(model.etas) :] = 0.0
        first = _parameters(model, history, typical, alike)
    return Crowd(
        covariates=values,
        parameters=np.ascontiguousarray(first[:, 0]),
        present=Present(model, nobody, history, parameters, None, until_h),
    )


def occasions(model: PopulationModel, until_h: float) -> int:
    """How many occasions a simulation of this length has; 0 for a model without inter-occasion variability."""
    return 0 if model.occasions is None else int(_epochs(model, until_h).occasion.max()) + 1


def simulate(
    model: PopulationModel,
    covariates: Mapping[str, ArrayLike],
    regimen: Regimen | Sequence[Dose] | None,
    *,
    n: int = 1000,
    seed: int = 0,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    times_h: ArrayLike | None = None,
    with_residual: bool = False,
) -> Profiles:
    """Profiles of `n` patients drawn from the population, under one regimen from hour 0 on.

    Parameters
    ----------
    covariates
        Chart values by name: a number that all have, or one for each of the `n`.
    regimen
        A regimen, or single doses in order of time; None: nothing is given.
    seed
        The first patients of a larger `n` are those of a smaller one, digit for digit.
    with_residual
        Add the model's residual error: what would be measured.

    Raises
    ------
    CovariateError
        If a covariate is missing, or the model's equations do not reach a patient.
    ValueError
        If `n` is not positive, or a covariate has another number of values.
    """
    even = step_h * np.arange(int(np.floor(horizon_h / step_h + 1e-9)) + 1)
    times: Array = np.unique(np.asarray(even if times_h is None else times_h, dtype=np.float64))
    if times.size == 0 or not (np.isfinite(times).all() and times[0] >= 0):
        raise ValueError("times_h must hold at least one time, none before hour 0; a simulation begins there")
    end = float(times[-1])
    present = drawn(model, covariates, n=n, seed=seed, until_h=end).present
    doses = regimen.doses(end) if isinstance(regimen, Regimen) else tuple(regimen or ())
    run = carry(model, present.course, present.chart, present.parameters, doses, times)
    return Profiles.of(model, times, run.values, seed=seed, with_residual=with_residual)


def drawn(model: PopulationModel, covariates: Mapping[str, ArrayLike], *, n: int, seed: int, until_h: float) -> Crowd:
    """`n` patients with these covariates and effects drawn from the population."""
    if n < 1:
        raise ValueError(f"n is {n}; ask for at least one patient")
    chart = {}
    for name, given in covariates.items():
        values = np.asarray(given, dtype=np.float64)
        if values.ndim and values.shape != (n,):
            raise ValueError(f"{name} has {values.size} values; give one number, or one for each of the {n} patients")
        chart[name] = np.ascontiguousarray(np.broadcast_to(values, (n,)))
    key = np.random.SeedSequence(seed, spawn_key=(_ETAS,))
    normal = np.random.Generator(np.random.Philox(key)).standard_normal((n, len(model.etas)))
    etas = correlated(model.omega, normal)
    individual = Individual.of(model, _history(model, _epochs(model, until_h)))
    return crowd(model, chart, individual.widen(etas, seed=seed), until_h=until_h)


def correlated(omega: Array, standard: Array) -> Array:
    """Effects of covariance `omega` from independent standard normal numbers, both of shape (n, p).

    Summed term by term: a matrix product's digits may depend on how many rows it has.
    """
    factor = root(omega)
    effects = np.zeros_like(standard)
    for row in range(omega.shape[0]):
        for column in range(row + 1):
            effects[:, row] += factor[row, column] * standard[:, column]
    return effects


def _epochs(model: PopulationModel, until_h: float) -> Epochs:
    nobody = Course(model.drug, _LONG_AGO, 0.0)
    return lay_epochs(model, nobody, np.zeros(1), until_h=until_h, first_dose_h=0.0)


def _history(model: PopulationModel, epochs: Epochs) -> CovariateHistory:
    """Epochs with typical values that leave what the effects do to each component: 0 to add to, 1 to multiply."""
    adds = [model.links.get(name, Link.LOG) is Link.IDENTITY for name in model.components]
    count = epochs.times_h.size
    return CovariateHistory(
        times_h=epochs.times_h,
        values={},
        typical=np.tile(np.where(adds, 0.0, 1.0), (count, 1)),
        estimated=np.zeros(count, dtype=np.bool_),
        occasion=epochs.occasion,
        added=np.zeros((count, len(model.parameters))),
    )


def _typical(
    model: PopulationModel, chart: Mapping[str, Array], epochs: Epochs, n: int
) -> tuple[Mapping[str, Array], Array]:
    """Covariates at the start, and typical values of shape (n, epochs, components)."""
    hours = epochs.hours_since_first_dose if model.steps_h else np.zeros(epochs.times_h.size)
    found = {hour: read(model, {**chart, HOURS: np.full(n, hour)}, shape=(n,)) for hour in sorted(set(hours.tolist()))}
    values = {name: array for name, array in found[hours[0]][0].found.items() if name != HOURS}
    return values, np.stack([found[hour][1] for hour in hours.tolist()], axis=1)


def _parameters(model: PopulationModel, history: CovariateHistory, typical: Array, effects: Array) -> Array:
    """Individual parameters, shape (n, epochs, parameters), from typical components and effects."""
    added = {name: link for name, link in model.links.items() if link is Link.IDENTITY}
    moved = Individual.of(replace(model, links=added), history).components(effects)
    found = np.zeros((*typical.shape[:2], len(model.parameters)))
    parts = [(column, part) for column, name in enumerate(model.parameters) for part in model.sums.get(name, (name,))]
    for place, (column, part) in enumerate(parts):
        base, move = typical[:, :, place], moved[:, :, place]
        link = model.links.get(part, Link.LOG)
        if link is Link.IDENTITY:
            found[:, :, column] += base + move
        elif link is Link.LOGIT:
            found[:, :, column] += base * move / (1.0 - base + base * move)
        else:
            found[:, :, column] += base * move
    return found

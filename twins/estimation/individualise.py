"""From a population model and a course to one patient's twin."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twins.estimation import doubts
from twins.estimation.evidence import Evidence
from twins.estimation.fit import Fit, FitOutcome, LevelResidual
from twins.estimation.map import COVARIANCE_KIND, PRIOR_KIND, Mode, find_mode
from twins.estimation.posterior import Posterior, draw_posterior, draw_prior
from twins.pharmacology.covariates import CovariateError, CovariateHistory, history
from twins.pharmacology.population import PopulationModel
from twins.samples.course import Course, Level
from twins.samples.quality import usable_levels

Array = NDArray[np.float64]


def seed_for(course_digest: str, model_id: str) -> int:
    """The seed of a twin: 63 bits of SHA-256 over the course's digest and the model's id."""
    found = hashlib.sha256(f"{course_digest}:{model_id}".encode()).digest()
    return int.from_bytes(found[:8], "big") >> 1


def individualise(model: PopulationModel, course: Course, *, seed: int, draws: int = 1000) -> Fit:
    """Fit a model to one patient's course.

    Without a level, and before the first dose too, the fit is the prior: eta exactly 0 and draws from the population.
    Patient data never make it raise; what cannot be fitted comes back as `FitOutcome.CANNOT` with its reason.

    Parameters
    ----------
    seed : int
        Of the draws; the same course, model and seed give the same fit bit for bit.
    draws : int
        How many posterior draws are wanted.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}; ask for at least 1")
    if course.drug != model.drug:
        return _cannot(model, seed, f"The course is of {course.drug}, the model of {model.drug}.")
    doses = tuple(dose for dose in course.doses if dose.start_h <= course.until_h)
    if course.levels and not doses:
        return _cannot(model, seed, f"A level was measured, but no dose of {model.drug} before it is on record.")
    try:
        chart = history(model, course)
    except CovariateError as error:
        return _cannot(model, seed, _sentence(str(error)))
    warnings = list(doubts.outside_population(model, course, chart))
    levels = usable_levels(course)
    left_out = len(course.levels) - len(levels)
    if left_out:
        warnings.append(f"{left_out} level{'s' if left_out > 1 else ''} left out of the fit; see the findings.")
    if not levels:
        return _prior(model, course, chart, seed, draws, warnings)
    evidence = Evidence.gather(
        model, chart, doses, [level.time_h for level in levels], [level.value for level in levels]
    )
    mode = find_mode(evidence)
    posterior = draw_posterior(evidence, mode, seed=seed, draws=draws)
    return _fitted(model, course, chart, levels, evidence, mode, posterior, seed, warnings)


def _fitted(
    model: PopulationModel,
    course: Course,
    chart: CovariateHistory,
    levels: Sequence[Level],
    evidence: Evidence,
    mode: Mode,
    posterior: Posterior,
    seed: int,
    warnings: list[str],
) -> Fit:
    outcome = FitOutcome.FITTED if mode.converged else FitOutcome.NOT_CONVERGED
    eta = tuple(float(value) for value in mode.eta)
    residuals = _residuals(evidence, mode.eta, levels)
    warnings += doubts.of_fit(
        model, eta, residuals, posterior.effective_sample_size, posterior.moves, posterior.draws.shape[0]
    )
    return Fit(
        model_id=model.id,
        model_version=model.version,
        seed=seed,
        outcome=outcome,
        reason=str(outcome.value),
        eta_names=model.eta_on,
        eta=eta,
        covariance=_rows(mode.covariance),
        covariance_kind=COVARIANCE_KIND,
        parameters=_parameters(model, course, chart, mode.eta),
        typical=_parameters(model, course, chart, np.zeros(len(eta))),
        objective=mode.objective,
        iterations=mode.iterations,
        draws=posterior.draws,
        effective_sample_size=posterior.effective_sample_size,
        proposals=posterior.proposals,
        shrinkage=_shrinkage(mode.covariance, model.omega),
        residuals=residuals,
        warnings=tuple(warnings),
    )


def _prior(
    model: PopulationModel, course: Course, chart: CovariateHistory, seed: int, draws: int, warnings: Sequence[str]
) -> Fit:
    zero = np.zeros(len(model.eta_on))
    typical = _parameters(model, course, chart, zero)
    return Fit(
        model_id=model.id,
        model_version=model.version,
        seed=seed,
        outcome=FitOutcome.PRIOR_ONLY,
        reason=str(FitOutcome.PRIOR_ONLY.value),
        eta_names=model.eta_on,
        eta=tuple(0.0 for _ in model.eta_on),
        covariance=_rows(model.omega),
        covariance_kind=PRIOR_KIND,
        parameters=typical,
        typical=dict(typical),
        objective=0.0,
        iterations=0,
        draws=draw_prior(model.omega, seed=seed, draws=draws),
        effective_sample_size=float(draws),
        proposals=draws,
        shrinkage=tuple(0.0 for _ in model.eta_on),
        residuals=(),
        warnings=tuple(warnings),
    )


def _cannot(model: PopulationModel, seed: int, reason: str) -> Fit:
    p = len(model.eta_on)
    return Fit(
        model_id=model.id,
        model_version=model.version,
        seed=seed,
        outcome=FitOutcome.CANNOT,
        reason=reason,
        eta_names=model.eta_on,
        eta=tuple(0.0 for _ in range(p)),
        covariance=_rows(model.omega),
        covariance_kind=PRIOR_KIND,
        parameters={},
        typical={},
        objective=0.0,
        iterations=0,
        draws=np.zeros((0, p)),
        effective_sample_size=0.0,
        proposals=0,
        shrinkage=tuple(0.0 for _ in range(p)),
        residuals=(),
        warnings=(),
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _rows(matrix: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _shrinkage(covariance: Array, omega: Array) -> tuple[float, ...]:
    return tuple(float(1.0 - np.sqrt(covariance[k, k] / omega[k, k])) for k in range(omega.shape[0]))


def _parameters(model: PopulationModel, course: Course, chart: CovariateHistory, eta: Array) -> dict[str, float]:
    """Parameters by name at the course's end."""
    now = max(0, int(np.searchsorted(chart.times_h, course.until_h, side="right")) - 1)
    found = {name: float(chart.typical[now, column]) for column, name in enumerate(model.parameters)}
    for k, name in enumerate(model.eta_on):
        found[name] *= float(np.exp(eta[k]))
    return found


def _residuals(evidence: Evidence, eta: Array, levels: Sequence[Level]) -> tuple[LevelResidual, ...]:
    population, individual = evidence.predict(np.vstack([np.zeros_like(eta), eta]))
    sd = np.sqrt(evidence.model.residual.variance(individual))
    return tuple(
        LevelResidual(
            time_h=level.time_h,
            observed=level.value,
            population=float(population[k]),
            individual=float(individual[k]),
            weighted_residual=float((level.value - individual[k]) / sd[k]),
            source=level.source,
        )
        for k, level in enumerate(levels)
    )

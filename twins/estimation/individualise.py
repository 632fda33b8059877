"""From a population model and a course to one patient's twin."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.estimation import describe, doubts
from twins.estimation.evidence import BelowLimit, Evidence, EvidenceError
from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.map import COVARIANCE_KIND, HESSIAN_KIND, PRIOR_KIND, Mode, find_mode
from twins.estimation.posterior import Posterior, Sampler, draw_posterior, draw_prior
from twins.pharmacology.covariates import CovariateError, history
from twins.pharmacology.population import PopulationModel
from twins.quantities.sentence import NAME, Sentence, names
from twins.samples.course import Course, Level
from twins.samples.quality import usable_levels
from twins.solvers.timeline import TimelineError

Array = NDArray[np.float64]


def seed_for(course_digest: str, model_id: str) -> int:
    """The seed of a twin: 63 bits of SHA-256 over the course's digest and the model's id."""
    found = hashlib.sha256(f"{course_digest}:{model_id}".encode()).digest()
    return int.from_bytes(found[:8], "big") >> 1


_BELOW = Sentence("Levels below quantification: {rule}.", rule=names(BelowLimit))
_FLATTENED = Sentence("The population's variances are multiplied by {factor:g}.")
_AGEING = Sentence("A level's error variance doubles every {hours:g} h of its age.")


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen of a fit beside the model; the defaults are the model as published.

    Parameters
    ----------
    below
        What a level below the limit of quantification says.
    hessian
        Whether the covariance is by the full Hessian, not by expected information; see `Fit.covariance_kind`.
    flatten
        Factor of the prior's covariance; above 1 the population says less and the levels more.
    half_life_h
        The variance of a level's residual doubles with every so many hours of its age at the course's end; None: old
        levels count like new ones.
    """

    below: BelowLimit = BelowLimit.M3
    hessian: bool = False
    flatten: float = 1.0
    half_life_h: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.below, BelowLimit):  # compiled rules are looked up by it
            raise EvidenceError(f"below is {self.below!r}; give twins.BelowLimit.M1, M3 or M4")
        if not (self.flatten > 0.0 and np.isfinite(self.flatten)):
            raise ValueError(f"flatten is {self.flatten}; give a positive factor of the prior's covariance")
        if self.half_life_h is not None and not self.half_life_h > 0.0:
            raise ValueError(f"half_life_h is {self.half_life_h}; give hours, or None to count all levels alike")

    def said(self, levels: Sequence[Level]) -> tuple[str, ...]:
        """The choices that mattered, as sentences."""
        found = []
        if any(level.below_limit for level in levels):
            found.append(_BELOW(rule=self.below.value))
        if self.flatten != 1.0:
            found.append(_FLATTENED(factor=self.flatten))
        if self.half_life_h is not None:
            found.append(_AGEING(hours=self.half_life_h))
        return tuple(found)


_PUBLISHED = Options()
_OTHER_DRUG = Sentence("The course is of {course}, the model of {model}.", course=NAME, model=NAME)
_NO_DOSE = Sentence("A level was measured, but no dose of {drug} before it is on record.", drug=NAME)
_ONE_LEFT_OUT = Sentence("1 level left out of the fit; see the findings.")
_LEFT_OUT = Sentence("{count:d} levels left out of the fit; see the findings.")
_NOT_DEFINITE = Sentence("The full Hessian is not positive definite; the covariance is by expected information.")


def individualise(
    model: PopulationModel, course: Course, *, seed: int, draws: int = 1000, options: Options = _PUBLISHED
) -> Fit:
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
        return _cannot(model, seed, _OTHER_DRUG(course=course.drug, model=model.drug))
    if course.levels and not any(dose.start_h <= course.until_h for dose in course.doses):
        return _cannot(model, seed, _NO_DOSE(drug=model.drug))
    try:
        chart = history(model, course)
        usable = usable_levels(course)
        levels, left_out = describe.fittable(model, usable, options.below)
        evidence = Evidence.of(
            model,
            course,
            levels,
            chart=chart,
            below=options.below,
            half_life_h=options.half_life_h,
            flatten=options.flatten,
        )
    except (CovariateError, EvidenceError, TimelineError) as error:
        return _cannot(model, seed, _sentence(str(error)))
    warnings = list(doubts.outside_population(model, course, chart))
    unused = len(course.levels) - len(usable)
    if unused:
        warnings.append(_LEFT_OUT(count=unused) if unused > 1 else _ONE_LEFT_OUT())
    warnings += left_out
    assumptions = options.said(usable)
    if not levels:
        return _prior(evidence, course, seed, draws, warnings, assumptions)
    mode = find_mode(evidence, hessian=True)
    if mode.failed:
        return _cannot(model, seed, describe.why_failed(model, levels, mode))
    posterior = draw_posterior(evidence, mode, seed=seed, draws=draws)
    bent = options.hessian and bool(np.all(np.isfinite(mode.full)))
    if options.hessian and not bent:
        warnings.append(_NOT_DEFINITE())
    return _fitted(evidence, course, levels, mode, posterior, seed, warnings, assumptions, bent)


def _fitted(
    evidence: Evidence,
    course: Course,
    levels: Sequence[Level],
    mode: Mode,
    posterior: Posterior,
    seed: int,
    warnings: list[str],
    assumptions: tuple[str, ...],
    bent: bool,
) -> Fit:
    individual = evidence.individual
    model = individual.model
    outcome = FitOutcome.FITTED if mode.converged else FitOutcome.NOT_CONVERGED
    eta = tuple(float(value) for value in mode.eta)
    residuals = describe.residuals(model, levels, mode)
    covariance = mode.hessian_covariance if bent else mode.covariance
    parameters, errors = describe.parameters(individual, course.until_h, mode.eta, covariance)
    warnings += doubts.of_fit(individual, eta, residuals)
    warnings += doubts.of_draws(posterior)
    return Fit(
        model_id=model.id,
        model_version=model.version,
        seed=seed,
        outcome=outcome,
        reason=str(outcome.value),
        eta_names=individual.names,
        eta=eta,
        covariance=_rows(covariance),
        covariance_kind=HESSIAN_KIND if bent else COVARIANCE_KIND,
        parameters=parameters,
        typical=describe.parameters(individual, course.until_h, np.zeros(len(eta)), covariance)[0],
        objective=mode.objective,
        iterations=mode.iterations,
        draws=posterior.draws,
        effective_sample_size=posterior.effective_sample_size,
        proposals=posterior.proposals,
        shrinkage=describe.shrinkage(covariance, evidence.omega),
        residuals=residuals,
        warnings=tuple(warnings),
        standard_errors=errors,
        sampler=posterior.sampler.value,
        pareto_k=float(posterior.pareto_k) if np.isfinite(posterior.pareto_k) else None,
        r_hat=float(posterior.r_hat) if np.isfinite(posterior.r_hat) else 99.0,
        gradient=mode.gradient,
        minima=mode.minima,
        assumptions=assumptions,
    )


def _prior(
    evidence: Evidence,
    course: Course,
    seed: int,
    draws: int,
    warnings: Sequence[str],
    assumptions: tuple[str, ...],
) -> Fit:
    individual = evidence.individual
    model = individual.model
    zero = np.zeros(individual.size)
    typical, errors = describe.parameters(individual, course.until_h, zero, evidence.omega)
    return Fit(
        model_id=model.id,
        model_version=model.version,
        seed=seed,
        outcome=FitOutcome.PRIOR_ONLY,
        reason=str(FitOutcome.PRIOR_ONLY.value),
        eta_names=individual.names,
        eta=tuple(0.0 for _ in zero),
        covariance=_rows(evidence.omega),
        covariance_kind=PRIOR_KIND,
        parameters=typical,
        typical=dict(typical),
        objective=0.0,
        iterations=0,
        draws=draw_prior(evidence.factor, seed=seed, draws=draws),
        effective_sample_size=float(draws),
        proposals=draws,
        shrinkage=tuple(0.0 for _ in zero),
        residuals=(),
        warnings=tuple(warnings),
        standard_errors=errors,
        sampler=Sampler.PRIOR.value,
        assumptions=assumptions,
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

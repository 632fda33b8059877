"""Several models of one drug at once: how much each is believed for this patient, and draws pooled accordingly."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence
from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import Options, individualise, seed_for
from twins.estimation.map import Mode, find_mode
from twins.estimation.posterior import streams
from twins.pharmacology.population import PopulationModel
from twins.quantities.sentence import ANY, Sentence, names
from twins.samples.course import Course
from twins.samples.quality import usable_levels
from twins.solvers import likelihood

Array = NDArray[np.float64]

_PROPOSALS = 4000
_FREEDOM = 5.0
"""Degrees of freedom of the proposal: tails heavier than the posterior's, whose prior is normal."""
_LEAST = 0.005
"""A weight below this is said as less than 1 %."""


class Weighting(StrEnum):
    """What a model's weight is in proportion to, times its prior weight; each member is the words a reader sees."""

    LIKELIHOOD = "marginal likelihood of the levels, by importance sampling"
    """What Bayes' rule asks: how likely the levels were before they were seen, the individual's effects integrated
    out. A model that could have fitted anything gains nothing by it."""
    LAPLACE = "marginal likelihood of the levels, by Laplace's approximation"
    DENSITY = "posterior density at the mode"
    """exp(-objective / 2), the rule of the model averaging algorithm of Uster 2021, doi:10.1002/cpt.2065."""


_WEIGHTS = Sentence("Weights by {rule}: {shares}.", rule=names(Weighting))
_NONE_FITTED = Sentence("No model could be fitted.")
_LEFT_OUT = Sentence("{model} is left out: {reason}", reason=ANY)
_SOME_LEVELS = Sentence("it takes {used:d} of the {wanted:d} levels only.")
_NO_LEVELS = Sentence("it takes none of the levels.")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One model of an average.

    Attributes
    ----------
    weight : float
        0 where the model could not be fitted to the same levels as the others; `reason` says why.
    evidence : float
        Logarithm of what the weight is in proportion to, without the prior weight.
    standard_error : float
        Of `evidence`, from the importance weights; 0 for rules without chance.
    draws : ndarray, shape (count, effects)
        This model's share of the pooled draws, from its own posterior.
    """

    model: PopulationModel
    fit: Fit
    weight: float
    evidence: float
    standard_error: float
    draws: Array = field(repr=False)
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """Members in the order that their models were given."""

    members: tuple[Member, ...]
    weighting: Weighting
    seed: int

    @property
    def best(self) -> Member:
        """The one with the greatest weight: what model selection would take."""
        return max(self.members, key=lambda member: member.weight)

    @property
    def used(self) -> tuple[Member, ...]:
        """Those that have draws."""
        return tuple(member for member in self.members if member.draws.shape[0])

    @property
    def sentences(self) -> tuple[str, ...]:
        """The weights and how they were come by, and which models were left out, for the page."""
        kept = sorted((m for m in self.members if m.weight > 0), key=lambda member: -member.weight)
        shares = ", ".join(f"{member.model.title} {_percent(member.weight)}" for member in kept)
        said = [_WEIGHTS(rule=self.weighting.value, shares=shares) if kept else _NONE_FITTED()]
        said += [_LEFT_OUT(model=member.model.title, reason=member.reason) for member in self.members if member.reason]
        return tuple(said)

    def mean(self, values: Mapping[str, Array]) -> Array:
        """The pooled mean of something computed from each member's draws, by model id; shape of one row."""
        rows = np.concatenate([np.asarray(values[member.model.id]) for member in self.used])
        return np.asarray(rows.mean(axis=0))


def average(
    models: Sequence[PopulationModel],
    course: Course,
    *,
    seed: int,
    draws: int = 1000,
    weighting: Weighting = Weighting.LIKELIHOOD,
    prior: Mapping[str, float] | None = None,
    options: Options | None = None,
) -> Average:
    """Fit each model to the course and weigh them by how well they explain the same levels.

    Without a level the weights are the prior ones. A model that cannot be fitted, or cannot take one of the levels,
    is left out with its reason: a likelihood of fewer levels would not be comparable.

    Parameters
    ----------
    seed
        A member's digits depend on it and on its own model alone, not on the models beside it.
    draws
        How many pooled draws are wanted; each model has its weight's share of them, to the nearest whole.
    prior
        Weights by model id before any level; equal where left out.

    Raises
    ------
    ValueError
        If no model is given, one twice, their units differ, or a prior weight is not positive.
    """
    chosen = Options() if options is None else options
    _prior(models, prior)
    fits = [individualise(m, course, seed=_own(seed, m), draws=draws, options=chosen) for m in models]
    return weigh(models, fits, course, seed=seed, draws=draws, weighting=weighting, prior=prior, options=chosen)


def weigh(
    models: Sequence[PopulationModel],
    fits: Sequence[Fit],
    course: Course,
    *,
    seed: int,
    draws: int = 1000,
    weighting: Weighting = Weighting.LIKELIHOOD,
    prior: Mapping[str, float] | None = None,
    options: Options | None = None,
) -> Average:
    """`average` of fits that were made already, one of each model and all of them to `course` with `options`.

    Raises
    ------
    ValueError
        As `average`.
    """
    chosen = Options() if options is None else options
    before = _prior(models, prior)
    reasons = [_why_not(fit, course) for fit in fits]
    scores = [
        (-math.inf, 0.0) if reason else _score(model, fit, course, chosen, weighting, _own(seed, model))
        for model, fit, reason in zip(models, fits, reasons, strict=True)
    ]
    weights = _weights(np.log(before) + np.array([score for score, _ in scores]))
    counts = shares(weights, draws)
    (source,) = streams(seed, 1)
    starts = source.random(len(models))
    return Average(
        members=tuple(
            Member(model, fit, float(weights[k]), *scores[k], _spread(fit.draws, counts[k], starts[k]), reasons[k])
            for k, (model, fit) in enumerate(zip(models, fits, strict=True))
        ),
        weighting=weighting,
        seed=seed,
    )


def log_likelihood(
    evidence: Evidence, mode: Mode, *, seed: int, proposals: int = _PROPOSALS, laplace: bool = False
) -> tuple[float, float]:
    """Logarithm of the levels' marginal likelihood, with all its constants, and its standard error.

    Parameters
    ----------
    mode
        With its full Hessian where `laplace` is wanted by it; by expected information otherwise.
    laplace
        By Laplace's approximation, without chance; else by importance sampling from a multivariate t at the mode.
    """
    p = mode.normals.size
    bent = bool(np.all(np.isfinite(mode.full)))
    scale = mode.full if bent else mode.expected
    constants = _constants(evidence)
    if laplace:
        return float(-0.5 * mode.objective + 0.5 * np.linalg.slogdet(scale)[1]) + constants, 0.0
    if p == 0:
        return float(-0.5 * evidence.height(np.zeros((1, 0)))[0]) + constants, 0.0
    (source,) = streams(seed, 1)
    factor = np.linalg.cholesky(scale)
    normal = source.standard_normal((proposals, p))
    rows = np.ascontiguousarray(normal * np.sqrt(_FREEDOM / source.chisquare(_FREEDOM, proposals))[:, None])
    points = np.asarray(likelihood.affine(rows, np.ascontiguousarray(mode.normals), factor))
    proposed = (
        math.lgamma(0.5 * (_FREEDOM + p))
        - math.lgamma(0.5 * _FREEDOM)
        - 0.5 * p * math.log(_FREEDOM * math.pi)
        - 0.5 * float(np.linalg.slogdet(scale)[1])
        - 0.5 * (_FREEDOM + p) * np.log1p(likelihood.squares(rows) / _FREEDOM)
    )
    ratios = -0.5 * evidence.height(points) - 0.5 * p * math.log(2.0 * math.pi) - proposed
    top = float(np.max(ratios))
    share = np.exp(ratios - top)
    mean = float(np.sum(share)) / proposals
    spread = math.sqrt(float(np.sum(np.square(share - mean))) / proposals) / mean
    return top + math.log(mean) + constants, spread / math.sqrt(proposals)


def shares(weights: Array, draws: int) -> list[int]:
    """Whole numbers in proportion to weights, adding up to `draws`: the largest remainders are rounded up.

    Where every weight is 0, so is every number.
    """
    if not np.any(np.asarray(weights) > 0.0):
        return [0] * len(weights)
    wanted = np.asarray(weights) * draws
    counts = np.floor(wanted + 1e-9).astype(np.int64)
    for k in np.argsort(-(wanted - counts), kind="stable")[: draws - int(counts.sum())]:
        counts[k] += 1
    return [int(count) for count in counts]


def _prior(models: Sequence[PopulationModel], prior: Mapping[str, float] | None) -> Array:
    ids = [model.id for model in models]
    if not ids or len(set(ids)) < len(ids):
        raise ValueError(f"models are {ids}; give at least one, each once")
    units = {model.system.outputs[0].unit for model in models}
    if len(units) > 1:
        raise ValueError(f"the models' levels are in {' and '.join(sorted(units))}; average models of one drug")
    given = np.array([1.0 if prior is None else prior.get(name, 0.0) for name in ids])
    if not bool(np.all(given > 0.0)):
        raise ValueError(f"prior is {dict(prior or {})}; give a positive weight for each of {', '.join(ids)}")
    return np.asarray(given / given.sum())


def _own(seed: int, model: PopulationModel) -> int:
    return seed_for(str(seed), model.id)


def _why_not(fit: Fit, course: Course) -> str:
    if fit.outcome is FitOutcome.CANNOT:
        return fit.reason
    wanted = len(usable_levels(course))
    if fit.outcome is FitOutcome.FITTED and len(fit.residuals) < wanted:
        return _SOME_LEVELS(used=len(fit.residuals), wanted=wanted)
    if fit.outcome is FitOutcome.PRIOR_ONLY and wanted:
        return _NO_LEVELS()
    return "" if fit.outcome is not FitOutcome.NOT_CONVERGED else fit.reason


def _score(
    model: PopulationModel, fit: Fit, course: Course, options: Options, weighting: Weighting, seed: int
) -> tuple[float, float]:
    if fit.outcome is FitOutcome.PRIOR_ONLY:
        return 0.0, 0.0
    if weighting is Weighting.DENSITY:
        return -0.5 * fit.objective, 0.0
    evidence = Evidence.of(
        model,
        course,
        usable_levels(course),
        below=options.below,
        half_life_h=options.half_life_h,
        flatten=options.flatten,
    )
    mode = find_mode(evidence, hessian=True)
    return log_likelihood(evidence, mode, seed=seed, laplace=weighting is Weighting.LAPLACE)


def _constants(evidence: Evidence) -> float:
    """What the objective leaves out: ln 2π of each level that was measured."""
    return -0.5 * math.log(2.0 * math.pi) * float(np.sum(evidence.case.levels.below <= 0))


def _weights(logs: Array) -> Array:
    top = float(np.max(logs))
    if not math.isfinite(top):
        return np.zeros(logs.size)
    found = np.exp(logs - top)
    return np.asarray(found / found.sum())


def _spread(draws: Array, count: int, start: float) -> Array:
    """`count` of the draws, evenly spread over them."""
    if not count:
        return np.zeros((0, draws.shape[1]))
    return np.ascontiguousarray(draws[((np.arange(count) + start) * draws.shape[0] / count).astype(np.int64)])


def _percent(weight: float) -> str:
    return "less than 1 %" if weight < _LEAST else f"{100.0 * weight:.0f} %"

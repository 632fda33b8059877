"""Posterior draws of a patient's effects: importance sampling around the mode, and Markov chains where that fails."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twins.estimation import chains
from twins.estimation.evidence import Evidence
from twins.estimation.map import Mode
from twins.estimation.pareto import GOOD, smooth
from twins.solvers import likelihood

Array = NDArray[np.float64]

_FREEDOM = 5.0
"""Degrees of freedom of the proposal: tails heavier than the posterior's, whose prior is normal. In many dimensions the
t's radius would scatter the weights by itself, so there it has twice as many as dimensions."""
_FIRST = 4
"""Proposals for each draw wanted in the first round; doubled in each of the next."""
_ROUNDS = 3
_ENOUGH = 0.5
"""Effective draws for each draw wanted, below which the chains take over."""


class Sampler(StrEnum):
    """How draws were made; each member is the words a reader sees."""

    PRIOR = "drawn from the population"
    IMPORTANCE = "importance resampling with Pareto-smoothed weights"
    CHAINS = "Markov chains, since importance weights were not reliable"


@dataclass(frozen=True, slots=True)
class Posterior:
    """Equally weighted draws.

    Attributes
    ----------
    draws : ndarray, shape (n, size)
    effective_sample_size : float
        1 / sum(w²) of the weighted proposals that the draws were taken from; of chains, that of their worst coordinate,
        at most the number of draws.
    proposals : int
        All points at which the posterior was evaluated.
    sampler
    pareto_k : float
        Shape of the weights' tail, of the best round.
    r_hat : float
        Of the chains; 1 without them.
    accepted : float
        Share of the chains' moves that was accepted; 0 without them.
    """

    draws: Array
    effective_sample_size: float
    proposals: int
    sampler: Sampler
    pareto_k: float
    r_hat: float
    accepted: float


def streams(seed: int, count: int) -> list[np.random.Generator]:
    """Independent Philox streams that depend on the seed and their place alone."""
    return [np.random.Generator(np.random.Philox(child)) for child in np.random.SeedSequence(seed).spawn(count)]


def draw_prior(factor: Array, *, seed: int, draws: int) -> Array:
    """Draws of effects from the population, shape (draws, p); `factor` is the lower root of their covariance."""
    (stream,) = streams(seed, 1)
    centre = np.zeros(factor.shape[0])
    return np.asarray(
        likelihood.affine(stream.standard_normal((draws, centre.size)), centre, np.ascontiguousarray(factor))
    )


def draw_posterior(evidence: Evidence, mode: Mode, *, seed: int, draws: int) -> Posterior:
    """Draws from the posterior of the effects.

    A multivariate t around the mode proposes; where the weights' tail is too heavy (k-hat above 0.7) or fewer effective
    draws than wanted come of it, the proposal is fitted to the weighted proposals and the next round tries twice as
    many. Where no round's weights can be trusted, Markov chains start from the best round.
    """
    sources = streams(seed, _ROUNDS + 2)
    centre = mode.normals
    bent = bool(np.all(np.isfinite(mode.full)))
    scale = mode.full if bent else mode.expected
    tried = 0
    best, shape = 0.0, float("inf")
    points = np.zeros((0, centre.size))
    weights = np.zeros(0)
    for number in range(_ROUNDS):
        count = draws * _FIRST * 2**number
        proposed, log_density = _propose(sources[number], count, centre, scale)
        share, tail = smooth(-0.5 * evidence.height(proposed) - log_density)
        size = 1.0 / float(np.sum(np.square(share)))
        tried += count
        if _better(size, tail, best, shape):
            best, shape, points, weights = size, tail, proposed, share
        if best >= draws and shape <= GOOD:
            break
        centre, scale = _refit(points, weights, scale)
    if shape <= GOOD and best >= _ENOUGH * draws:
        picked = points[_systematic(sources[_ROUNDS], weights, draws)]
        return Posterior(evidence.effects(picked), best, tried, Sampler.IMPORTANCE, shape, 1.0, 0.0)
    starts = points[_systematic(sources[_ROUNDS], weights, chains.CHAINS)]
    centre, scale = _refit(points, weights, scale)
    found = chains.walk(evidence.height, starts, centre, scale, draws=draws, source=sources[_ROUNDS + 1])
    return Posterior(
        draws=evidence.effects(found.draws),
        effective_sample_size=min(found.effective, float(draws)),
        proposals=tried + found.steps,
        sampler=Sampler.CHAINS,
        pareto_k=shape,
        r_hat=found.r_hat,
        accepted=found.accepted,
    )


def _better(size: float, tail: float, best: float, shape: float) -> bool:
    """Trusted weights go before others; among equals, more effective draws."""
    if (tail <= GOOD) != (shape <= GOOD):
        return tail <= GOOD
    return size > best


def _propose(stream: np.random.Generator, count: int, centre: Array, scale: Array) -> tuple[Array, Array]:
    """Rows of a multivariate t and their log density without the constant."""
    p = centre.size
    freedom = max(_FREEDOM, 2.0 * p) if p > _FREEDOM else _FREEDOM
    factor = np.linalg.cholesky(scale)
    normal = stream.standard_normal((count, p))
    spread = np.sqrt(freedom / stream.chisquare(freedom, count))
    rows = np.ascontiguousarray(normal * spread[:, None])
    log_density = -0.5 * (freedom + p) * np.log1p(likelihood.squares(rows) / freedom)
    return np.asarray(likelihood.affine(rows, np.ascontiguousarray(centre), factor)), log_density


def _refit(points: Array, weights: Array, scale: Array) -> tuple[Array, Array]:
    """Weighted mean and covariance, kept from collapsing when a few proposals carry all the weight."""
    p = points.shape[1]
    centre = np.array([float(np.sum(weights * points[:, k])) for k in range(p)])
    left = points - centre
    spread = np.array([[float(np.sum(weights * left[:, i] * left[:, k])) for k in range(p)] for i in range(p)])
    return centre, spread + 0.05 * scale


def _systematic(stream: np.random.Generator, weights: Array, draws: int) -> NDArray[np.int64]:
    """Indices of systematic resampling, least noise of all schemes that keep the weights unbiased."""
    steps = (np.arange(draws) + stream.random()) / draws
    index = np.searchsorted(np.cumsum(weights), steps, side="right")
    return np.minimum(index, weights.size - 1).astype(np.int64)

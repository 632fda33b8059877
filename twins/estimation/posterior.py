"""Posterior draws of eta: importance sampling around the mode, and Metropolis moves where that is not enough."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence
from twins.estimation.map import Mode
from twins.solvers import likelihood

Array = NDArray[np.float64]

_FREEDOM = 5.0
"""Degrees of freedom of the proposal: tails heavier than the posterior's, whose prior is normal."""
_FIRST = 4
"""Proposals for each draw wanted in the first round; doubled in each of the next."""
_ROUNDS = 3
_MOVES = 60
"""Metropolis moves of every draw when importance sampling alone was not enough."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """Equally weighted draws.

    Attributes
    ----------
    draws : ndarray, shape (n, p)
    effective_sample_size : float
        1 / sum(w²) of the weighted proposals that the draws were taken from.
    proposals : int
        All that were tried, in all rounds.
    moves : int
        Metropolis moves made after resampling; 0 where importance sampling sufficed.
    accepted : float
        Share of the moves that was accepted; 0 without moves.
    """

    draws: Array
    effective_sample_size: float
    proposals: int
    moves: int
    accepted: float


def streams(seed: int, count: int) -> list[np.random.Generator]:
    """Independent Philox streams that depend on the seed and their place alone."""
    return [np.random.Generator(np.random.Philox(child)) for child in np.random.SeedSequence(seed).spawn(count)]


def draw_prior(omega: Array, *, seed: int, draws: int) -> Array:
    """Draws of eta from the population, shape (draws, p)."""
    (stream,) = streams(seed, 1)
    factor = np.linalg.cholesky(omega)
    centre = np.zeros(omega.shape[0])
    return np.asarray(likelihood.affine(stream.standard_normal((draws, centre.size)), centre, factor))


def draw_posterior(evidence: Evidence, mode: Mode, *, seed: int, draws: int) -> Posterior:
    """Draws from the posterior of eta.

    A multivariate t around the mode proposes; where fewer effective draws than wanted come of it, the proposal is
    fitted to the weighted proposals and the next round tries twice as many. If it still falls short of half, the draws
    are moved by random-walk Metropolis, which leaves the posterior as it is and pulls repeated draws apart.
    """
    sources = streams(seed, _ROUNDS + 2)
    centre = mode.eta
    scale = mode.covariance
    tried = 0
    best = 0.0
    etas = np.zeros((0, centre.size))
    weights = np.zeros(0)
    for number in range(_ROUNDS):
        count = draws * _FIRST * 2**number
        proposed, log_density = _propose(sources[number], count, centre, scale)
        log_weights = -0.5 * evidence.objective(proposed) - log_density
        share = np.exp(log_weights - float(np.max(log_weights)))
        share = share / float(np.sum(share))
        size = 1.0 / float(np.sum(np.square(share)))
        tried += count
        if size > best:
            best, etas, weights = size, proposed, share
        if best >= draws:
            break
        centre, scale = _refit(etas, weights, scale)
    picked = etas[_systematic(sources[_ROUNDS], weights, draws)]
    if best >= draws / 2:
        return Posterior(picked, best, tried, 0, 0.0)
    moved, accepted = _move(evidence, picked, scale, sources[_ROUNDS + 1])
    return Posterior(moved, best, tried + _MOVES * draws, _MOVES, accepted)


def _propose(stream: np.random.Generator, count: int, centre: Array, scale: Array) -> tuple[Array, Array]:
    """Rows of a multivariate t and their log density without the constant."""
    p = centre.size
    factor = np.linalg.cholesky(scale)
    normal = stream.standard_normal((count, p))
    spread = np.sqrt(_FREEDOM / stream.chisquare(_FREEDOM, count))
    rows = np.ascontiguousarray(normal * spread[:, None])
    distance = likelihood.quadratic(rows, np.eye(p))
    log_density = -0.5 * (_FREEDOM + p) * np.log1p(distance / _FREEDOM)
    return np.asarray(likelihood.affine(rows, np.ascontiguousarray(centre), factor)), log_density


def _refit(etas: Array, weights: Array, scale: Array) -> tuple[Array, Array]:
    """Weighted mean and covariance, kept from collapsing when a few proposals carry all the weight."""
    p = etas.shape[1]
    centre = np.array([float(np.sum(weights * etas[:, k])) for k in range(p)])
    spread = np.empty((p, p))
    for i in range(p):
        for j in range(p):
            spread[i, j] = float(np.sum(weights * (etas[:, i] - centre[i]) * (etas[:, j] - centre[j])))
    return centre, spread + 0.05 * scale


def _systematic(stream: np.random.Generator, weights: Array, draws: int) -> NDArray[np.int64]:
    """Indices of systematic resampling, least noise of all schemes that keep the weights unbiased."""
    steps = (np.arange(draws) + stream.random()) / draws
    index = np.searchsorted(np.cumsum(weights), steps, side="right")
    return np.minimum(index, weights.size - 1).astype(np.int64)


def _move(evidence: Evidence, etas: Array, scale: Array, stream: np.random.Generator) -> tuple[Array, float]:
    """Random-walk Metropolis of every draw by itself, with the step 2.4/sqrt(p) that Gelman found best for normals."""
    p = etas.shape[1]
    factor = np.linalg.cholesky(scale) * (2.4 / np.sqrt(p))
    current = np.array(etas)
    value = evidence.objective(current)
    taken = 0
    for _ in range(_MOVES):
        steps = np.asarray(likelihood.affine(stream.standard_normal(current.shape), np.zeros(p), factor))
        trial = current + steps
        trial_value = evidence.objective(trial)
        accept = np.log(stream.random(current.shape[0])) < 0.5 * (value - trial_value)
        current[accept] = trial[accept]
        value[accept] = trial_value[accept]
        taken += int(np.count_nonzero(accept))
    return current, taken / (_MOVES * current.shape[0])

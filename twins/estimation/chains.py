"""Markov chains for posteriors that importance sampling does not reach, and how well they agree.

Two moves take turns. The preconditioned Crank-Nicolson move draws towards a reference normal and is accepted by how the
posterior differs from it, so it keeps its stride in many dimensions; the random walk crosses where the reference is
wrong. The reference and both strides are learnt in a warm-up and then stand still.

References
----------
Cotter SL, Roberts GO, Stuart AM, White D. Stat Sci 2013;28:424-446, doi 10.1214/13-STS421 (the move).
Vehtari A, Gelman A, Simpson D, Carpenter B, Bürkner PC. Bayesian Anal 2021;16:667-718, doi 10.1214/20-BA1221 (R-hat
over split chains, effective sample size).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.solvers import likelihood

Array = NDArray[np.float64]

CHAINS = 20
_WARM_UP = 300
_LEARN_EVERY = 50
_KEPT_EVERY = 10
"""Steps between draws that are kept."""
_AIM = (0.4, 0.3)
"""Accepted shares that the strides of the two moves are learnt for."""
AGREE = 1.05
"""R-hat above this says that the chains have not come together."""


@dataclass(frozen=True, slots=True)
class Chains:
    """What the chains found.

    Attributes
    ----------
    draws : ndarray, shape (n, p)
    r_hat, effective : float
        The worst of all coordinates.
    accepted : float
    steps : int
        Evaluations of the posterior in all.
    """

    draws: Array
    r_hat: float
    effective: float
    accepted: float
    steps: int


def walk(
    height: Callable[[Array], Array],
    starts: Array,
    centre: Array,
    spread: Array,
    *,
    draws: int,
    source: np.random.Generator,
) -> Chains:
    """Draws from exp(-height / 2).

    Parameters
    ----------
    height
        Minus two log density of each row; infinite where there is none.
    starts : ndarray, shape (CHAINS, p)
    centre, spread : ndarray, shapes (p,), (p, p)
        Mean and covariance of the first reference.
    draws
        How many are wanted, from all chains together.
    """
    chains, p = starts.shape
    kept = -(-draws // chains)
    current, value = starts.copy(), height(starts)
    root = np.asarray(np.linalg.cholesky(spread), dtype=np.float64)
    strides = np.array([0.5, 2.4 / np.sqrt(p)])
    length = _WARM_UP + kept * _KEPT_EVERY
    path = np.empty((length, chains, p))
    taken = 0
    for step in range(length):
        kind = step % 2
        normal = source.standard_normal((chains, p))
        chance = np.log(source.random(chains))
        jump = np.asarray(likelihood.affine(normal, np.zeros(p), root)) * strides[kind]
        from_there = centre + np.sqrt(1.0 - strides[0] ** 2) * (current - centre) if kind == 0 else current
        trial = from_there + jump
        found = height(np.ascontiguousarray(trial))
        gain = value - found
        if kind == 0:
            gain = gain - _distance(current, centre, root) + _distance(trial, centre, root)
        accept = chance < 0.5 * gain
        current[accept] = trial[accept]
        value[accept] = found[accept]
        path[step] = current
        if step >= _WARM_UP:
            taken += int(np.count_nonzero(accept))
            continue
        rate = float(np.mean(accept))
        strides[kind] *= np.exp((rate - _AIM[kind]) / np.sqrt(1.0 + step / 20.0))
        strides[0] = min(strides[0], 0.999)
        if (step + 1) % _LEARN_EVERY == 0 and step + 1 >= 2 * _LEARN_EVERY:
            centre, root = _learn(path[(step + 1) // 2 : step + 1].reshape(-1, p), spread)
    rest = path[_WARM_UP:]
    picked = rest[_KEPT_EVERY - 1 :: _KEPT_EVERY].reshape(-1, p)[:draws]
    agreement = [_agree(rest[:, :, k]) for k in range(p)]
    return Chains(
        draws=np.ascontiguousarray(picked),
        r_hat=max(r_hat for r_hat, _ in agreement),
        effective=min(effective for _, effective in agreement),
        accepted=taken / (rest.shape[0] * chains),
        steps=length * chains,
    )


def _distance(rows: Array, centre: Array, root: Array) -> Array:
    """Squared Mahalanobis distance of each row, by forward substitution in one order."""
    left = np.ascontiguousarray(rows - centre)
    solved = np.empty_like(left)
    for k in range(left.shape[1]):
        rest = left[:, k].copy()
        for j in range(k):
            rest -= root[k, j] * solved[:, j]
        solved[:, k] = rest / root[k, k]
    return np.asarray(likelihood.squares(solved))


def _learn(rows: Array, spread: Array) -> tuple[Array, Array]:
    """Mean and root of the covariance of what the chains have seen, kept from collapsing by the first reference's."""
    centre = rows.mean(axis=0)
    left = rows - centre
    p = rows.shape[1]
    found = np.array([[float(np.mean(left[:, i] * left[:, k])) for k in range(p)] for i in range(p)])
    share = rows.shape[0] / (rows.shape[0] + 10.0 * p)
    return centre, np.linalg.cholesky(share * found + (1.0 - share) * spread)


def _agree(path: Array) -> tuple[float, float]:
    """R-hat over the halves of each chain, and the effective number of all steps; `path` has shape (steps, chains)."""
    half = path.shape[0] // 2
    halves = np.concatenate((path[:half], path[half : 2 * half]), axis=1)
    n, m = halves.shape
    means = halves.mean(axis=0)
    within = float(np.mean(halves.var(axis=0, ddof=1)))
    between = float(n * means.var(ddof=1))
    if not within > 0.0:
        return (1.0, float(n * m)) if between == 0.0 else (float("inf"), 1.0)
    total = (n - 1) / n * within + between / n
    # Autocorrelation at each lag, from the variogram of all halves, summed until a pair of lags is negative (Geyer).
    time = -1.0
    previous = np.inf
    for lag in range(0, n - 1, 2):
        pair = 0.0
        for at in (lag, lag + 1):
            apart = float(np.mean((halves[at:] - halves[: n - at]) ** 2)) if at else 0.0
            pair += 1.0 - apart / (2.0 * total)
        if pair < 0.0:
            break
        previous = min(previous, pair)
        time += 2.0 * previous
    return float(np.sqrt(total / within)), float(n * m / max(time, 1.0 / np.log10(n * m)))

"""The mode of the posterior (maximum a posteriori) by damped Fisher scoring."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.estimation.evidence import Evidence

Array = NDArray[np.float64]

COVARIANCE_KIND = "inverse of the expected (Fisher) information at the mode, prior included"
PRIOR_KIND = "between-subject variability of the population model; no level yet"

_MOST_ITERATIONS = 100
_MOST_TRIALS = 40
_STEP_TOLERANCE = 1e-8
_SCORING = 6
"""Steps of Fisher scoring before Newton's."""
_DECREASE_TOLERANCE = 1e-14
"""Expected decrease of the objective, relative, below which no step is worth taking."""
_ROUNDING = 1e-9
"""Where steps stop going down with less than this to gain, the objective's own rounding is what stops them."""
_GRID_SD = 1.5
"""Spacing of the grid of second starts, in prior standard deviations."""
_SAME_MODE = 1e-6
_FAR = 15.0
"""An eta beyond this (a factor of 3 million) is no patient; steps are refused there before exp overflows."""


@dataclass(frozen=True, slots=True)
class Mode:
    """The posterior's mode.

    Attributes
    ----------
    eta : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)
        See `COVARIANCE_KIND`.
    objective : float
        Minus two log posterior at the mode, without constants.
    converged : bool
        Whether the last step or the decrease still expected was below tolerance.
    """

    eta: Array
    covariance: Array
    objective: float
    iterations: int
    converged: bool


def find_mode(evidence: Evidence) -> Mode:
    """The lowest minimum of the objective found from the typical patient and from the best point of a coarse grid.

    Contradictory levels can give the posterior two modes. The typical patient's is kept unless the other is lower.
    """
    p = len(evidence.model.eta_on)
    first = descend(evidence, np.zeros(p))
    spread = np.sqrt(np.diag(evidence.model.omega))
    grid = _GRID_SD * np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=p))) * spread
    other = descend(evidence, grid[int(np.argmin(evidence.objective(grid)))])
    return other if other.objective < first.objective - _SAME_MODE else first


def descend(evidence: Evidence, start: Array) -> Mode:
    """Minimise the objective from `start`, shape (p,).

    Fisher scoring takes the expected curvature, which is positive definite everywhere, and comes near the mode in a few
    steps; where levels contradict the model it closes in slowly, so the last steps take the full curvature, bent
    upwards where it is not positive definite (Newton). Marquardt's damping shortens the steps that overshoot. An eta
    that no level depends on has neither gradient nor coupling and stays exactly 0.
    """
    eta = np.array(start, dtype=np.float64)
    value = _value(evidence, eta)
    gradient, expected = evidence.slope(eta)
    damping = 0.0
    converged = False
    iterations = 0
    while iterations < _MOST_ITERATIONS and not converged:
        iterations += 1
        curvature = expected if iterations <= _SCORING else _newton_curvature(evidence, eta, expected)
        promised = float(gradient @ np.linalg.solve(curvature, gradient))
        if promised <= _DECREASE_TOLERANCE * (1.0 + abs(value)):
            converged = True
            break
        for _ in range(_MOST_TRIALS):
            step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
            trial_value = _value(evidence, eta - step)
            if trial_value < value:
                break
            damping = max(8.0 * damping, 1e-3)
        else:
            # No step however short goes down: at rounding level that is the minimum, elsewhere it is a failure.
            converged = promised <= _ROUNDING * (1.0 + abs(value))
            break
        converged = float(np.max(np.abs(step))) < _STEP_TOLERANCE
        eta, value = eta - step, trial_value
        gradient, expected = evidence.slope(eta)
        damping = 0.2 * damping if damping > 1e-6 else 0.0
    inverse = np.linalg.inv(expected)
    covariance = inverse + inverse.T  # twice the inverse of the curvature of -2 log posterior, exactly symmetric
    return Mode(eta, covariance, value, iterations, converged)


def _newton_curvature(evidence: Evidence, eta: Array, expected: Array) -> Array:
    """The full curvature, its eigenvalues taken as positive and none smaller than a thousandth of the expected ones."""
    full = evidence.hessian(eta)
    if not bool(np.all(np.isfinite(full))):
        return expected
    values, vectors = np.linalg.eigh(full)
    least = 1e-3 * float(np.linalg.eigvalsh(expected)[0])
    return np.asarray((vectors * np.maximum(np.abs(values), least)) @ vectors.T)


def _value(evidence: Evidence, eta: Array) -> float:
    if not bool(np.all(np.abs(eta) < _FAR)):
        return float("inf")
    return float(evidence.objective(eta[None, :])[0])

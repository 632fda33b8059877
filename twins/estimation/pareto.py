"""Pareto smoothing of importance weights, and the shape of their tail that says whether to trust them.

References
----------
Vehtari A, Simpson D, Gelman A, Yao Y, Gabry J. Pareto smoothed importance sampling. J Mach Learn Res 2024;25(72):1-58,
arXiv 1507.02646.
Zhang J, Stephens MA. A new and efficient estimation method for the generalized Pareto distribution. Technometrics
2009;51:316-325, doi 10.1198/tech.2009.08017.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GOOD = 0.7
"""Above this shape the weights' estimates are not to be trusted, whatever their number."""
_PRIOR_COUNT, _PRIOR_SHAPE = 10.0, 0.5
"""The shape is drawn a little towards 0.5, as much as by ten more values of the tail."""
_LEAST_TAIL = 5
_LARGEST = 700.0
"""What exp takes without overflow; a share this small is 0 anyway."""

_SMALLEST = 1e-290
"""A quarter of the tail at or below this counts for nothing, and its inverse would overflow."""


def smooth(log_weights: Array) -> tuple[Array, float]:
    """Normalised weights with their largest replaced by those expected of a Pareto tail, and the tail's shape.

    Parameters
    ----------
    log_weights : ndarray, shape (n,)
        Up to a constant; minus infinity where the target has no density.

    Returns
    -------
    ndarray, shape (n,)
        Sum 1.
    float
        The shape k-hat: below 0.5 the weights have a variance, above `GOOD` they are not reliable; infinite where too
        few weights count for it to be estimated.
    """
    n = log_weights.size
    shifted = log_weights - float(np.max(log_weights))
    weights = np.exp(shifted)
    size = int(np.ceil(min(0.2 * n, 3.0 * np.sqrt(n))))
    order = np.argsort(shifted, kind="stable")
    tail = order[n - size :]
    cut = float(weights[order[n - size - 1]]) if size < n else 0.0
    excess = weights[tail] - cut
    if size < _LEAST_TAIL or not float(excess[-1]) > 0.0:
        # All weights of the tail are equal: either all are good, or hardly any counts at all.
        shape = float("-inf") if cut > 0.0 else float("inf")
    elif not _quartile(excess) > _SMALLEST:
        shape = float("inf")
    else:
        shape, scale = fit_tail(excess)
        if np.isfinite(shape):
            place = (np.arange(size) + 0.5) / size
            weights[tail] = np.minimum(cut + quantile(place, shape, scale), 1.0)
    return weights / float(np.sum(weights)), shape


def fit_tail(excess: Array) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution from ascending values above its threshold.

    Zhang and Stephens's estimate: a mean of the profile likelihood over a grid of b = shape / -scale, with their weak
    prior on b, which stays finite and needs no iteration.
    """
    n = excess.size
    points = 30 + int(np.sqrt(n))
    quartile = _quartile(excess)
    grid = 1.0 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))
    b = grid / (3.0 * quartile) + 1.0 / float(excess[-1])
    shapes = np.array([float(np.mean(np.log1p(-one * excess))) for one in b])
    profile = n * (np.log(-b / shapes) - shapes - 1.0)
    share = 1.0 / np.array([float(np.sum(np.exp(np.minimum(profile - one, _LARGEST)))) for one in profile])
    mean = float(np.sum(b * share) / np.sum(share))
    shape = float(np.mean(np.log1p(-mean * excess)))
    scale = -shape / mean
    return (n * shape + _PRIOR_COUNT * _PRIOR_SHAPE) / (n + _PRIOR_COUNT), scale


def _quartile(excess: Array) -> float:
    return float(excess[int(excess.size / 4.0 + 0.5) - 1])


def quantile(place: Array, shape: float, scale: float) -> Array:
    """Of the generalised Pareto distribution, above its threshold."""
    if abs(shape) < 1e-12:
        return np.asarray(-scale * np.log1p(-place))
    return np.asarray(scale * np.expm1(np.minimum(-shape * np.log1p(-place), _LARGEST)) / shape)

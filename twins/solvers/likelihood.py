"""How well predictions agree with what was measured, for every kind of residual error and below quantification.

Everything is minus two log likelihood without ln 2π for each quantified level, and of the value as it was measured: a
log-normal level counts its 2 ln y, so that models with different kinds of error can be compared on the same data.

References
----------
Beal SL. Ways to fit a PK model with some data below the quantification limit. J Pharmacokinet Pharmacodyn
2001;28:481-504, doi 10.1023/A:1012299115260: the methods M1, M3 and M4.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

SD_SUM, VARIANCE_SUM, POWER, LOG = 0, 1, 2, 3
"""Numbers of ``residual.ResidualKind``."""
M1, M3, M4 = 1, 3, 4
"""What a level below the limit of quantification says: nothing; that it is below; the same given that it is positive,
as every other level is then too."""

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)
_FAR = -30.0
"""Below it the normal tail's asymptotic series has all its digits."""


class Levels(NamedTuple):
    """One patient's or many patients' levels, one after another.

    Attributes
    ----------
    observed : ndarray, shape (levels,)
        Where `below` is set, the limit that the value lies below.
    column : ndarray of int, shape (levels,)
        Which of the prediction's times it belongs to.
    kind : ndarray of int, shape (levels,)
    error : ndarray, shape (levels, 3)
        Additive, proportional, power.
    weight : ndarray, shape (levels,)
        Factor of the variance.
    below : ndarray of int, shape (levels,)
        0 quantified; otherwise the method: `M1`, `M3`, `M4`. Quantified levels beside `M4` have ``-M4``.
    """

    observed: Array
    column: Whole
    kind: Whole
    error: Array
    weight: Array
    below: Whole


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def log_normal_tail(z: float) -> tuple[float, float]:
    """ln Φ(z), and φ(z) / Φ(z), its derivative; every digit kept in both tails."""
    if z < _FAR:
        w = 1.0 / (z * z)
        series = 1.0 - w * (1.0 - w * (3.0 - w * (15.0 - w * (105.0 - 945.0 * w))))
        return -0.5 * z * z - math.log(-z) - _HALF_LOG_2PI + math.log(series), -z / series
    upper = z > 0.0
    logged = math.log1p(-0.5 * math.erfc(z * _ROOT_HALF)) if upper else math.log(0.5 * math.erfc(-z * _ROOT_HALF))
    return logged, math.exp(-0.5 * z * z - _HALF_LOG_2PI - logged)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def log_between(low: float, high: float) -> tuple[float, float, float]:
    """ln(Φ(high) - Φ(low)), and φ(low) and φ(high) over that difference; `high` above `low`."""
    swapped = low > 0.0
    if swapped:
        low, high = -high, -low
    above, _ = log_normal_tail(high)
    beneath, _ = log_normal_tail(low)
    logged = above + math.log1p(-math.exp(beneath - above))
    at_low = math.exp(-0.5 * low * low - _HALF_LOG_2PI - logged)
    at_high = math.exp(-0.5 * high * high - _HALF_LOG_2PI - logged)
    if swapped:
        return logged, at_high, at_low
    return logged, at_low, at_high


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def spread(kind: int, additive: float, proportional: float, power: float, f: float) -> tuple[float, float]:
    """Standard deviation around a prediction, and its slope (of the logarithm for `LOG`)."""
    if kind == VARIANCE_SUM:
        sd = math.sqrt(additive * additive + proportional * f * proportional * f)
        return sd, (proportional * proportional * f / sd if sd > 0.0 else 0.0)
    if kind == POWER:
        if f <= 0.0:
            return additive, 0.0
        raised = proportional * f**power
        return additive + raised, power * raised / f
    if kind == LOG:
        return additive, 0.0
    return additive + proportional * f, proportional


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def level(
    kind: int, additive: float, proportional: float, power: float, weight: float, below: int, y: float, f: float
) -> tuple[float, float, float]:
    """Of one level y at the prediction f: minus two log likelihood, its slope by f, and its expected curvature.

    The expected curvature is twice the Fisher information; of a level below quantification it is the curvature of its
    own probability where that is convex (`M3`), else the square of its score (`M4`). Infinite where f is not a number
    or the variance is 0.

    Parameters
    ----------
    kind, additive, proportional, power
        Of the residual error.
    weight
        Factor of its variance.
    below
        See `Levels`.
    """
    if below == M1:
        return 0.0, 0.0, 0.0
    sd, bend = spread(kind, additive, proportional, power, f)
    widened = math.sqrt(weight)
    sd *= widened
    bend *= widened
    if not (sd > 0.0 and sd < math.inf) or not (abs(f) < math.inf):
        return math.inf, 0.0, 0.0
    if kind == LOG:
        if not (f > 0.0 and y > 0.0):
            return math.inf, 0.0, 0.0
        z = (math.log(y) - math.log(f)) / sd
        if below > 0:
            logged, ratio = log_normal_tail(z)
            change = -1.0 / (sd * f)
            return -2.0 * logged, -2.0 * ratio * change, 2.0 * ratio * (z + ratio) * change * change
        return 2.0 * math.log(sd * y) + z * z, -2.0 * z / (sd * f), 2.0 / (sd * f * sd * f)
    precision = 1.0 / sd
    z = (y - f) * precision
    change = -(1.0 + z * bend) * precision
    if below == M3:
        logged, ratio = log_normal_tail(z)
        return -2.0 * logged, -2.0 * ratio * change, 2.0 * ratio * (z + ratio) * change * change
    if below <= 0:
        value = 2.0 * math.log(sd) + z * z
        slope = 2.0 * bend * precision + 2.0 * z * change
        curvature = (2.0 + 4.0 * bend * bend) * (precision * precision)
        if below == 0:
            return value, slope, curvature
    zero = -f * precision
    zero_change = -(1.0 + zero * bend) * precision
    positive, ratio = log_normal_tail(-zero)
    if below == -M4:
        return value + 2.0 * positive, slope - 2.0 * ratio * zero_change, curvature
    logged, at_zero, at_limit = log_between(zero, z)
    slope = -2.0 * (at_limit * change - at_zero * zero_change) - 2.0 * ratio * zero_change
    return -2.0 * logged + 2.0 * positive, slope, 0.5 * slope * slope


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
def squares(rows: Array) -> Array:
    """x' x of each row x, summed in one order whatever the number of rows; shapes (n, p) -> (n,)."""
    n, p = rows.shape
    out = np.empty(n)
    for row in range(n):
        total = 0.0
        for i in range(p):
            total += rows[row, i] * rows[row, i]
        out[row] = total
    return out


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
def affine(rows: Array, centre: Array, matrix: Array) -> Array:
    """centre + M x of each row x, summed in one order whatever the number of rows; shape (n, len(centre))."""
    n, p = rows.shape
    q = centre.size
    out = np.empty((n, q))
    for row in range(n):
        for i in range(q):
            total = centre[i]
            for j in range(p):
                total += matrix[i, j] * rows[row, j]
            out[row, i] = total
    return out

"""How well predictions agree with what was measured: one number a row."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def misfit(predicted: Array, observed: Array, sd_adds: bool, additive: float, proportional: float) -> Array:
    """Sum over the levels of ln(v) + (y - f)² / v: -2 log likelihood without its constant.

    Parameters
    ----------
    predicted : ndarray, shape (n, levels)
    observed : ndarray, shape (levels,)
    sd_adds : bool
        True: v = (additive + proportional f)²; False: v = additive² + (proportional f)².

    Returns
    -------
    ndarray, shape (n,)
        Infinite where a prediction is not a number or the variance is 0.
    """
    rows, levels = predicted.shape
    out = np.empty(rows)
    for row in range(rows):
        total = 0.0
        for j in range(levels):
            f = predicted[row, j]
            if sd_adds:
                sd = additive + proportional * f
                v = sd * sd
            else:
                v = additive * additive + proportional * f * proportional * f
            if not (v > 0.0 and v < math.inf):
                total = math.inf
                break
            r = observed[j] - f
            total += math.log(v) + r * r / v
        out[row] = total
    return out


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def quadratic(rows: Array, matrix: Array) -> Array:
    """x' M x of each row x, summed in one order whatever the number of rows; shapes (n, p), (p, p) -> (n,)."""
    n, p = rows.shape
    out = np.empty(n)
    for row in range(n):
        total = 0.0
        for i in range(p):
            for j in range(p):
                total += rows[row, i] * matrix[i, j] * rows[row, j]
        out[row] = total
    return out


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def affine(rows: Array, centre: Array, matrix: Array) -> Array:
    """centre + M x of each row x, summed in one order whatever the number of rows; shape (n, p)."""
    n, p = rows.shape
    out = np.empty((n, p))
    for row in range(n):
        for i in range(p):
            total = centre[i]
            for j in range(p):
                total += matrix[i, j] * rows[row, j]
            out[row, i] = total
    return out

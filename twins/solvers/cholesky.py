"""Small symmetric systems by Cholesky's way, one at a time and always in the same order."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def factorise(matrix: Array, root: Array) -> bool:
    """Fills the lower triangle of `root` with L, L Lᵀ = matrix; False where the matrix is not positive definite."""
    p = matrix.shape[0]
    for k in range(p):
        left = matrix[k, k]
        for j in range(k):
            left -= root[k, j] * root[k, j]
        if not (left > 1e-14 * abs(matrix[k, k]) and left < math.inf):
            return False
        root[k, k] = math.sqrt(left)
        for i in range(k + 1, p):
            rest = matrix[i, k]
            for j in range(k):
                rest -= root[i, j] * root[k, j]
            root[i, k] = rest / root[k, k]
    return True


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def substitute(root: Array, right: Array, out: Array) -> None:
    """Solves L Lᵀ x = right into `out`, shape (p,); of `right` the first p numbers of the first row are read."""
    p = out.size
    for k in range(p):
        rest = right[0, k]
        for j in range(k):
            rest -= root[k, j] * out[j]
        out[k] = rest / root[k, k]
    for k in range(p - 1, -1, -1):
        rest = out[k]
        for j in range(k + 1, p):
            rest -= root[j, k] * out[j]
        out[k] = rest / root[k, k]


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def invert(root: Array, out: Array) -> None:
    """Fills `out`, shape (p · p,), with the inverse of L Lᵀ, exactly symmetric."""
    p = root.shape[0]
    unit, column = np.zeros((1, p)), np.empty(p)
    for k in range(p):
        unit[:] = 0.0
        unit[0, k] = 1.0
        substitute(root, unit, column)
        for i in range(p):
            out[i * p + k] = column[i]
    for k in range(p):
        for i in range(k):
            out[i * p + k] = out[k * p + i]

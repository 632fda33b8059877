"""Between-subject variances and covariances from the ways in which articles report them."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def logarithmic(*cv_percent: float) -> Array:
    """Diagonal of ln(1 + CV²): the exact variance of ln of a log-normal value with that CV."""
    return np.diag(np.log1p(np.square(np.array(cv_percent) / 100.0)))


def squared(*cv_percent: float) -> Array:
    """Diagonal of CV²: what a source means whose CV is the square root of NONMEM's omega."""
    return np.diag(np.square(np.array(cv_percent) / 100.0))


def diagonal(*variances: float) -> Array:
    """Diagonal of variances."""
    return np.diag(np.array(variances))


def triangle(*rows: tuple[float, ...]) -> Array:
    """A symmetric matrix from the rows of its lower triangle."""
    matrix = np.zeros((len(rows), len(rows)))
    for k, row in enumerate(rows):
        matrix[k, : k + 1] = row
        matrix[: k + 1, k] = row
    return matrix


def correlated(variances: Array, *pairs: tuple[int, int, float]) -> Array:
    """The diagonal matrix with covariances r · sd · sd added for pairs (row, column, r)."""
    matrix = variances.copy()
    for row, column, r in pairs:
        matrix[row, column] = matrix[column, row] = r * float(np.sqrt(variances[row, row] * variances[column, column]))
    return matrix

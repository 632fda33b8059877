import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.exponential import LARGEST, decayed

Array = NDArray[np.float64]


@njit
def _both(x: Array, left: Array, gone: Array) -> None:
    for j in range(x.size):
        left[j], gone[j] = decayed(x[j])


def _of(x: Array) -> tuple[Array, Array]:
    left, gone = np.empty_like(x), np.empty_like(x)
    _both(x, left, gone)
    return left, gone


def test_both_are_right_to_two_units_in_the_last_place_over_the_whole_range() -> None:
    random = np.random.default_rng(1)
    x = np.concatenate((random.uniform(0.0, LARGEST, 40_000), 10.0 ** random.uniform(-300.0, 2.84, 40_000)))
    left, gone = _of(x)
    wanted = np.array([math.exp(-one) for one in x])
    lost = np.array([-math.expm1(-one) for one in x])
    assert np.max(np.abs(left - wanted) / np.spacing(wanted)) <= 2.0
    assert np.max(np.abs(gone - lost) / np.spacing(lost)) <= 2.0


def test_the_ends_of_the_range() -> None:
    left, gone = _of(np.array([0.0, 1e9, np.inf, np.nan]))
    assert list(left[:3]) == [1.0, 0.0, 0.0]
    assert list(gone[:3]) == [0.0, 1.0, 1.0]
    assert np.isnan(left[3])
    assert np.isnan(gone[3])

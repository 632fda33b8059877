"""Arithmetic on whole rows of a buffer says what the same arithmetic says of one number."""

import math
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from twins.solvers.exponential import decayed
from twins.solvers.rows import COLUMNS, LANES, across, choose, greatest, least, to_columns

Array = NDArray[np.float64]


@register_jitable
def _text(x: Any, y: Any) -> tuple[Any, Any]:
    left, gone = decayed(abs(x))
    return choose(x > y, 2.0 - left, -gone), (x + 1.0) * y / (1.0 + left) - choose(y < 0.0, y, 3.0)


_over_rows = across(_text)


@njit
def _by_rows(work: Array) -> None:
    _over_rows(work, (2, 3), (0, 1))


@njit
def _one_by_one(work: Array, out: Array) -> None:
    for k in range(LANES):
        out[0, k], out[1, k] = _text(work[k], work[LANES + k])


@njit
def _extremes(work: Array) -> tuple[float, float]:
    return least(work, 1), greatest(work, 1)


@njit
def _spread(work: Array, out: Array, first: int, column: int) -> None:
    to_columns(work, 1, out, first, column)


def test_a_function_over_rows_gives_every_lane_what_it_gives_one_number() -> None:
    work = np.random.default_rng(1).normal(0.0, 3.0, 4 * LANES)
    work[:3] = 0.0, 900.0, math.nan
    single = np.empty((2, LANES))
    _one_by_one(work, single)
    _by_rows(work)
    assert np.allclose(work[2 * LANES :].reshape(2, LANES), single, rtol=1e-14, atol=0.0, equal_nan=True)


def test_the_least_and_greatest_of_a_row_leave_out_what_is_not_a_number() -> None:
    work = np.random.default_rng(2).normal(size=2 * LANES)
    work[LANES + 4] = math.nan
    row = work[LANES:]
    assert _extremes(work) == (np.nanmin(row), np.nanmax(row))
    work[:] = math.nan
    assert _extremes(work) == (math.inf, -math.inf)


def test_columns_are_written_where_they_belong_and_nowhere_else() -> None:
    work = np.arange((1 + COLUMNS) * LANES, dtype=np.float64)
    out = np.full((LANES + 2, COLUMNS + 3), -1.0)
    _spread(work, out, 1, 2)
    assert np.array_equal(out[1:-1, 2:-1], work[LANES:].reshape(COLUMNS, LANES).T)
    out[1:-1, 2:-1] = -1.0
    assert np.all(out == -1.0)

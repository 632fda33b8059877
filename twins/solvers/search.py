"""The lowest of the posterior's minima, for many patients: several starts, each led down by `scoring.descend`."""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from twins.solvers.ask import ANSWER, HEIGHT, PREDICTION, PREDICTOR, SLOPES, place
from twins.solvers.case import unpack
from twins.solvers.cholesky import factorise, invert
from twins.solvers.linear import CONTRACT
from twins.solvers.scoring import CONVERGED, FAILED, bend, descend

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Kernel = Callable[..., None]

_row, _table = types.float64[::1], types.float64[:, ::1]
_whole, _wholes = types.int64[::1], types.int64[:, ::1]
FIT = types.void(
    *(ANSWER, PREDICTOR, _row, _whole, _whole, _whole, _whole, _whole, _whole, types.int64, types.int64),
    *(_table, types.int64, _row, _row, _table, _wholes, _row, _row, _table),
)
"""Type of `fit`."""
_APART = 0.05
"""Two minima are different when some standard normal is this far apart and their objectives are."""


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _distance(one: Array, other: Array) -> float:
    found = 0.0
    for k in range(one.size):
        found = max(found, abs(one[k] - other[k]))
    return found


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def search(
    answer: Kernel,
    function: Kernel,
    numbers: Array,
    wholes: Whole,
    steps: Array,
    grid: Array,
    descents: int,
    u: Array,
) -> tuple[float, float, int, int, int]:
    """The lowest minimum found from the typical patient and from the best points of a grid, which `u` becomes.

    Parameters
    ----------
    grid : ndarray, shape (points, etas)
        Further starts in standard normals; kappas start at 0. The first row is the typical patient.
    descents
        From how many starts at most, the typical patient's among them.

    Returns
    -------
    objective, greatest slope by u, iterations in all, status, how many different minima were found
    """
    p = u.size
    starts = np.zeros((grid.shape[0], p))
    starts[:, : grid.shape[1]] = grid
    heights = np.zeros((grid.shape[0], 1))
    if descents > 1:
        answer(function, numbers, wholes, HEIGHT, starts, heights)
    taken, known = np.empty((2 * descents, p)), np.empty((descents, p))
    known_value = np.empty(descents)
    marks = minima = total = 0
    value = steepest = math.inf
    status = FAILED
    here = np.empty(p)
    for number in range(descents):
        best = 0
        if number > 0:
            best = -1
            for row in range(1, grid.shape[0]):
                if not (heights[row, 0] < math.inf) or (best >= 0 and heights[row, 0] >= heights[best, 0]):
                    continue
                near = False
                for mark in range(marks):
                    near = near or _distance(starts[row], taken[mark]) < 1.0
                if not near:
                    best = row
            if best < 0:
                break
        here[:] = starts[best]
        taken[marks] = here
        found, slope, iterations, ended = descend(answer, function, numbers, wholes, steps, here)
        taken[marks + 1] = here
        marks += 2
        total += iterations
        if ended == FAILED:
            continue
        new = ended == CONVERGED
        for mode in range(minima):
            new = new and (_distance(here, known[mode]) > _APART and abs(found - known_value[mode]) > 1e-6)
        if new:
            known[minima] = here
            known_value[minima] = found
            minima += 1
        if found < value - 1e-6 or (status != CONVERGED and ended == CONVERGED and found < value + 1e-6):
            value, steepest, status = found, slope, ended
            u[:] = here
    return value, steepest, total, status, minima


def fit(
    answer: Kernel,
    function: Kernel,
    numbers: Array,
    wholes: Whole,
    number_at: Whole,
    whole_at: Whole,
    effect_at: Whole,
    time_at: Whole,
    square_at: Whole,
    first: int,
    last: int,
    grid: Array,
    descents: int,
    us: Array,
    etas: Array,
    found: Array,
    counts: Whole,
    expected: Array,
    full: Array,
    predicted: Array,
) -> None:
    """Fits the patients from `first` to before `last`.

    Parameters
    ----------
    numbers, wholes
        Packed cases behind one another; ``x_at`` say where each one's x begin.
    us, etas : ndarray, shape (effects of all patients,)
        The mode, in standard normals and in effects; filled, like all that follow.
    found : ndarray, shape (n, 2)
        Objective and greatest slope.
    counts : ndarray of int, shape (n, 3)
        Status, iterations, minima.
    expected, full : ndarray, shape (sum of squares of effects,)
        Inverse of the expected and of the full curvature of the objective by u; left as they are where a curvature is
        not positive definite. `full` of no length: not wanted.
    predicted : ndarray, shape (2, times of all patients)
        By the population, all effects 0, and by the mode.
    """
    for who in range(first, last):
        mine = numbers[number_at[who] : number_at[who + 1]]
        whole = wholes[whole_at[who] : whole_at[who + 1]]
        case = unpack(mine, whole)
        steps = case.steps
        p = effect_at[who + 1] - effect_at[who]
        u = us[effect_at[who] : effect_at[who + 1]]
        value, slope, iterations, status, minima = search(answer, function, mine, whole, steps, grid, descents, u)
        found[who, 0] = value
        found[who, 1] = slope
        counts[who, 0] = status
        counts[who, 1] = iterations
        counts[who, 2] = minima
        rows = np.zeros((2, p))
        place(case.between, case.within, case.reach, u, rows[1])
        etas[effect_at[who] : effect_at[who + 1]] = rows[1]
        seen = np.empty((2, time_at[who + 1] - time_at[who]))
        answer(function, mine, whole, PREDICTION, rows, seen)
        predicted[:, time_at[who] : time_at[who + 1]] = seen
        slopes, bent, root = np.empty((1 + p, p + 1)), np.empty((p, p)), np.empty((p, p))
        square = slice(square_at[who], square_at[who + 1])
        answer(function, mine, whole, SLOPES, u.reshape((1, p)), slopes)
        for k in range(p):
            for i in range(p):
                bent[k, i] = slopes[1 + k, i]
        if factorise(bent, root):
            invert(root, expected[square])
        bends = full.size > 0 and bend(answer, function, mine, whole, steps[1], u, bent)
        if bends and factorise(bent, root):
            invert(root, full[square])

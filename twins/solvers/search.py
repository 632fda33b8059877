"""The lowest of the posterior's minima, for many patients: several starts, each led down by `scoring.descend`."""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from twins.solvers.ask import ANSWER, HEIGHT, PREDICTION, PREDICTOR, place
from twins.solvers.case import unpack
from twins.solvers.cholesky import factorise, invert
from twins.solvers.linear import CONTRACT
from twins.solvers.scoring import CONVERGED, FAILED, bend, descend, room_of
from twins.solvers.shares import SHARE, take
from twins.solvers.views import row, table

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Kernel = Callable[..., None]

_row, _table = types.float64[::1], types.float64[:, ::1]
_whole, _wholes = types.int64[::1], types.int64[:, ::1]
FIT = types.void(
    *(ANSWER, PREDICTOR, _row, _whole, _whole, _whole, _whole, _whole, _whole, _whole),
    *(_table, types.int64, _row, _row, _table, _wholes, _row, _row, _table),
)
"""Type of `fit`."""
_APART = 0.05
"""Two minima are different when some standard normal is this far apart and their objectives are."""


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _distance(one: Array, first: int, other: Array, second: int) -> float:
    """How far a row of one table and a row of another are apart, by the normal that differs most."""
    found = 0.0
    for k in range(one.shape[1]):
        found = max(found, abs(one[first, k] - other[second, k]))
    return found


@njit(forceinline=True)
def search_room(p: int, descents: int) -> int:
    """How many numbers `search` writes over on its way, of p effects."""
    return descents * (3 * p + 1) + p + (1 + p) * (p + 1) + room_of(p)  # type: ignore[no-any-return]


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
    slopes: Array,
    room: Array,
) -> tuple[float, float, int, int, int]:
    """The lowest minimum found from the typical patient and from the best points of a grid, which `u` becomes.

    Parameters
    ----------
    grid : ndarray, shape (points, etas)
        Further starts in standard normals; kappas start at 0. The first row is the typical patient.
    descents
        From how many starts at most, the typical patient's among them.
    slopes : ndarray, shape (1 + effects, effects + 1)
        Filled with what `SLOPES` answers there.
    room : ndarray, shape (`search_room` of as many effects,)
        Written over.

    Returns
    -------
    objective, greatest slope by u, iterations in all, status, how many different minima were found
    """
    p = u.size
    wide = (1 + p) * (p + 1)
    taken, known = table(room, 0, 2 * descents, p), table(room, 2 * descents * p, descents, p)
    known_value, here = row(room, 3 * descents * p, descents), row(room, descents * (3 * p + 1), p)
    sloped = table(room, descents * (3 * p + 1) + p, 1 + p, p + 1)
    left = descents * (3 * p + 1) + p + wide
    path = row(room, left, room.size - left)
    points = grid.shape[0] if descents > 1 else 1
    starts, heights = np.zeros((points, p)), np.zeros((points, 1))
    for point in range(points):
        for k in range(grid.shape[1]):
            starts[point, k] = grid[point, k]
    if descents > 1:
        answer(function, numbers, wholes, HEIGHT, starts, heights)
    marks = minima = total = 0
    value = steepest = math.inf
    status = FAILED
    for number in range(descents):
        best = 0
        if number > 0:
            best = -1
            for point in range(1, points):
                if not (heights[point, 0] < math.inf) or (best >= 0 and heights[point, 0] >= heights[best, 0]):
                    continue
                near = False
                for mark in range(marks):
                    near = near or _distance(starts, point, taken, mark) < 1.0
                if not near:
                    best = point
            if best < 0:
                break
        for k in range(p):
            here[k] = taken[marks, k] = starts[best, k]
        found, slope, iterations, ended = descend(answer, function, numbers, wholes, steps, here, sloped, path)
        for k in range(p):
            taken[marks + 1, k] = here[k]
        marks += 2
        total += iterations
        if ended == FAILED:
            continue
        new = ended == CONVERGED
        for mode in range(minima):
            new = new and (_distance(taken, marks - 1, known, mode) > _APART and abs(found - known_value[mode]) > 1e-6)
        if new:
            for k in range(p):
                known[minima, k] = here[k]
            known_value[minima] = found
            minima += 1
        if found < value - 1e-6 or (status != CONVERGED and ended == CONVERGED and found < value + 1e-6):
            value, steepest, status = found, slope, ended
            for k in range(p):
                u[k] = here[k]
            for k in range(1 + p):
                for i in range(p + 1):
                    slopes[k, i] = sloped[k, i]
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
    taken: Whole,
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
    """Fits the patients that no other call with the same `taken` fits.

    Parameters
    ----------
    numbers, wholes
        Packed cases behind one another; ``x_at`` say where each one's x begin.
    taken : ndarray of int, shape (1,)
        How many patients have been taken; see `shares`.
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
    patients = number_at.size - 1
    while True:
        first = take(taken, SHARE)
        if first >= patients:
            return
        for who in range(first, min(first + SHARE, patients)):
            mine = row(numbers, number_at[who], number_at[who + 1] - number_at[who])
            whole = row(wholes, whole_at[who], whole_at[who + 1] - whole_at[who])
            p = effect_at[who + 1] - effect_at[who]
            times = time_at[who + 1] - time_at[who]
            room = np.empty((1 + p) * (p + 1) + 2 * (p + times) + 2 * p * p + search_room(p, descents))
            _fit(
                answer,
                function,
                mine,
                whole,
                grid,
                descents,
                row(us, effect_at[who], p),
                row(etas, effect_at[who], p),
                row(found, 2 * who, 2),
                row(counts, 3 * who, 3),
                row(expected, square_at[who], p * p),
                row(full, square_at[who], p * p) if full.size else full,
                row(predicted, time_at[who], times),
                row(predicted, predicted.shape[1] + time_at[who], times),
                room,
            )


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _fit(
    answer: Kernel,
    function: Kernel,
    numbers: Array,
    wholes: Whole,
    grid: Array,
    descents: int,
    u: Array,
    eta: Array,
    found: Array,
    counts: Whole,
    expected: Array,
    full: Array,
    by_population: Array,
    by_mode: Array,
    room: Array,
) -> None:
    """One patient's part of `fit`, in its own arrays; `room` is written over."""
    p, times = u.size, by_mode.size
    wide = (1 + p) * (p + 1)
    slopes, rows = table(room, 0, 1 + p, p + 1), table(room, wide, 2, p)
    seen = table(room, wide + 2 * p, 2, times)
    left = wide + 2 * (p + times)
    bent, root = table(room, left, p, p), table(room, left + p * p, p, p)
    left += 2 * p * p
    path = row(room, left, room.size - left)
    case = unpack(numbers, wholes)
    steps = case.steps
    value, slope, iterations, status, minima = search(
        answer, function, numbers, wholes, steps, grid, descents, u, slopes, path
    )
    found[0] = value
    found[1] = slope
    counts[0] = status
    counts[1] = iterations
    counts[2] = minima
    place(case.between, case.within, case.reach, u, eta)
    for k in range(p):
        rows[0, k] = 0.0
        rows[1, k] = eta[k]
    answer(function, numbers, wholes, PREDICTION, rows, seen)
    for j in range(times):
        by_population[j] = seen[0, j]
        by_mode[j] = seen[1, j]
    if status == FAILED:
        return
    for k in range(p):
        for i in range(p):
            bent[k, i] = slopes[1 + k, i]
    if factorise(bent, root):
        invert(root, expected)
    bends = full.size > 0 and bend(answer, function, numbers, wholes, steps[1], u, bent)
    if bends and factorise(bent, root):
        invert(root, full)

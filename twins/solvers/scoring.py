"""The mode of one patient's posterior by damped Fisher scoring with a Newton finish, compiled for many patients.

It walks in independent standard normals u: an effect is the root of its covariance times u, so every direction has the
same scale, the prior's curvature is 2, and an effect without variance or without data stays exactly where it began.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from twins.solvers.ask import ANSWER, HEIGHT, PREDICTION, PREDICTOR, SLOPES, place
from twins.solvers.case import unpack
from twins.solvers.cholesky import factorise, invert, substitute
from twins.solvers.linear import CONTRACT

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

CONVERGED, NOT_CONVERGED, FAILED = 0, 1, 2
"""How a fit ended; `FAILED`: nowhere that it looked had a finite density."""

_MOST_ITERATIONS = 100
_MOST_TRIALS = 40
_SCORING = 12
"""Steps of Fisher scoring with a learnt correction before Newton's, each of which asks for the full curvature."""
_STEP_TOLERANCE = 1e-8
_DECREASE_TOLERANCE = 1e-14
"""Expected decrease of the objective, relative, below which no step is worth taking."""
_APART = 0.05
"""Two minima are different when some standard normal is this far apart and their objectives are."""


def curve(answer: Kernel, function: Kernel, numbers: Array, wholes: Whole, step: float, u: Array, out: Array) -> bool:
    """Full curvature of the objective by u, by fourth-order differences; False where it is not finite."""
    p = u.size
    rows = np.empty((1 + 2 * p * (p + 1), p))
    rows[0] = u
    at = 1
    for i in range(p):
        for k in range(i + 1):
            for number in (-2.0, -1.0, 1.0, 2.0):
                rows[at] = u
                rows[at, i] += number * step
                if k != i:
                    rows[at, k] += number * step
                at += 1
    values = np.empty((at, 1))
    answer(function, numbers, wholes, HEIGHT, rows, values)
    finite = True
    at = 1
    for i in range(p):
        for k in range(i + 1):
            near = values[at + 1, 0] + values[at + 2, 0]
            far = values[at, 0] + values[at + 3, 0]
            out[i, k] = (16.0 * near - far - 30.0 * values[0, 0]) / (12.0 * step * step)
            finite = finite and abs(out[i, k]) < math.inf
            at += 4
    for i in range(p):
        for k in range(i):
            out[i, k] = 0.5 * (out[i, k] - out[i, i] - out[k, k])
            out[k, i] = out[i, k]
    return finite


_curve = njit(cache=True, fastmath=CONTRACT, error_model="numpy")(curve)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def descend(
    answer: Kernel, function: Kernel, numbers: Array, wholes: Whole, steps: Array, u: Array
) -> tuple[float, float, int, int]:
    """Moves `u` to a minimum.

    Fisher scoring takes the expected curvature, which is positive definite everywhere, and comes near the mode in a few
    steps. What the expected curvature lacks of the full one is learnt from how the gradient changed over each step, by
    the symmetric rank-one update of Dennis, Gay and Welsch's NL2SOL (ACM Trans Math Softw 1981;7:348-368,
    doi 10.1145/355958.355965), sized as theirs; where that does not end it, the last steps take the full curvature.
    Marquardt's damping shortens steps that overshoot, and stands in where a curvature is not positive definite.

    Returns
    -------
    objective, greatest slope by u, iterations, `CONVERGED` or another
    """
    p = u.size
    step, trial = np.empty(p), np.empty((1, p))
    slopes, there = np.empty((1 + p, p + 1)), np.empty((1 + p, p + 1))
    curvature, bent, root = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    learnt, rest = np.zeros((p, p)), np.empty(p)
    trial[0] = u
    answer(function, numbers, wholes, SLOPES, trial, slopes)
    value = slopes[0, p]
    steepest = _steepest(slopes)
    if not (value < math.inf) or not (steepest < math.inf):
        return math.inf, math.inf, 0, FAILED
    damping = 0.0
    status = NOT_CONVERGED
    iterations = 0
    while iterations < _MOST_ITERATIONS:
        for k in range(p):
            for i in range(p):
                bent[k, i] = slopes[1 + k, i]
        if not factorise(bent, root):
            break
        substitute(root, slopes[0], step)
        promised = 0.0
        for k in range(p):
            promised += step[k] * slopes[0, k]
        if promised <= _DECREASE_TOLERANCE * (1.0 + abs(value)):
            status = CONVERGED
            break
        iterations += 1
        newton = iterations > _SCORING and _curve(answer, function, numbers, wholes, steps[1], u, curvature)
        found = math.inf
        for _ in range(_MOST_TRIALS):
            for k in range(p):
                for i in range(p):
                    expected = slopes[1 + k, i]
                    bent[k, i] = (curvature[k, i] if newton else expected + learnt[k, i]) + damping * expected
            if factorise(bent, root):
                substitute(root, slopes[0], step)
                for k in range(p):
                    trial[0, k] = u[k] - step[k]
                # Slopes and height together: the first step is mostly the one that is taken.
                answer(function, numbers, wholes, SLOPES, trial, there)
                found = there[0, p]
                if found < value and _steepest(there) < math.inf:
                    break
            found = math.inf
            damping = max(8.0 * damping, 1e-3)
        if not (found < value):
            # No step however short goes down: at rounding level that is the minimum, elsewhere it is a failure.
            if promised <= steps[2] * (1.0 + abs(value)):
                status = CONVERGED
            break
        longest = 0.0
        for k in range(p):
            longest = max(longest, abs(step[k]))
            u[k] = trial[0, k]
        value = found
        _learn(learnt, slopes, there, step, rest)
        slopes[:] = there
        steepest = _steepest(slopes)
        damping = 0.2 * damping if damping > 1e-6 else 0.0
        if longest < _STEP_TOLERANCE:
            status = CONVERGED
            break
    return value, steepest, iterations, status


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _learn(learnt: Array, before: Array, after: Array, step: Array, rest: Array) -> None:
    """Corrects the expected curvature so that it would have told the change of gradient over the step from u."""
    p = step.size
    told = known = size = 0.0
    for k in range(p):
        rest[k] = after[0, k] - before[0, k]
        own = 0.0
        for i in range(p):
            rest[k] += after[1 + k, i] * step[i]
            own += learnt[k, i] * step[i]
        told -= rest[k] * step[k]
        known += own * step[k]
        size += step[k] * step[k]
    share = min(1.0, abs(told) / abs(known)) if known != 0.0 else 1.0
    along = long = 0.0
    for k in range(p):
        for i in range(p):
            learnt[k, i] *= share
            rest[k] += learnt[k, i] * step[i]
        along -= rest[k] * step[k]
        long += rest[k] * rest[k]
    if abs(along) > 1e-8 * math.sqrt(long * size):
        for k in range(p):
            for i in range(p):
                learnt[k, i] += rest[k] * rest[i] / along


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _steepest(slopes: Array) -> float:
    """The greatest slope; infinite where one is not a number."""
    found = 0.0
    for k in range(slopes.shape[1] - 1):
        if not (abs(slopes[0, k]) < math.inf):
            return math.inf
        found = max(found, abs(slopes[0, k]))
    return found


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
        bends = full.size > 0 and _curve(answer, function, mine, whole, steps[1], u, bent)
        if bends and factorise(bent, root):
            invert(root, full[square])

"""The mode of one patient's posterior by damped Fisher scoring with a Newton finish, compiled for many patients.

It walks in independent standard normals u: an effect is the root of its covariance times u, so every direction has the
same scale, the prior's curvature is 2, and an effect without variance or without data stays exactly where it began.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.ask import HEIGHT, SLOPES
from twins.solvers.cholesky import factorise, substitute
from twins.solvers.linear import CONTRACT
from twins.solvers.views import row, table

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Kernel = Callable[..., None]

CONVERGED, NOT_CONVERGED, FAILED = 0, 1, 2
"""How a fit ended; `FAILED`: nowhere that it looked had a finite density."""

_MOST_ITERATIONS = 100
_MOST_TRIALS = 40
_SCORING = 12
"""Steps of Fisher scoring with a learnt correction before Newton's, each of which asks for the full curvature."""
_STEP_TOLERANCE = 1e-8
_DECREASE_TOLERANCE = 1e-14
"""Expected decrease of the objective, relative, below which no step is worth taking."""


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


bend = njit(cache=True, fastmath=CONTRACT, error_model="numpy")(curve)


@njit(forceinline=True)
def room_of(p: int) -> int:
    """How many numbers `descend` writes over on its way, of p effects."""
    return 3 * p + 4 * p * p + (1 + p) * (p + 1)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def descend(
    answer: Kernel, function: Kernel, numbers: Array, wholes: Whole, steps: Array, u: Array, slopes: Array, room: Array
) -> tuple[float, float, int, int]:
    """Moves `u` to a minimum.

    Fisher scoring takes the expected curvature, which is positive definite everywhere, and comes near the mode in a few
    steps. What the expected curvature lacks of the full one is learnt from how the gradient changed over each step, by
    the symmetric rank-one update of Dennis, Gay and Welsch's NL2SOL (ACM Trans Math Softw 1981;7:348-368,
    doi 10.1145/355958.355965), sized as theirs; where that does not end it, the last steps take the full curvature.
    Marquardt's damping shortens steps that overshoot, and stands in where a curvature is not positive definite.

    Parameters
    ----------
    slopes : ndarray, shape (1 + effects, effects + 1)
        Filled with what `SLOPES` answers at the minimum.
    room : ndarray, shape (`room_of` as many effects,)
        Written over.

    Returns
    -------
    objective, greatest slope by u, iterations, `CONVERGED` or another
    """
    p = u.size
    step, rest, trial = row(room, 0, p), row(room, p, p), table(room, 2 * p, 1, p)
    at = 3 * p
    curvature, bent = table(room, at, p, p), table(room, at + p * p, p, p)
    root, learnt = table(room, at + 2 * p * p, p, p), table(room, at + 3 * p * p, p, p)
    there = table(room, at + 4 * p * p, 1 + p, p + 1)
    for k in range(p):
        trial[0, k] = u[k]
        for i in range(p):
            learnt[k, i] = 0.0
    answer(function, numbers, wholes, SLOPES, trial, slopes)
    value = slopes[0, p]
    steepest = _steepest(slopes)
    if not (value < math.inf) or not (steepest < math.inf):
        return math.inf, math.inf, 0, FAILED
    damping = 0.0
    status = NOT_CONVERGED
    iterations = 0
    while iterations < _MOST_ITERATIONS:
        if not _far(slopes, _DECREASE_TOLERANCE * (1.0 + abs(value))):
            promised = _promise(slopes, bent, root, step)
            if promised <= _DECREASE_TOLERANCE * (1.0 + abs(value)):
                status = CONVERGED
                break
            if not (promised < math.inf):
                break
        iterations += 1
        newton = iterations > _SCORING and bend(answer, function, numbers, wholes, steps[1], u, curvature)
        found = slope = math.inf
        for _ in range(_MOST_TRIALS):
            for k in range(p):
                for i in range(k + 1):
                    expected = slopes[1 + k, i]
                    bent[k, i] = (curvature[k, i] if newton else expected + learnt[k, i]) + damping * expected
            if factorise(bent, root):
                substitute(root, slopes, step)
                for k in range(p):
                    trial[0, k] = u[k] - step[k]
                # Slopes and height together: the first step is mostly the one that is taken.
                answer(function, numbers, wholes, SLOPES, trial, there)
                found = there[0, p]
                slope = _steepest(there)
                if found < value and slope < math.inf:
                    break
            found = math.inf
            damping = max(8.0 * damping, 1e-3)
        if not (found < value):
            # No step however short goes down: at rounding level that is the minimum, elsewhere it is a failure.
            if _promise(slopes, bent, root, step) <= steps[2] * (1.0 + abs(value)):
                status = CONVERGED
            break
        longest = 0.0
        for k in range(p):
            longest = max(longest, abs(step[k]))
            u[k] = trial[0, k]
        value, steepest = found, slope
        _learn(learnt, slopes, there, step, rest)
        for k in range(1 + p):
            for i in range(p + 1):
                slopes[k, i] = there[k, i]
        damping = 0.2 * damping if damping > 1e-6 else 0.0
        if longest < _STEP_TOLERANCE:
            status = CONVERGED
            break
    return value, steepest, iterations, status


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _far(slopes: Array, decrease: float) -> bool:
    """Whether more than this decrease is sure to be expected, without solving: no curvature exceeds their sum."""
    p = slopes.shape[1] - 1
    steep = sum_of_curvatures = 0.0
    for k in range(p):
        steep += slopes[0, k] * slopes[0, k]
        sum_of_curvatures += slopes[1 + k, k]
    return steep > 2.0 * decrease * sum_of_curvatures


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _promise(slopes: Array, bent: Array, root: Array, step: Array) -> float:
    """The decrease that the expected curvature promises, doubled; not a number where it is not positive definite."""
    p = step.size
    for k in range(p):
        for i in range(k + 1):
            bent[k, i] = slopes[1 + k, i]
    if not factorise(bent, root):
        return math.nan
    substitute(root, slopes, step)
    promised = 0.0
    for k in range(p):
        promised += step[k] * slopes[0, k]
    return promised


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

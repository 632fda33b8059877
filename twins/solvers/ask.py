"""What one model says of one patient: predictions, the height of the posterior, its slopes and expected curvature.

`answer` takes the predictor of the model's engine as a pointer, so one compiled kernel serves every engine and every
set of equations.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from twins.solvers.case import Case, unpack
from twins.solvers.individual import IDENTITY, LOG, gather, move
from twins.solvers.likelihood import level
from twins.solvers.linear import CONTRACT
from twins.solvers.superposition import superpose

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Kernel = Callable[..., None]

_row, _table, _block = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
_whole, _wholes = types.int64[::1], types.int64[:, ::1]
PREDICTOR = types.FunctionType(
    types.void(_whole, _row, _wholes, _block, _table, _row, _row, _row, types.boolean, _whole, _row, _table)
)
"""Type of a `Predictor`'s function."""
ANSWER = types.FunctionType(types.void(PREDICTOR, _row, _whole, types.int64, _table, _table))
"""Type of `answer`."""

PREDICTION, HEIGHT, SLOPES = 0, 1, 2
"""Questions; see `answer`."""
_FURTHEST = 15.0
"""An effect that moves its component further than this, on its own scale, is no patient; exp overflows far beyond."""


def answer(function: Kernel, numbers: Array, wholes: Whole, question: int, rows: Array, out: Array) -> None:
    """Answers one of three questions on a packed case.

    Parameters
    ----------
    rows, out
        `PREDICTION`: rows of effects (n, effects); `out` (n, times) is filled with predictions at the levels' times,
        not a number where the solver failed.
        `HEIGHT`: rows of independent standard normals (n, effects), whose effects the prior's roots make; `out` (n, 1)
        is filled with minus two log posterior density without constants, infinite where no patient is so far from
        typical or the solver failed.
        `SLOPES`: one such row; `out` (1 + effects, effects + 1) is filled with the height's gradient and, in the last
        column, the height itself; below the gradient with the expected curvature. Where the height is infinite the
        rest is not a number.
    """
    case = unpack(numbers, wholes)
    if question == PREDICTION:
        predict(function, case, rows, out)
    elif question == HEIGHT:
        weigh(function, case, rows, out)
    else:
        incline(function, case, rows[0], out)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def place(between: Array, within: Array, reach: Array, u: Array, eta: Array) -> bool:
    """Effects from independent standard normals; False where no patient is so far from typical."""
    p, q = between.shape[0], within.shape[0]
    near = True
    for k in range(u.size):
        total = 0.0
        which = k
        if k < p:
            for j in range(k + 1):
                total += between[k, j] * u[j]
        else:
            inside = (k - p) % q
            which = p + inside
            for j in range(inside + 1):
                total += within[inside, j] * u[k - inside + j]
        eta[k] = total
        near = near and abs(total) <= _FURTHEST * reach[which]
    return near


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def predict(function: Kernel, case: Case, etas: Array, out: Array) -> None:
    """Fills `out`, shape (n, times), for each row of effects."""
    if out.shape[1] == 0:
        return
    effects = case.effects
    epochs, width = effects.added.shape
    plain = case.plain[0] > 0.0
    count = 1 if plain else etas.shape[0]
    last = 1 if plain else epochs
    parameters = np.empty((count, last, width))
    shift = np.empty(effects.typical.shape[1])
    parts = np.empty((last, shift.size))
    for row in range(etas.shape[0]):
        at = 0 if plain else row
        move(effects, 0, last, etas[row], shift, parts)
        gather(effects, 0, last, parts, parameters[at])
        if plain:
            form, scale = int(case.plain[0]), case.plain[1]
            superpose(form, scale, parameters[0, 0], case.doses, case.times_h, out[row], out, False)
    if plain:
        return
    function(
        case.layout,
        case.scales,
        case.ports,
        parameters,
        case.doses,
        case.epochs_h,
        case.times_h,
        case.resets_h,
        case.backward[0] == 1,
        case.output_of_time,
        case.tolerance,
        out,
    )


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def weigh(function: Kernel, case: Case, us: Array, out: Array) -> None:
    """Heights of rows of standard normals; see `HEIGHT`."""
    n = us.shape[0]
    etas = np.empty(us.shape)
    predicted = np.empty((n, case.times_h.size))
    for row in range(n):
        out[row, 0] = 0.0
        if not place(case.between, case.within, case.reach, us[row], etas[row]):
            etas[row, :] = 0.0
            out[row, 0] = math.inf
    predict(function, case, etas, predicted)
    levels = case.levels
    for row in range(n):
        total = 0.0
        for k in range(us.shape[1]):
            total += us[row, k] * us[row, k]
        for j in range(levels.observed.size):
            value, _, _ = level(
                levels.kind[j],
                levels.error[j, 0],
                levels.error[j, 1],
                levels.error[j, 2],
                levels.weight[j],
                levels.below[j],
                levels.observed[j],
                predicted[row, levels.column[j]],
            )
            total += value
        out[row, 0] += total


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def linearise(function: Kernel, case: Case, eta: Array, f: Array, slopes: Array) -> None:
    """Predictions, shape (times,), and their slopes by the effects, shape (times, effects), by differences."""
    p, q = case.between.shape[0], case.within.shape[0]
    k = eta.size
    steps = np.empty(k)
    rows = np.empty((4 * k + 1, k))
    for row in range(4 * k + 1):
        rows[row] = eta
    for at in range(k):
        steps[at] = case.steps[0] * case.reach[at if at < p else p + (at - p) % q]
        rows[1 + 4 * at, at] += 2.0 * steps[at]
        rows[2 + 4 * at, at] += steps[at]
        rows[3 + 4 * at, at] -= steps[at]
        rows[4 + 4 * at, at] -= 2.0 * steps[at]
    predicted = np.empty((4 * k + 1, f.size))
    predict(function, case, rows, predicted)
    for j in range(f.size):
        f[j] = predicted[0, j]
        for at in range(k):
            near = predicted[2 + 4 * at, j] - predicted[3 + 4 * at, j]
            far = predicted[1 + 4 * at, j] - predicted[4 + 4 * at, j]
            slopes[j, at] = (8.0 * near - far) / (12.0 * steps[at])


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def superposed(case: Case, eta: Array, f: Array, slopes: Array) -> None:
    """As `linearise`, by the exact slopes of a sum over doses and modes."""
    effects = case.effects
    width = effects.added.shape[1]
    parts = np.empty((2, effects.typical.shape[1]))
    parameters = np.empty((1, width))
    move(effects, 0, 1, eta, parts[1], parts)
    gather(effects, 0, 1, parts[:1], parameters)
    by_parameter = np.empty((f.size, width))
    form, scale = int(case.plain[0]), case.plain[1]
    superpose(form, scale, parameters[0], case.doses, case.times_h, f, by_parameter, True)
    slopes[:] = 0.0
    etas, kappas = effects.counts[0], effects.counts[1]
    for term in range(effects.effect.size):
        which = effects.effect[term]
        at = which
        if which >= etas:
            if effects.occasion[0] < 0:
                continue
            at = which + effects.occasion[0] * kappas
        part = effects.component[term]
        change = effects.factor[term] * math.exp(effects.box_cox[which] * eta[at])
        link = effects.links[part]
        if link != IDENTITY:
            change *= parts[0, part]
            if link != LOG:
                change *= 1.0 - parts[0, part]
        for j in range(f.size):
            slopes[j, at] += by_parameter[j, effects.columns[part]] * change


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def incline(function: Kernel, case: Case, u: Array, out: Array) -> None:
    """Gradient and expected curvature at one row of standard normals; see `SLOPES`."""
    p = u.size
    levels = case.levels
    count = case.times_h.size
    eta = np.empty(p)
    if not place(case.between, case.within, case.reach, u, eta):
        out[:] = math.nan
        out[0, p] = math.inf
        return
    f = np.empty(count)
    by_eta, by_u = np.empty((count, p)), np.empty((count, p))
    if count > 0 and case.plain[0] > 0.0:
        superposed(case, eta, f, by_eta)
    elif count > 0:
        linearise(function, case, eta, f, by_eta)
    for j in range(count):
        _pull_back(case.between, case.within, by_eta[j], by_u[j])
    height = 0.0
    for k in range(p):
        height += u[k] * u[k]
        out[0, k] = 2.0 * u[k]
        for i in range(p):
            out[1 + k, i] = 0.0
        out[1 + k, k] = 2.0
    for j in range(levels.observed.size):
        at = levels.column[j]
        value, slope, curvature = level(
            levels.kind[j],
            levels.error[j, 0],
            levels.error[j, 1],
            levels.error[j, 2],
            levels.weight[j],
            levels.below[j],
            levels.observed[j],
            f[at],
        )
        height += value
        if value == math.inf:
            slope = math.nan
        for k in range(p):
            out[0, k] += slope * by_u[at, k]
            for i in range(k + 1):
                out[1 + k, i] += curvature * by_u[at, k] * by_u[at, i]
    out[0, p] = height
    for k in range(p):
        for i in range(k):
            out[1 + i, k] = out[1 + k, i]


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _pull_back(between: Array, within: Array, by_eta: Array, by_u: Array) -> None:
    """A row of slopes by the effects as slopes by their independent standard normals."""
    p, q = between.shape[0], within.shape[0]
    for k in range(by_u.size):
        total = 0.0
        if k < p:
            for i in range(k, p):
                total += by_eta[i] * between[i, k]
        else:
            inside = (k - p) % q
            for i in range(inside, q):
                total += by_eta[k - inside + i] * within[i, inside]
        by_u[k] = total

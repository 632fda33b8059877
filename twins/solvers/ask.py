"""What one model says of one patient: predictions, the height of the posterior, its slopes and expected curvature.

`answer` takes the predictor of the model's engine as a pointer, so one compiled kernel serves every engine and every
set of equations.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from twins.solvers.case import Case, superposes, unpack
from twins.solvers.individual import IDENTITY, LOG, gather, move
from twins.solvers.lane import stack
from twins.solvers.likelihood import level
from twins.solvers.linear import CONTRACT
from twins.solvers.superposition import superpose
from twins.solvers.views import row, table

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
_ROOM = 256
"""So many numbers, enough for a handful of levels, are at hand on the stack; more must be asked for."""
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
    if question == SLOPES:
        if superposes(numbers, wholes):
            _incline_plain(function, numbers, wholes, rows, out)
        else:
            _incline(function, numbers, wholes, rows, out)
    elif question == HEIGHT:
        _weigh(function, numbers, wholes, rows, out)
    else:
        _predict(function, numbers, wholes, rows, out)


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
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


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
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
    room = np.empty((last + 1) * effects.typical.shape[1])
    _parametrise(case, etas, last, room, parameters, out)
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


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def _parametrise(case: Case, etas: Array, epochs: int, room: Array, parameters: Array, out: Array) -> None:
    """Parameters of each row of effects; where doses superpose one row at a time, and with it what it predicts."""
    effects = case.effects
    names, width, times = effects.typical.shape[1], effects.added.shape[1], out.shape[1]
    shift, parts = row(room, 0, names), table(room, names, epochs, names)
    plain = case.plain[0] > 0.0
    for number in range(etas.shape[0]):
        mine = table(parameters, 0 if plain else number * epochs * width, epochs, width)
        move(effects, 0, epochs, row(etas, number * etas.shape[1], etas.shape[1]), shift, parts)
        gather(effects, 0, epochs, parts, mine)
        if plain:
            form, scale = int(case.plain[0]), case.plain[1]
            f = row(out, number * times, times)
            superpose(form, scale, row(mine, 0, width), case.doses, case.times_h, f, out, False)


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def weigh(function: Kernel, case: Case, us: Array, out: Array) -> None:
    """Heights of rows of standard normals; see `HEIGHT`."""
    n, p = us.shape
    etas = np.empty(us.shape)
    predicted = np.empty((n, case.times_h.size))
    _settle(case, us, etas, out)
    predict(function, case, etas, predicted)
    levels = case.levels
    for number in range(n):
        total = 0.0
        for k in range(p):
            total += us[number, k] * us[number, k]
        for j in range(levels.observed.size):
            value, _, _ = level(
                levels.kind[j],
                levels.error[j, 0],
                levels.error[j, 1],
                levels.error[j, 2],
                levels.weight[j],
                levels.below[j],
                levels.observed[j],
                predicted[number, levels.column[j]],
            )
            total += value
        out[number, 0] += total


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def _settle(case: Case, us: Array, etas: Array, out: Array) -> None:
    """Effects of rows of standard normals; where no patient is so far from typical they are 0, and `out` infinite."""
    p = us.shape[1]
    for number in range(us.shape[0]):
        out[number, 0] = 0.0
        eta = row(etas, number * p, p)
        if not place(case.between, case.within, case.reach, row(us, number * p, p), eta):
            for k in range(p):
                eta[k] = 0.0
            out[number, 0] = math.inf


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def linearise(function: Kernel, case: Case, eta: Array, f: Array, slopes: Array) -> None:
    """Predictions, shape (times,), and their slopes by the effects, shape (times, effects), by differences."""
    p, q = case.between.shape[0], case.within.shape[0]
    k = eta.size
    steps = np.empty(k)
    rows = np.empty((4 * k + 1, k))
    for number in range(4 * k + 1):
        rows[number] = eta
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


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def superposed(case: Case, eta: Array, room: Array, f: Array, slopes: Array) -> None:
    """As `linearise`, by the exact slopes of a sum over doses and modes."""
    effects = case.effects
    names, width = effects.typical.shape[1], effects.added.shape[1]
    shift, parts = row(room, 0, names), table(room, names, 1, names)
    parameters = table(room, 2 * names, 1, width)
    by_parameter = table(room, 2 * names + width, f.size, width)
    move(effects, 0, 1, eta, shift, parts)
    gather(effects, 0, 1, parts, parameters)
    form, scale = int(case.plain[0]), case.plain[1]
    superpose(form, scale, row(parameters, 0, width), case.doses, case.times_h, f, by_parameter, True)
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
        change = effects.factor[term]
        if effects.box_cox[which] != 0.0:
            change *= math.exp(effects.box_cox[which] * eta[at])
        link = effects.links[part]
        if link != IDENTITY:
            change *= parts[0, part]
            if link != LOG:
                change *= 1.0 - parts[0, part]
        for j in range(f.size):
            slopes[j, at] += by_parameter[j, effects.columns[part]] * change


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def room_of(case: Case, p: int) -> int:
    """How many numbers `incline` writes over on its way, of p effects."""
    width, parts, times = case.effects.added.shape[1], case.effects.typical.shape[1], case.times_h.size
    return p + times * (1 + 2 * p + width) + width + 2 * parts  # type: ignore[no-any-return]


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
def incline(function: Kernel, case: Case, plain: bool, u: Array, room: Array, out: Array) -> None:
    """Gradient and expected curvature at one row of standard normals; see `SLOPES`.

    `plain`: the case's doses superpose. `room` is written over.
    """
    p = u.size
    levels = case.levels
    count = case.times_h.size
    eta, f = row(room, 0, p), row(room, p, count)
    by_eta, by_u = table(room, p + count, count, p), table(room, p + count * (1 + p), count, p)
    if not place(case.between, case.within, case.reach, u, eta):
        out[:] = math.nan
        out[0, p] = math.inf
        return
    if count > 0 and plain:
        left = p + count * (1 + 2 * p)
        superposed(case, eta, row(room, left, room.size - left), f, by_eta)
    elif count > 0:
        linearise(function, case, eta, f, by_eta)
    for j in range(count):
        _pull_back(case.between, case.within, row(by_eta, j * p, p), row(by_u, j * p, p))
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


@njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")
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


# One kernel for each question, so that of a case only what the question needs is looked up.


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _predict(function: Kernel, numbers: Array, wholes: Whole, rows: Array, out: Array) -> None:
    predict(function, unpack(numbers, wholes), rows, out)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _weigh(function: Kernel, numbers: Array, wholes: Whole, rows: Array, out: Array) -> None:
    weigh(function, unpack(numbers, wholes), rows, out)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _incline(function: Kernel, numbers: Array, wholes: Whole, rows: Array, out: Array) -> None:
    case = unpack(numbers, wholes)
    need = room_of(case, rows.shape[1])
    room = stack(_ROOM)
    if need > _ROOM:
        room = np.empty(need)
    incline(function, case, False, row(rows, 0, rows.shape[1]), room, out)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _incline_plain(function: Kernel, numbers: Array, wholes: Whole, rows: Array, out: Array) -> None:
    case = unpack(numbers, wholes)
    need = room_of(case, rows.shape[1])
    room = stack(_ROOM)
    if need > _ROOM:
        room = np.empty(need)
    incline(function, case, True, row(rows, 0, rows.shape[1]), room, out)

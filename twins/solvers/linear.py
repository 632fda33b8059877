"""One to three compartments and a depot, linear elimination: one interval in closed form, 16 rows side by side.

The matrix of mammillary compartments becomes symmetric when each amount is divided by the root of its volume, so its
modes are orthonormal and well conditioned even where two rates coincide. Between events the input rates and the
parameters are constant: each mode decays by itself, and the integral of the central amount has a closed form too;
nothing is stepped, nothing is approximated. First-order absorption enters each mode through a divided difference of
two exponentials, which is taken without cancellation where the absorption rate meets a mode's.

Rows go side by side in lanes, so that the processor's vector units do the carrying. All lanes share one work buffer
with constant offsets: the compiler can then see that its rows do not overlap. The number of lanes is fixed and short
blocks leave lanes idle, so that every row goes through the same instructions whatever is beside it.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.exponential import CONTRACT as CONTRACT
from twins.solvers.exponential import decayed

Array = NDArray[np.float64]

LANES = 16

# What lies in the work buffer, in rows of `LANES`. Of the parameters: each mode's rate and its inverse; the share of
# compartment s in mode i at SHAPES + 3s + i; roots of volumes and their inverses; absorption rate and its inverse;
# what a mode adds to the central concentration (WEIGHTS) and what a unit in the depot feeds it per hour (SHARES).
RATES, PER_RATES, SHAPES, ROOTS, PER_ROOTS = 0, 3, 6, 15, 18
KA, PER_KA, WEIGHTS, SHARES, VOLUME = 21, 22, 23, 26, 29
# What is there now: the modes, the depot, what infusions push into them, infusion rates by compartment.
HELD, DEPOT, PUSH, PUSH_DEPOT, SPEEDS = 30, 33, 34, 37, 38
# What one step does: to a mode by itself (E), by a unit of push (G), to its integral by a unit of push (H); and by a
# unit in the depot (P), by a unit rate into it (Q), to the integral by that rate (R).
STEP_E, STEP_G, STEP_H, STEP_P, STEP_Q, STEP_R, E_DEPOT, G_DEPOT = 42, 45, 48, 51, 54, 57, 60, 61
# Room for amounts, and for what is measured: the concentration after and before a step, the area under it, slopes at
# both ends, how fast modes and depot change as it begins, and what is kept of a window.
AMOUNTS, VALUE, BEFORE, GAINED, SLOPE_BEFORE, SLOPE_AFTER, CHANGE, CHANGE_DEPOT = 62, 66, 67, 68, 69, 70, 71, 74
AREA, TOP, LOW, ABOVE = 75, 76, 77, 78
# The search for a peak inside a step: when, how high, between which bounds, slope and curvature there, whether done.
PEAK_AT, PEAK, FROM, UNTIL, SLOPE, CURVATURE, DONE = 81, 82, 83, 84, 85, 86, 87
# What arrives inside a step at each row's own time.
SINCE, BOLUS, SPEED, LATE_SPEEDS = 88, 89, 90, 91
ROOM = 95 * LANES
_SCRATCH = 18


@njit(cache=True)
def buffer() -> Array:
    """A work buffer."""
    return np.zeros(ROOM + _SCRATCH)


@njit(cache=True, fastmath=CONTRACT)
def enter_epoch(work: Array, parameters: Array, first: int, last: int, epoch: int, count: int, depot: int) -> None:
    """The modes of each row's parameters in an epoch; idle lanes take those of the block's last row."""
    for k in range(LANES):
        row = min(first + k, last - 1)
        clearance, central = parameters[row, epoch, 0], parameters[row, epoch, 1]
        work[VOLUME * LANES + k] = central
        for s in range(count):
            root = math.sqrt(parameters[row, epoch, 1 + 2 * s])
            work[(ROOTS + s) * LANES + k] = root
            work[(PER_ROOTS + s) * LANES + k] = 1.0 / root
        if count == 1:
            work[RATES * LANES + k] = clearance / central
            work[SHAPES * LANES + k] = 1.0
        elif count == 2:
            _two_modes(work, k, clearance, central, parameters[row, epoch, 2], parameters[row, epoch, 3])
        else:
            _three_modes(work, k, parameters[row, epoch])
        for i in range(count):
            work[(PER_RATES + i) * LANES + k] = 1.0 / work[(RATES + i) * LANES + k]
            work[(WEIGHTS + i) * LANES + k] = work[(SHAPES + i) * LANES + k] * work[PER_ROOTS * LANES + k]
        if depot == 1:
            ka = parameters[row, epoch, 2 * count]
            work[KA * LANES + k] = ka
            work[PER_KA * LANES + k] = 1.0 / ka
            for i in range(count):
                work[(SHARES + i) * LANES + k] = work[(WEIGHTS + i) * LANES + k] * ka


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _two_modes(
    work: Array, k: int, clearance: float, central: float, intercompartmental: float, peripheral: float
) -> None:
    """Two compartments: l² - (k10 + k12 + k21) l + k10 k21 = 0 and what follows."""
    k10 = clearance / central
    k12 = intercompartmental / central
    k21 = intercompartmental / peripheral
    # Each root comes from the sum that does not cancel, its partner from the product of the two.
    difference = k10 + k12 - k21
    gap = math.sqrt(difference * difference + 4.0 * k12 * k21)
    larger = 0.5 * (abs(difference) + gap)
    smaller = k12 * k21 / larger
    above = larger if difference >= 0.0 else smaller
    below = smaller if difference >= 0.0 else larger
    fast = k21 + above
    work[RATES * LANES + k] = fast
    work[(RATES + 1) * LANES + k] = k10 * k21 / fast
    one = math.sqrt(above / gap)
    other = math.sqrt(below / gap)
    work[SHAPES * LANES + k] = one
    work[(SHAPES + 1) * LANES + k] = other
    work[(SHAPES + 3) * LANES + k] = -other
    work[(SHAPES + 4) * LANES + k] = one


@njit(cache=True, fastmath=CONTRACT)
def _three_modes(work: Array, lane: int, parameters: Array) -> None:
    """Three compartments, by Jacobi's rotations of the symmetrised matrix.

    The rates are then taken once more as sums of squares over the modes, so that a slow mode beside fast ones keeps
    its digits.
    """
    k10 = parameters[0] / parameters[1]
    k12 = parameters[2] / parameters[1]
    k13 = parameters[4] / parameters[1]
    k21 = parameters[2] / parameters[3]
    k31 = parameters[4] / parameters[5]
    r12, r21, r13, r31 = math.sqrt(k12), math.sqrt(k21), math.sqrt(k13), math.sqrt(k31)
    matrix, modes = ROOM, ROOM + 9  # 3 by 3 each
    for j in range(9):
        work[modes + j] = 1.0 if j % 4 == 0 else 0.0
    work[matrix], work[matrix + 4], work[matrix + 8] = k10 + k12 + k13, k21, k31
    work[matrix + 1] = work[matrix + 3] = -r12 * r21
    work[matrix + 2] = work[matrix + 6] = -r13 * r31
    work[matrix + 5] = work[matrix + 7] = 0.0
    negligible = 1e-20 * (k10 + k12 + k13 + k21 + k31)
    for _ in range(16):
        if abs(work[matrix + 1]) + abs(work[matrix + 2]) + abs(work[matrix + 5]) <= negligible:
            break
        _rotate(work, matrix, modes, 0, 1)
        _rotate(work, matrix, modes, 0, 2)
        _rotate(work, matrix, modes, 1, 2)
    for i in range(3):
        y0, y1, y2 = work[modes + i], work[modes + 3 + i], work[modes + 6 + i]
        one = r12 * y0 - r21 * y1
        other = r13 * y0 - r31 * y2
        rate = (k10 * y0 * y0 + one * one + other * other) / (y0 * y0 + y1 * y1 + y2 * y2)
        work[(RATES + i) * LANES + lane] = rate
        for s in range(3):
            work[(SHAPES + 3 * s + i) * LANES + lane] = work[modes + 3 * s + i]


@njit(cache=True, fastmath=CONTRACT)
def _rotate(work: Array, matrix: int, modes: int, p: int, q: int) -> None:
    """One rotation that takes away what couples p and q."""
    coupling = work[matrix + 3 * p + q]
    if coupling == 0.0:
        return
    turn = (work[matrix + 4 * q] - work[matrix + 4 * p]) / (2.0 * coupling)
    tangent = 1.0 / (abs(turn) + math.sqrt(turn * turn + 1.0))
    if turn < 0.0:
        tangent = -tangent
    cosine = 1.0 / math.sqrt(tangent * tangent + 1.0)
    sine = tangent * cosine
    for j in range(3):
        one, other = work[matrix + 3 * j + p], work[matrix + 3 * j + q]
        work[matrix + 3 * j + p] = cosine * one - sine * other
        work[matrix + 3 * j + q] = sine * one + cosine * other
    for j in range(3):
        one, other = work[matrix + 3 * p + j], work[matrix + 3 * q + j]
        work[matrix + 3 * p + j] = cosine * one - sine * other
        work[matrix + 3 * q + j] = sine * one + cosine * other
    for j in range(3):
        one, other = work[modes + 3 * j + p], work[modes + 3 * j + q]
        work[modes + 3 * j + p] = cosine * one - sine * other
        work[modes + 3 * j + q] = sine * one + cosine * other


@njit(cache=True, fastmath=CONTRACT)
def take_amounts(work: Array, count: int, depot: int) -> None:
    """Set what the modes and the depot hold from AMOUNTS, mg."""
    for i in range(count):
        for k in range(LANES):
            work[(HELD + i) * LANES + k] = 0.0
        for s in range(count):
            for k in range(LANES):
                scaled = work[(AMOUNTS + s) * LANES + k] * work[(PER_ROOTS + s) * LANES + k]
                work[(HELD + i) * LANES + k] += work[(SHAPES + 3 * s + i) * LANES + k] * scaled
    if depot == 1:
        for k in range(LANES):
            work[DEPOT * LANES + k] = work[(AMOUNTS + count) * LANES + k]


@njit(cache=True, fastmath=CONTRACT)
def leave_amounts(work: Array, count: int, depot: int) -> None:
    """Set AMOUNTS, mg, from what the modes and the depot hold."""
    for s in range(count):
        for k in range(LANES):
            work[(AMOUNTS + s) * LANES + k] = 0.0
        for i in range(count):
            for k in range(LANES):
                held = work[(SHAPES + 3 * s + i) * LANES + k] * work[(HELD + i) * LANES + k]
                work[(AMOUNTS + s) * LANES + k] += held * work[(ROOTS + s) * LANES + k]
    if depot == 1:
        for k in range(LANES):
            work[(AMOUNTS + count) * LANES + k] = work[DEPOT * LANES + k]


@njit(cache=True, fastmath=CONTRACT)
def set_push(work: Array, count: int, depot: int) -> None:
    """What the infusion rates in SPEEDS push into the modes and the depot."""
    for i in range(count):
        for k in range(LANES):
            work[(PUSH + i) * LANES + k] = 0.0
        for s in range(count):
            for k in range(LANES):
                speed = work[(SPEEDS + s) * LANES + k] * work[(PER_ROOTS + s) * LANES + k]
                work[(PUSH + i) * LANES + k] += work[(SHAPES + 3 * s + i) * LANES + k] * speed
    if depot == 1:
        for k in range(LANES):
            work[PUSH_DEPOT * LANES + k] = work[(SPEEDS + count) * LANES + k]


@njit(cache=True, fastmath=CONTRACT)
def add(work: Array, amount: float, fractions: Array, at: int, state: int, count: int) -> None:
    """A bolus of `amount` times each lane's fraction into a compartment."""
    if state == count:
        for k in range(LANES):
            work[DEPOT * LANES + k] += amount * fractions[at + k]
        return
    for i in range(count):
        for k in range(LANES):
            scaled = amount * fractions[at + k] * work[(PER_ROOTS + state) * LANES + k]
            work[(HELD + i) * LANES + k] += work[(SHAPES + 3 * state + i) * LANES + k] * scaled


@njit(cache=True, fastmath=CONTRACT, inline="always")
def twice(x: float, hours: float, once: float, per_rate: float) -> float:
    """The second integral of exp(-rate·t) over an interval, from the first; x is rate·hours."""
    p = 1.0 / 479001600.0 - x / 6227020800.0
    p = 1.0 / 39916800.0 - x * p
    p = 1.0 / 3628800.0 - x * p
    p = 1.0 / 362880.0 - x * p
    p = 1.0 / 40320.0 - x * p
    p = 1.0 / 5040.0 - x * p
    p = 1.0 / 720.0 - x * p
    p = 1.0 / 120.0 - x * p
    p = 1.0 / 24.0 - x * p
    p = 1.0 / 6.0 - x * p
    p = 0.5 - x * p
    # The difference loses digits where x is small, so there the series stands in for it.
    return hours * hours * p if x < 0.25 else (hours - once) * per_rate


@njit(cache=True, fastmath=CONTRACT, inline="always")
def absorbed(rate: float, ka: float, hours: float, left: float, left_depot: float) -> float:
    """What a unit in a depot becomes in a mode, per unit of absorption rate.

    The divided difference over the two rates of exp(-rate·hours): of the slower one's, times how far the faster one has
    gone beyond it, which does not cancel where the two meet.
    """
    gap = abs(ka - rate) * hours
    _, gone = decayed(gap)
    slower = max(left, left_depot)
    share = gone / gap if gap > 0.0 else 1.0
    return hours * slower * share


@njit(cache=True, fastmath=CONTRACT, inline="always")
def absorbed_once(
    rate: float, ka: float, hours: float, once: float, once_depot: float, per_rate: float, per_ka: float, first: float
) -> float:
    """The integral of `absorbed` over the interval, from the integrals of the two exponentials."""
    mode_is_slower = rate < ka
    slow = once if mode_is_slower else once_depot
    per_fast = per_ka if mode_is_slower else per_rate
    a, b = min(rate, ka) * hours, max(rate, ka) * hours
    return hours * hours * series(a, b, 0.5, 3.0) if b < 0.25 else (slow - first) * per_fast


@njit(cache=True, fastmath=CONTRACT, inline="always")
def absorbed_twice(
    rate: float,
    ka: float,
    hours: float,
    twice_mode: float,
    twice_depot: float,
    per_rate: float,
    per_ka: float,
    second: float,
) -> float:
    """The second integral of `absorbed`."""
    mode_is_slower = rate < ka
    slow = twice_mode if mode_is_slower else twice_depot
    per_fast = per_ka if mode_is_slower else per_rate
    a, b = min(rate, ka) * hours, max(rate, ka) * hours
    return hours * hours * hours * series(a, b, 1.0 / 6.0, 4.0) if b < 0.25 else (slow - second) * per_fast


@njit(cache=True, fastmath=CONTRACT, inline="always")
def series(a: float, b: float, factor: float, divisor: float) -> float:
    """Sum of the complete homogeneous polynomials of -a and -b over the factorials from `factor` on."""
    whole = 1.0
    power = 1.0
    total = 0.0
    for n in range(12):
        total += whole * factor
        factor = factor / (n + divisor)
        power = power * -b
        whole = power - a * whole
    return total


@njit(cache=True, fastmath=CONTRACT)
def set_step(work: Array, hours: float, count: int, depot: int, exposure: bool) -> None:
    """What one step of this length does."""
    if depot == 1:
        for k in range(LANES):
            left, gone = decayed(work[KA * LANES + k] * hours)
            work[E_DEPOT * LANES + k] = left
            work[G_DEPOT * LANES + k] = gone * work[PER_KA * LANES + k]
    _step_mode(work, hours, 0, depot, exposure)
    if count > 1:
        _step_mode(work, hours, 1, depot, exposure)
    if count > 2:
        _step_mode(work, hours, 2, depot, exposure)


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _step_mode(work: Array, hours: float, i: int, depot: int, exposure: bool) -> None:
    for k in range(LANES):
        left, gone = decayed(work[(RATES + i) * LANES + k] * hours)
        work[(STEP_E + i) * LANES + k] = left
        work[(STEP_G + i) * LANES + k] = gone * work[(PER_RATES + i) * LANES + k]
    if exposure:
        for k in range(LANES):
            per_rate = work[(PER_RATES + i) * LANES + k]
            once = work[(STEP_G + i) * LANES + k]
            work[(STEP_H + i) * LANES + k] = twice(work[(RATES + i) * LANES + k] * hours, hours, once, per_rate)
    if depot == 0:
        return
    for k in range(LANES):
        first = absorbed(
            work[(RATES + i) * LANES + k],
            work[KA * LANES + k],
            hours,
            work[(STEP_E + i) * LANES + k],
            work[E_DEPOT * LANES + k],
        )
        work[(STEP_P + i) * LANES + k] = first
    for k in range(LANES):
        second = absorbed_once(
            work[(RATES + i) * LANES + k],
            work[KA * LANES + k],
            hours,
            work[(STEP_G + i) * LANES + k],
            work[G_DEPOT * LANES + k],
            work[(PER_RATES + i) * LANES + k],
            work[PER_KA * LANES + k],
            work[(STEP_P + i) * LANES + k],
        )
        work[(STEP_Q + i) * LANES + k] = second
    if exposure:
        for k in range(LANES):
            ka, per_ka = work[KA * LANES + k], work[PER_KA * LANES + k]
            third = absorbed_twice(
                work[(RATES + i) * LANES + k],
                ka,
                hours,
                work[(STEP_H + i) * LANES + k],
                twice(ka * hours, hours, work[G_DEPOT * LANES + k], per_ka),
                work[(PER_RATES + i) * LANES + k],
                per_ka,
                work[(STEP_Q + i) * LANES + k],
            )
            work[(STEP_R + i) * LANES + k] = third * work[(SHARES + i) * LANES + k]
    for k in range(LANES):
        work[(STEP_P + i) * LANES + k] *= work[(SHARES + i) * LANES + k]
        work[(STEP_Q + i) * LANES + k] *= work[(SHARES + i) * LANES + k]


@njit(cache=True, fastmath=CONTRACT, inline="always")
def advance(work: Array, count: int, depot: int, exposure: bool) -> None:
    """Carry modes and depot over the step that was set; with `exposure`, GAINED is the area that it adds."""
    if exposure:
        for k in range(LANES):
            work[GAINED * LANES + k] = 0.0
    _advance_mode(work, 0, depot, exposure)
    if count > 1:
        _advance_mode(work, 1, depot, exposure)
    if count > 2:
        _advance_mode(work, 2, depot, exposure)
    if depot == 1:
        for k in range(LANES):
            work[DEPOT * LANES + k] = (
                work[DEPOT * LANES + k] * work[E_DEPOT * LANES + k]
                + work[PUSH_DEPOT * LANES + k] * work[G_DEPOT * LANES + k]
            )


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _advance_mode(work: Array, i: int, depot: int, exposure: bool) -> None:
    if exposure:
        for k in range(LANES):
            gained = (
                work[(HELD + i) * LANES + k] * work[(STEP_G + i) * LANES + k]
                + work[(PUSH + i) * LANES + k] * work[(STEP_H + i) * LANES + k]
            )
            work[GAINED * LANES + k] += work[(WEIGHTS + i) * LANES + k] * gained
        if depot == 1:
            for k in range(LANES):
                gained = (
                    work[DEPOT * LANES + k] * work[(STEP_Q + i) * LANES + k]
                    + work[PUSH_DEPOT * LANES + k] * work[(STEP_R + i) * LANES + k]
                )
                work[GAINED * LANES + k] += work[(WEIGHTS + i) * LANES + k] * gained
    if depot == 1:
        for k in range(LANES):
            work[(HELD + i) * LANES + k] = (
                work[(HELD + i) * LANES + k] * work[(STEP_E + i) * LANES + k]
                + work[(PUSH + i) * LANES + k] * work[(STEP_G + i) * LANES + k]
                + work[DEPOT * LANES + k] * work[(STEP_P + i) * LANES + k]
                + work[PUSH_DEPOT * LANES + k] * work[(STEP_Q + i) * LANES + k]
            )
    else:
        for k in range(LANES):
            work[(HELD + i) * LANES + k] = (
                work[(HELD + i) * LANES + k] * work[(STEP_E + i) * LANES + k]
                + work[(PUSH + i) * LANES + k] * work[(STEP_G + i) * LANES + k]
            )


@njit(cache=True, fastmath=CONTRACT, inline="always")
def set_value(work: Array, count: int) -> None:
    """VALUE: the central concentration, mg/L; rounding never makes it negative."""
    for k in range(LANES):
        value = work[WEIGHTS * LANES + k] * work[HELD * LANES + k]
        if count > 1:
            value += work[(WEIGHTS + 1) * LANES + k] * work[(HELD + 1) * LANES + k]
        if count > 2:
            value += work[(WEIGHTS + 2) * LANES + k] * work[(HELD + 2) * LANES + k]
        work[VALUE * LANES + k] = 0.0 if value < 0.0 else value


@njit(cache=True, fastmath=CONTRACT)
def close_periods(work: Array, hours: float, count: int, depot: int) -> None:
    """From what one period of a steady state leaves, what all the periods before have left together."""
    set_step(work, hours, count, depot, False)
    if depot == 1:
        for k in range(LANES):
            work[DEPOT * LANES + k] /= work[G_DEPOT * LANES + k] * work[KA * LANES + k]
    for i in range(count):
        for k in range(LANES):
            held = work[(HELD + i) * LANES + k]
            if depot == 1:
                held += work[DEPOT * LANES + k] * work[(STEP_P + i) * LANES + k]
            work[(HELD + i) * LANES + k] = held / (work[(STEP_G + i) * LANES + k] * work[(RATES + i) * LANES + k])

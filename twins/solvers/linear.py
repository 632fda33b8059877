"""One to three compartments and a depot, linear elimination: one interval in closed form, rows side by side.

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
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from twins.solvers.exponential import CONTRACT as CONTRACT
from twins.solvers.exponential import decayed
from twins.solvers.rows import LANES, across, choose, fill, products

Array = NDArray[np.float64]

# What lies in the work buffer, in rows of `LANES`. First what a block begins with as noughts: the modes, the depot,
# what infusions push into them, infusion rates by compartment, those of rows' own times; what is kept of a window.
ZERO, HELD, DEPOT, PUSH, PUSH_DEPOT, SPEEDS, LATE_SPEEDS = 0, 1, 4, 5, 8, 9, 13
AREA, TOP, LOW, ABOVE = 17, 18, 19, 20
CLEARED = 23
# Ones; of the parameters each mode's rate, inverse and negative, the absorption rate's behind them as if it were a
# fourth mode's; the share of compartment s in mode i at SHAPES + 3s + i; roots of volumes and their inverses; what a
# mode adds to the central concentration (WEIGHTS) and what a unit in the depot feeds it per hour (SHARES).
ONE, RATES, PER_RATES, MINUS_RATES, SHAPES, ROOTS, PER_ROOTS = 23, 24, 28, 32, 36, 45, 48
ABSORPTION = 3
KA, PER_KA, MINUS_KA = RATES + ABSORPTION, PER_RATES + ABSORPTION, MINUS_RATES + ABSORPTION
WEIGHTS, SHARES, VOLUME, SCALE = 51, 54, 57, 58
# Room for amounts and for sums on their way; the concentration after and before a step, slopes at both ends, how fast
# modes and depot change as it begins.
AMOUNTS, SUMS, SAME, VALUE, BEFORE = 59, 63, 67, 68, 69
SLOPE_BEFORE, SLOPE_AFTER, CHANGE, CHANGE_DEPOT = 70, 71, 72, 75
# The search for a peak inside a step: when, how high, between which bounds, slope and curvature there, whether done.
PEAK_AT, PEAK, FROM, UNTIL, SLOPE, CURVATURE, DONE = 76, 77, 78, 79, 80, 81, 82
# What arrives inside a step at each row's own time; what is set aside; concentrations that wait to be written.
SINCE, BOLUS, SPEED, WHEN, LASTS, BEGIN, KEPT, WAITING = 83, 84, 85, 86, 87, 88, 89, 97
# What a stretch of time does, as a block of rows for each of these, one row a mode and the depot's behind them: to a
# mode by itself (E), by a unit of push (G), to its integral by a unit of push (H); and by a unit in the depot (P), by a
# unit rate into it (Q), to the integral by that rate (R).
E, G, H, P, Q, R = 0, 4, 8, 12, 16, 20
FACTORS = 24
# Such blocks: one for TIMES, each lane's own; and those of steps that may come again.
TIMES, NOW, STEPS = 105, 106, 130
PLACES = 4
"""How many steps of different length are kept."""
FRACTIONS = STEPS + PLACES * FACTORS + 2
"""From here on a row for each slot and then those of kinks; the two rows before it are room for one lane's 3 by 3
matrices."""
_SCRATCH = (FRACTIONS - 2) * LANES


@njit(cache=True)
def buffer(more: int) -> Array:
    """A work buffer with so many rows more than every block needs."""
    return np.zeros((FRACTIONS + more) * LANES)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def enter_epoch(work: Array, parameters: Array, first: int, last: int, epoch: int, count: int, depot: int) -> None:
    """The modes of each row's parameters in an epoch; idle lanes take those of the block's last row."""
    fill(work, ONE, 1.0)
    for k in range(LANES):
        row = min(first + k, last - 1)
        for column in range(min(2 * count, 4)):
            work[(SUMS + column) * LANES + k] = parameters[row, epoch, column]
        if depot == 1:
            work[KA * LANES + k] = parameters[row, epoch, 2 * count]
    if count == 1:
        _one_mode(work)
    elif count == 2:
        _two_modes(work)
    else:
        for k in range(LANES):
            _three_modes(work, k, parameters[min(first + k, last - 1), epoch])
    for i in range(count):
        _turn_over(work, i)
        products(work, WEIGHTS + i, (SHAPES + i, PER_ROOTS))
    if depot == 1:
        _turn_over(work, ABSORPTION)
        for i in range(count):
            products(work, SHARES + i, (WEIGHTS + i, KA))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _turn_over(work: Array, i: int) -> None:
    """Inverse and negative of a rate."""
    for k in range(LANES):
        rate = work[(RATES + i) * LANES + k]
        work[(PER_RATES + i) * LANES + k] = 1.0 / rate
        work[(MINUS_RATES + i) * LANES + k] = -rate


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _one_mode(work: Array) -> None:
    for k in range(LANES):
        clearance, central = work[SUMS * LANES + k], work[(SUMS + 1) * LANES + k]
        root = math.sqrt(central)
        work[VOLUME * LANES + k] = central
        work[ROOTS * LANES + k] = root
        work[PER_ROOTS * LANES + k] = 1.0 / root
        work[RATES * LANES + k] = clearance / central
        work[SHAPES * LANES + k] = 1.0


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _two_modes(work: Array) -> None:
    """Two compartments: l² - (k10 + k12 + k21) l + k10 k21 = 0 and what follows."""
    for k in range(LANES):
        clearance, central = work[SUMS * LANES + k], work[(SUMS + 1) * LANES + k]
        between, peripheral = work[(SUMS + 2) * LANES + k], work[(SUMS + 3) * LANES + k]
        k10 = clearance / central
        k12 = between / central
        k21 = between / peripheral
        # Each root comes from the sum that does not cancel, its partner from the product of the two.
        difference = k10 + k12 - k21
        gap = math.sqrt(difference * difference + 4.0 * k12 * k21)
        larger_part = 0.5 * (abs(difference) + gap)
        smaller_part = k12 * k21 / larger_part
        more = difference >= 0.0
        above = larger_part if more else smaller_part
        below = smaller_part if more else larger_part
        fast = k21 + above
        one, other = math.sqrt(above / gap), math.sqrt(below / gap)
        root, root_two = math.sqrt(central), math.sqrt(peripheral)
        work[VOLUME * LANES + k] = central
        work[ROOTS * LANES + k] = root
        work[(ROOTS + 1) * LANES + k] = root_two
        work[PER_ROOTS * LANES + k] = 1.0 / root
        work[(PER_ROOTS + 1) * LANES + k] = 1.0 / root_two
        work[RATES * LANES + k] = fast
        work[(RATES + 1) * LANES + k] = k10 * k21 / fast
        work[SHAPES * LANES + k] = one
        work[(SHAPES + 1) * LANES + k] = other
        work[(SHAPES + 3) * LANES + k] = -other
        work[(SHAPES + 4) * LANES + k] = one


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
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
    matrix, modes = _SCRATCH, _SCRATCH + 9  # 3 by 3 each
    for j in range(9):
        work[modes + j] = 1.0 if j % 4 == 0 else 0.0
    work[matrix], work[matrix + 4], work[matrix + 8] = k10 + k12 + k13, k21, k31
    work[matrix + 1] = work[matrix + 3] = -r12 * r21
    work[matrix + 2] = work[matrix + 6] = -r13 * r31
    work[matrix + 5] = work[matrix + 7] = 0.0
    work[VOLUME * LANES + lane] = parameters[1]
    for s in range(3):
        root = math.sqrt(parameters[1 + 2 * s])
        work[(ROOTS + s) * LANES + lane] = root
        work[(PER_ROOTS + s) * LANES + lane] = 1.0 / root
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


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
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


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def take_amounts(work: Array, count: int, depot: int) -> None:
    """Set what the modes and the depot hold from AMOUNTS, mg."""
    _to_modes(work, AMOUNTS, HELD, count)
    if depot == 1:
        products(work, DEPOT, (AMOUNTS + count, ONE))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def leave_amounts(work: Array, count: int, depot: int) -> None:
    """Set AMOUNTS, mg, from what the modes and the depot hold."""
    for s in range(count):
        products(work, SAME, (SHAPES + 3 * s, HELD))
        for i in range(1, count):
            products(work, SAME, (SAME, ONE, SHAPES + 3 * s + i, HELD + i))
        products(work, AMOUNTS + s, (SAME, ROOTS + s))
    if depot == 1:
        products(work, AMOUNTS + count, (DEPOT, ONE))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def set_push(work: Array, count: int, depot: int) -> None:
    """What the infusion rates in SPEEDS push into the modes and the depot."""
    _to_modes(work, SPEEDS, PUSH, count)
    if depot == 1:
        products(work, PUSH_DEPOT, (SPEEDS + count, ONE))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _to_modes(work: Array, source: int, into: int, count: int) -> None:
    """From compartments to modes."""
    for s in range(count):
        products(work, SUMS + s, (source + s, PER_ROOTS + s))
    for i in range(count):
        products(work, into + i, (SHAPES + i, SUMS))
        for s in range(1, count):
            products(work, into + i, (into + i, ONE, SHAPES + 3 * s + i, SUMS + s))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def add(work: Array, amount: float, slot: int, state: int, count: int) -> None:
    """A bolus of `amount` times each lane's fraction into a compartment."""
    fill(work, SAME, amount)
    if state == count:
        products(work, DEPOT, (DEPOT, ONE, SAME, FRACTIONS + slot))
        return
    products(work, SUMS, (SAME, FRACTIONS + slot))
    products(work, SUMS, (SUMS, PER_ROOTS + state))
    for i in range(count):
        products(work, HELD + i, (HELD + i, ONE, SHAPES + 3 * state + i, SUMS))


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def twice(x: Any, hours: Any, once: Any, per_rate: Any) -> Any:
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
    return choose(x < 0.25, hours * hours * p, (hours - once) * per_rate)


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def absorbed(rate: Any, ka: Any, hours: Any, left: Any, left_depot: Any) -> Any:
    """What a unit in a depot becomes in a mode, per unit of absorption rate.

    The divided difference over the two rates of exp(-rate·hours): of the slower one's, times how far the faster one has
    gone beyond it, which does not cancel where the two meet.
    """
    gap = abs(ka - rate) * hours
    _, gone = decayed(gap)
    slower = choose(left > left_depot, left, left_depot)
    share = choose(gap > 0.0, gone / gap, 1.0)
    return hours * slower * share


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def absorbed_once(
    rate: Any, ka: Any, hours: Any, once: Any, once_depot: Any, per_rate: Any, per_ka: Any, first: Any
) -> Any:
    """The integral of `absorbed` over the interval, from the integrals of the two exponentials."""
    mode_is_slower = rate < ka
    slow = choose(mode_is_slower, once, once_depot)
    per_fast = choose(mode_is_slower, per_ka, per_rate)
    a, b = choose(mode_is_slower, rate, ka) * hours, choose(mode_is_slower, ka, rate) * hours
    return choose(b < 0.25, hours * hours * series(a, b, 0.5, 3.0), (slow - first) * per_fast)


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def absorbed_twice(
    rate: Any,
    ka: Any,
    hours: Any,
    twice_mode: Any,
    twice_depot: Any,
    per_rate: Any,
    per_ka: Any,
    second: Any,
) -> Any:
    """The second integral of `absorbed`."""
    mode_is_slower = rate < ka
    slow = choose(mode_is_slower, twice_mode, twice_depot)
    per_fast = choose(mode_is_slower, per_ka, per_rate)
    a, b = choose(mode_is_slower, rate, ka) * hours, choose(mode_is_slower, ka, rate) * hours
    return choose(b < 0.25, hours * hours * hours * series(a, b, 1.0 / 6.0, 4.0), (slow - second) * per_fast)


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def series(a: Any, b: Any, factor: float, divisor: float) -> Any:
    """Sum of the complete homogeneous polynomials of -a and -b over the factorials from `factor` on."""
    whole = power = 1.0 + 0.0 * a
    total = 0.0 * a
    for n in range(12):
        total += whole * factor
        factor = factor / (n + divisor)
        power = power * -b
        whole = power - a * whole
    return total


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def _left(rate: Any, hours: Any, per_rate: Any) -> tuple[Any, Any]:
    left, gone = decayed(rate * hours)
    return left, gone * per_rate


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def _twice(rate: Any, hours: Any, per_rate: Any, once: Any) -> Any:
    return twice(rate * hours, hours, once, per_rate)


_to_left, _to_twice = across(_left), across(_twice)
_to_absorbed, _to_once, _to_twice_absorbed = across(absorbed), across(absorbed_once), across(absorbed_twice)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def decay(work: Array, into: int, i: int, deep: bool) -> None:
    """What TIMES do to a mode (`ABSORPTION`: the depot): E and G of the block `into`; `deep`: H too."""
    _to_left(work, (into + E + i, into + G + i), (RATES + i, TIMES, PER_RATES + i))
    if deep:
        _to_twice(work, (into + H + i,), (RATES + i, TIMES, PER_RATES + i, into + G + i))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def absorb(work: Array, into: int, i: int, wide: bool, deep: bool) -> None:
    """After `decay` of the depot and of the mode: what reaches the mode from the depot.

    P of a unit in the depot; `wide`: Q of a unit rate into it; `deep`: R, to the integral by that rate.
    """
    e, g, h, p, q, r = into + E, into + G, into + H, into + P + i, into + Q + i, into + R + i
    _to_absorbed(work, (p,), (RATES + i, KA, TIMES, e + i, e + ABSORPTION))
    if wide:
        _to_once(work, (q,), (RATES + i, KA, TIMES, g + i, g + ABSORPTION, PER_RATES + i, PER_KA, p))
    if deep:
        _to_twice_absorbed(work, (r,), (RATES + i, KA, TIMES, h + i, h + ABSORPTION, PER_RATES + i, PER_KA, q))
    products(work, p, (p, SHARES + i))
    if wide:
        products(work, q, (q, SHARES + i))
    if deep:
        products(work, r, (r, SHARES + i))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def set_factors(work: Array, into: int, count: int, depot: int, wide: bool, deep: bool) -> None:
    """What TIMES do to all modes and the depot, into a block; `wide` and `deep` as `absorb` has them."""
    if depot == 1:
        decay(work, into, ABSORPTION, deep)
    for i in range(count):
        decay(work, into, i, deep)
        if depot == 1:
            absorb(work, into, i, wide, deep)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def set_step(work: Array, into: int, hours: float, count: int, depot: int, exposure: bool) -> None:
    """What one step of this length does, into a block."""
    fill(work, TIMES, hours)
    set_factors(work, into, count, depot, hours > 0.0, exposure)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy", inline="always")
def advance(work: Array, by: int, count: int, depot: int, pushed: bool, exposure: bool) -> None:
    """Carry modes and depot over the step of a block; with `exposure`, AREA grows by what the step adds to it.

    Where nothing is `pushed` into them, that is left out.
    """
    _advance_mode(work, by, 0, depot, pushed, exposure)
    if count > 1:
        _advance_mode(work, by, 1, depot, pushed, exposure)
    if count > 2:
        _advance_mode(work, by, 2, depot, pushed, exposure)
    if depot == 1:
        left, once = by + E + ABSORPTION, by + G + ABSORPTION
        if pushed:
            products(work, DEPOT, (DEPOT, left, PUSH_DEPOT, once))
        else:
            products(work, DEPOT, (DEPOT, left))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy", inline="always")
def _advance_mode(work: Array, by: int, i: int, depot: int, pushed: bool, exposure: bool) -> None:
    e, g, h, p, q, r = by + E + i, by + G + i, by + H + i, by + P + i, by + Q + i, by + R + i
    if depot == 1:
        if exposure:
            products(work, SUMS, (HELD + i, g, PUSH + i, h, DEPOT, q, PUSH_DEPOT, r))
            products(work, AREA, (AREA, ONE, WEIGHTS + i, SUMS))
        if pushed:
            products(work, HELD + i, (HELD + i, e, PUSH + i, g, DEPOT, p, PUSH_DEPOT, q))
        else:
            products(work, HELD + i, (HELD + i, e, DEPOT, p))
    else:
        if exposure:
            products(work, SUMS, (HELD + i, g, PUSH + i, h))
            products(work, AREA, (AREA, ONE, WEIGHTS + i, SUMS))
        if pushed:
            products(work, HELD + i, (HELD + i, e, PUSH + i, g))
        else:
            products(work, HELD + i, (HELD + i, e))


def _not_below_zero(total: Any) -> Any:
    return choose(total < 0.0, 0.0, total)


_to_value_of_one = across(lambda w, a: _not_below_zero(w * a))
_to_value_of_two = across(lambda w, a, v, b: _not_below_zero(w * a + v * b))
_to_value_of_three = across(lambda w, a, v, b, u, c: _not_below_zero(w * a + v * b + u * c))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy", inline="always")
def set_value(work: Array, count: int) -> None:
    """VALUE: the central concentration, mg/L; rounding never makes it negative."""
    if count == 1:
        _to_value_of_one(work, (VALUE,), (WEIGHTS, HELD))
    elif count == 2:
        _to_value_of_two(work, (VALUE,), (WEIGHTS, HELD, WEIGHTS + 1, HELD + 1))
    else:
        _to_value_of_three(work, (VALUE,), (WEIGHTS, HELD, WEIGHTS + 1, HELD + 1, WEIGHTS + 2, HELD + 2))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def close_periods(work: Array, by: int, count: int, depot: int) -> None:
    """From what one period of a steady state leaves, what all the periods before have left together.

    The period's step must be in the block `by`.
    """
    if depot == 1:
        for k in range(LANES):
            work[DEPOT * LANES + k] /= work[(by + G + ABSORPTION) * LANES + k] * work[KA * LANES + k]
    for i in range(count):
        for k in range(LANES):
            held = work[(HELD + i) * LANES + k]
            if depot == 1:
                held += work[DEPOT * LANES + k] * work[(by + P + i) * LANES + k]
            work[(HELD + i) * LANES + k] = held / (work[(by + G + i) * LANES + k] * work[(RATES + i) * LANES + k])

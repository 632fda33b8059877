"""Two compartments, linear elimination: one interval in closed form.

Amounts in the central and the peripheral compartment (mg) are carried from event to event. Between events the input
rate and the parameters are constant, so the state moves by two exponential modes, and the integral of the central
amount has a closed form too: nothing is stepped, nothing is approximated.

With micro constants k10 = CL/V1, k12 = Q/V1, k21 = Q/V2 (1/h) the decay rates l1 > l2 solve
l² - (k10 + k12 + k21) l + k10 k21 = 0. `contract` is the only relaxation of floating point (a multiplication and an
addition may be fused), so a row's digits do not depend on the rows beside it.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

CLEARANCE, CENTRAL_VOLUME, INTERCOMPARTMENTAL_CLEARANCE, PERIPHERAL_VOLUME = 0, 1, 2, 3
"""Columns of the parameter arrays of this folder: L/h, L, L/h, L."""

CONTRACT = {"contract"}


@njit(cache=True, fastmath=CONTRACT, inline="always")
def modes(
    clearance: float, central: float, intercompartmental: float, peripheral: float
) -> tuple[float, float, float, float, float, float]:
    """Decay rates and weights of the two modes.

    Returns
    -------
    l1, l2 : float
        Fast and slow decay rate, 1/h.
    w1, w2 : float
        Share of the central amount in each mode; w1 + w2 = 1.
    c12, c21 : float
        k21 / (l1 - l2) and k12 / (l1 - l2): how the compartments feed each other.
    """
    k10 = clearance / central
    k12 = intercompartmental / central
    k21 = intercompartmental / peripheral
    # Each root comes from the sum that does not cancel, its partner from the product of the two.
    difference = k10 + k12 - k21
    gap = math.sqrt(difference * difference + 4.0 * k12 * k21)
    if difference >= 0.0:
        above = 0.5 * (difference + gap)
        below = k12 * k21 / above
    else:
        below = 0.5 * (gap - difference)
        above = k12 * k21 / below
    l1 = k21 + above
    l2 = k10 * k21 / l1
    return l1, l2, above / gap, below / gap, k21 / gap, k12 / gap


@njit(cache=True, fastmath=CONTRACT, inline="always")
def decay(rate: float, hours: float) -> tuple[float, float, float]:
    """exp(-rate·hours), its integral over the interval, and the integral of that integral.

    The last one loses its digits to cancellation when rate·hours is small, so there the series stands in for it.
    """
    x = rate * hours
    if x < 1e-3:
        left = math.exp(-x)
        once = hours * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x / 120.0))))
        twice = hours * hours * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x * (1.0 / 120.0 - x / 720.0))))
        return left, once, twice
    gone = -math.expm1(-x)
    once = gone / rate
    return 1.0 - gone, once, (hours - once) / rate


# A row's modes lie in one array: decay rates, the orthonormal modes of the symmetrised compartments, roots of volumes,
# the absorption rate, then what the modes and the depot hold.
_RATES, _SHAPES, _ROOTS, _ABSORPTION, _HELD, _DEPOT = 0, 3, 12, 15, 16, 19
ROOM = 20


@njit(cache=True, fastmath=CONTRACT)
def enter_epoch(work: Array, parameters: Array, count: int, depot: int) -> None:
    """The modes of one row's parameters in one epoch."""
    for s in range(count):
        work[_ROOTS + s] = math.sqrt(parameters[1 + 2 * s])
    work[_ABSORPTION] = parameters[2 * count] if depot else 0.0
    if count == 1:
        work[_RATES] = parameters[0] / parameters[1]
        work[_SHAPES] = 1.0
    elif count == 2:
        l1, l2, w1, w2, _, _ = modes(parameters[0], parameters[1], parameters[2], parameters[3])
        work[_RATES] = l1
        work[_RATES + 1] = l2
        work[_SHAPES] = math.sqrt(w1)
        work[_SHAPES + 1] = math.sqrt(w2)
        work[_SHAPES + 3] = -math.sqrt(w2)
        work[_SHAPES + 4] = math.sqrt(w1)
    else:
        _three_modes(work, parameters)


@njit(cache=True, fastmath=CONTRACT)
def _three_modes(work: Array, parameters: Array) -> None:
    """Modes of three compartments by Jacobi's rotations of the symmetrised matrix.

    Its rates are then taken once more as sums of squares over the modes, so that a slow mode beside fast ones keeps
    its digits.
    """
    k10 = parameters[0] / parameters[1]
    k12 = parameters[2] / parameters[1]
    k21 = parameters[2] / parameters[3]
    k13 = parameters[4] / parameters[1]
    k31 = parameters[4] / parameters[5]
    a = np.zeros((3, 3))
    v = np.eye(3)
    a[0, 0], a[1, 1], a[2, 2] = k10 + k12 + k13, k21, k31
    a[0, 1] = a[1, 0] = -math.sqrt(k12 * k21)
    a[0, 2] = a[2, 0] = -math.sqrt(k13 * k31)
    for _ in range(12):
        if abs(a[0, 1]) + abs(a[0, 2]) + abs(a[1, 2]) < 1e-300:
            break
        for p in range(2):
            for q in range(p + 1, 3):
                if abs(a[p, q]) < 1e-300:
                    continue
                theta = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
                t = 1.0 / (abs(theta) + math.sqrt(theta * theta + 1.0))
                if theta < 0.0:
                    t = -t
                c = 1.0 / math.sqrt(t * t + 1.0)
                s = t * c
                for k in range(3):
                    one, other = a[k, p], a[k, q]
                    a[k, p] = c * one - s * other
                    a[k, q] = s * one + c * other
                for k in range(3):
                    one, other = a[p, k], a[q, k]
                    a[p, k] = c * one - s * other
                    a[q, k] = s * one + c * other
                for k in range(3):
                    one, other = v[k, p], v[k, q]
                    v[k, p] = c * one - s * other
                    v[k, q] = s * one + c * other
    for i in range(3):
        y0, y1, y2 = v[0, i], v[1, i], v[2, i]
        one = math.sqrt(k12) * y0 - math.sqrt(k21) * y1
        other = math.sqrt(k13) * y0 - math.sqrt(k31) * y2
        work[_RATES + i] = (k10 * y0 * y0 + one * one + other * other) / (y0 * y0 + y1 * y1 + y2 * y2)
        for s in range(3):
            work[_SHAPES + 3 * s + i] = v[s, i]


@njit(cache=True, fastmath=CONTRACT)
def take_amounts(work: Array, amounts: Array, count: int, depot: int) -> None:
    """Set what the modes hold from amounts, mg."""
    for i in range(count):
        total = 0.0
        for s in range(count):
            total += work[_SHAPES + 3 * s + i] * (amounts[s] / work[_ROOTS + s])
        work[_HELD + i] = total
    work[_DEPOT] = amounts[count] if depot else 0.0


@njit(cache=True, fastmath=CONTRACT)
def leave_amounts(work: Array, amounts: Array, count: int, depot: int) -> None:
    """Amounts, mg, from what the modes hold."""
    for s in range(count):
        total = 0.0
        for i in range(count):
            total += work[_SHAPES + 3 * s + i] * work[_HELD + i]
        amounts[s] = total * work[_ROOTS + s]
    if depot:
        amounts[count] = work[_DEPOT]


@njit(cache=True, fastmath=CONTRACT)
def advance(work: Array, rates: Array, hours: float, count: int, depot: int) -> float:
    """Carry the modes over an interval; return the integral of the central amount, mg·h."""
    area = 0.0
    ka = work[_ABSORPTION]
    held = work[_DEPOT]
    for i in range(count):
        rate = work[_RATES + i]
        e, g, h = decay(rate, hours)
        push = 0.0
        for s in range(count):
            push += work[_SHAPES + 3 * s + i] * rates[s] / work[_ROOTS + s]
        z = work[_HELD + i]
        now = z * e + push * g
        gained = z * g + push * h
        if depot:
            first, second, third = absorbed(rate, ka, hours)
            share = work[_SHAPES + i] / work[_ROOTS] * ka
            now += share * (held * first + rates[count] * second)
            gained += share * (held * second + rates[count] * third)
        work[_HELD + i] = now
        area += work[_SHAPES + i] * work[_ROOTS] * gained
    if depot:
        e, g, _ = decay(ka, hours)
        work[_DEPOT] = held * e + rates[count] * g
    return area


@njit(cache=True, fastmath=CONTRACT)
def absorbed(one: float, other: float, hours: float) -> tuple[float, float, float]:
    """What a unit in a depot becomes in a mode, per unit of absorption rate, and its first and second integral.

    The divided differences over the two rates of exp(-rate·hours), of its integral, and of that one's integral. Where
    both rates are small against the interval a series stands in, elsewhere an identity that does not cancel.
    """
    low, high = min(one, other), max(one, other)
    a, b = low * hours, high * hours
    gap = b - a
    share = -math.expm1(-gap) / gap if gap > 0.0 else 1.0
    first = hours * math.exp(-a) * share
    if b < 1.0:
        # Complete homogeneous polynomials of -a and -b, one order up each turn.
        whole = 1.0
        power = 1.0
        factor = 0.5
        second = 0.0
        third = 0.0
        for n in range(18):
            second += whole * factor
            factor /= n + 3.0
            third += whole * factor
            power *= -b
            whole = power - a * whole
        return first, second * hours * hours, third * hours * hours * hours
    _, once, twice = decay(low, hours)
    second = (once - first) / high
    return first, second, (twice - second) / high


@njit(cache=True, fastmath=CONTRACT)
def settle(work: Array, marker: Array, state: int, amounts: Array, count: int, depot: int) -> None:
    """Put what a steady state holds into the modes: in place of what is there, or added to it.

    Parameters
    ----------
    marker : ndarray, shape (10,)
        The row of an arrived dose table that marks the steady state.
    state : int
        The compartment that its doses enter.
    amounts : ndarray, shape (4,)
        Room to work in.
    """
    before = work[_HELD : _DEPOT + 1].copy()
    amount, duration, interval, phase = marker[1], marker[2], marker[3], marker[9]
    rates = np.zeros(4)
    # Infusions longer than the interval overlap: so many run all the time, and one more for what is left over.
    always = math.floor(duration / interval)
    rest = duration - always * interval
    speed = amount / duration if duration > 0.0 else 0.0
    amounts[:] = 0.0
    take_amounts(work, amounts, count, depot)
    _one_period(work, amounts, rates, amount, speed, always, rest, duration, state, interval, count, depot)
    # What one period brings, summed over all periods before.
    ka = work[_ABSORPTION]
    if depot:
        work[_DEPOT] /= -math.expm1(-ka * interval)
    for i in range(count):
        rate = work[_RATES + i]
        if depot:
            first, _, _ = absorbed(rate, ka, interval)
            work[_HELD + i] += work[_SHAPES + i] / work[_ROOTS] * ka * work[_DEPOT] * first
        work[_HELD + i] /= -math.expm1(-rate * interval)
    if phase > 0.0:
        _one_period(work, amounts, rates, amount, speed, always, rest, duration, state, interval - phase, count, depot)
    if marker[5] != 1.0:
        for k in range(_DEPOT + 1 - _HELD):
            work[_HELD + k] += before[k]


@njit(cache=True, fastmath=CONTRACT)
def _one_period(
    work: Array,
    amounts: Array,
    rates: Array,
    amount: float,
    speed: float,
    always: float,
    rest: float,
    duration: float,
    state: int,
    hours: float,
    count: int,
    depot: int,
) -> None:
    """Carry the modes from the moment before a dose of a steady state over some hours, an interval at most."""
    rates[:] = 0.0
    if duration == 0.0:
        leave_amounts(work, amounts, count, depot)
        amounts[state] += amount
        take_amounts(work, amounts, count, depot)
        advance(work, rates, hours, count, depot)
        return
    rates[state] = speed * (always + 1.0)
    advance(work, rates, min(rest, hours), count, depot)
    rates[state] = speed * always
    advance(work, rates, max(hours - rest, 0.0), count, depot)

"""Inside one step: the peak after an oral dose or a rebound from the tissues, and the hours above a level.

The concentration's slope obeys the same equations without the infusions, so from how fast modes and depot change as
the step begins both slope and concentration follow at any moment of it.
"""

import math

from numba import njit

from twins.solvers.exponential import CONTRACT, decayed
from twins.solvers.linear import (
    ABSORPTION,
    BEFORE,
    CHANGE,
    CHANGE_DEPOT,
    CURVATURE,
    DEPOT,
    DONE,
    FROM,
    HELD,
    KA,
    MINUS_KA,
    MINUS_RATES,
    NOW,
    ONE,
    PEAK,
    PEAK_AT,
    PER_KA,
    PER_RATES,
    PUSH,
    PUSH_DEPOT,
    RATES,
    SHARES,
    SLOPE,
    SLOPE_AFTER,
    SLOPE_BEFORE,
    SUMS,
    TIMES,
    TOP,
    UNTIL,
    VALUE,
    WEIGHTS,
    Array,
    E,
    P,
    absorbed,
    absorbed_once,
    set_factors,
)
from twins.solvers.rows import LANES, above, fill, products

_MOST = 40  # turns of a search; a bracketed Newton search needs about six
_NEAR = 3e-5  # of a step: the next of Newton's steps would be its square
_CLOSE = 1e-7  # of the step; the curve is flat at its peak, so the peak itself is then right to 1e-13


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def keep_changes(work: Array, count: int, depot: int) -> None:
    """Before a step: how fast modes, depot and concentration change as it begins."""
    for i in range(count):
        products(work, CHANGE + i, (PUSH + i, ONE, MINUS_RATES + i, HELD + i))
    if depot == 1:
        products(work, CHANGE_DEPOT, (PUSH_DEPOT, ONE, MINUS_KA, DEPOT))
        for i in range(count):
            products(work, CHANGE + i, (CHANGE + i, ONE, SHARES + i, DEPOT))
    products(work, SLOPE_BEFORE, (WEIGHTS, CHANGE))
    for i in range(1, count):
        products(work, SLOPE_BEFORE, (SLOPE_BEFORE, ONE, WEIGHTS + i, CHANGE + i))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def find_peaks(work: Array, hours: float, by: int, count: int, depot: int) -> bool:
    """After the step of a block: rows whose concentration rose as it began and fell as it ended.

    They get PEAK_AT and PEAK, and raise TOP.

    Returns
    -------
    bool
        Whether there is any; PEAK_AT is 0 where there is none.
    """
    rising = above(work, SLOPE_BEFORE, 0.0)
    if rising == 0:
        return False
    fill(work, SLOPE_AFTER, 0.0)
    for i in range(count):
        products(work, SUMS, (CHANGE + i, by + E + i))
        if depot == 1:
            products(work, SUMS, (SUMS, ONE, CHANGE_DEPOT, by + P + i))
        products(work, SLOPE_AFTER, (SLOPE_AFTER, ONE, WEIGHTS + i, SUMS))
    turned = rising & ~above(work, SLOPE_AFTER, 0.0)
    if turned == 0:
        return False
    fill(work, FROM, 0.0)
    fill(work, UNTIL, hours)
    fill(work, PEAK_AT, 0.0)
    for k in range(LANES):
        work[DONE * LANES + k] = 0.0 if (turned >> k) & 1 else 1.0
    for _ in range(_MOST):
        _slope_at(work, count, depot)
        waiting = 0
        for k in range(LANES):
            at, slope, curvature = work[PEAK_AT * LANES + k], work[SLOPE * LANES + k], work[CURVATURE * LANES + k]
            low, high = work[FROM * LANES + k], work[UNTIL * LANES + k]
            low = at if slope > 0.0 else low
            high = high if slope > 0.0 else at
            newton = at - slope / curvature
            inside = low < newton < high
            then = newton if inside else 0.5 * (low + high)
            # A row that has arrived stays as it is, so that its digits do not depend on how long others take.
            done = work[DONE * LANES + k] != 0.0
            work[FROM * LANES + k] = low
            work[UNTIL * LANES + k] = high
            work[PEAK_AT * LANES + k] = at if done else then
            arrived = done or abs(then - at) <= _CLOSE * hours
            work[DONE * LANES + k] = 1.0 if arrived else 0.0
            waiting |= 0 if arrived else 1
        if waiting == 0:
            break
    for k in range(LANES):
        if work[PEAK_AT * LANES + k] > 0.0:
            value, _ = value_at(work, k, work[PEAK_AT * LANES + k], count, depot)
            work[PEAK * LANES + k] = value
            work[TOP * LANES + k] = max(work[TOP * LANES + k], value)
    return True


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _slope_at(work: Array, count: int, depot: int) -> None:
    """Slope and curvature of the concentration at PEAK_AT."""
    fill(work, SLOPE, 0.0)
    fill(work, CURVATURE, 0.0)
    products(work, TIMES, (PEAK_AT, ONE))
    shallow = depot > 1  # never: a plain word for False would be compiled once more
    set_factors(work, NOW, count, depot, shallow, shallow)
    for i in range(count):
        products(work, SUMS, (CHANGE + i, NOW + E + i))
        if depot == 1:
            products(work, SUMS, (SUMS, ONE, CHANGE_DEPOT, NOW + P + i))
        products(work, SUMS + 1, (MINUS_RATES + i, SUMS))
        if depot == 1:
            products(work, SUMS + 2, (SHARES + i, CHANGE_DEPOT))
            products(work, SUMS + 1, (SUMS + 1, ONE, SUMS + 2, NOW + E + ABSORPTION))
        products(work, SLOPE, (SLOPE, ONE, WEIGHTS + i, SUMS))
        products(work, CURVATURE, (CURVATURE, ONE, WEIGHTS + i, SUMS + 1))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def value_at(work: Array, k: int, at: float, count: int, depot: int) -> tuple[float, float]:
    """One row's concentration and slope `at` hours into the step."""
    value = work[BEFORE * LANES + k]
    slope = 0.0
    left_depot, once_depot, ka = 0.0, 0.0, 0.0
    if depot == 1:
        ka = work[KA * LANES + k]
        left_depot, gone = decayed(ka * at)
        once_depot = gone * work[PER_KA * LANES + k]
    for i in range(count):
        rate, per_rate = work[(RATES + i) * LANES + k], work[(PER_RATES + i) * LANES + k]
        left, gone = decayed(rate * at)
        once = gone * per_rate
        change = work[(CHANGE + i) * LANES + k]
        now, gained = change * left, change * once
        if depot == 1:
            fed = work[(SHARES + i) * LANES + k] * work[CHANGE_DEPOT * LANES + k]
            first = absorbed(rate, ka, at, left, left_depot)
            per_ka = work[PER_KA * LANES + k]
            now += fed * first
            gained += fed * absorbed_once(rate, ka, at, once, once_depot, per_rate, per_ka, first)
        value += work[(WEIGHTS + i) * LANES + k] * gained
        slope += work[(WEIGHTS + i) * LANES + k] * now
    return value, slope


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def count_hours(work: Array, hours: float, level: float, into: int, peaks: bool, count: int, depot: int) -> None:
    """Add to row `into` of the buffer how long the concentration was above a level during the step."""
    first, last = above(work, BEFORE, level), above(work, VALUE, level)
    if first & last:
        for k in range(LANES):
            work[into * LANES + k] += hours if ((first & last) >> k) & 1 else 0.0
    if first == last and not peaks:
        return
    for k in range(LANES):
        before, after = work[BEFORE * LANES + k], work[VALUE * LANES + k]
        if before > level and after > level:
            continue
        if peaks and work[PEAK_AT * LANES + k] > 0.0:
            middle, top = work[PEAK_AT * LANES + k], work[PEAK * LANES + k]
            if top > level:
                work[into * LANES + k] += _above(work, k, 0.0, middle, before, top, level, count, depot)
                work[into * LANES + k] += _above(work, k, middle, hours, top, after, level, count, depot)
        elif before > level or after > level:
            work[into * LANES + k] += _above(work, k, 0.0, hours, before, after, level, count, depot)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _above(
    work: Array, k: int, left: float, right: float, before: float, after: float, level: float, count: int, depot: int
) -> float:
    """How long one row's concentration is above a level in a part of the step where it only rises or only falls."""
    if before > level and after > level:
        return right - left
    if not (before > level or after > level):
        return 0.0
    # Begun where the straight line of the logarithm crosses, then Newton's steps within what brackets the crossing.
    low, high = left, right
    if before > 0.0 and after > 0.0 and level > 0.0:
        at = left + (right - left) * (math.log(before / level) / math.log(before / after))
    else:
        at = left + (right - left) * ((before - level) / (before - after))
    for _ in range(_MOST):
        value, slope = value_at(work, k, at, count, depot)
        if (value > level) == (before > level):
            low = at
        else:
            high = at
        then = at - (value - level) / slope if slope != 0.0 else 0.5 * (low + high)
        if not (low < then < high):
            then = 0.5 * (low + high)
        moved = abs(then - at)
        at = then
        if moved <= _NEAR * (right - left):
            break
    return at - left if before > level else right - at

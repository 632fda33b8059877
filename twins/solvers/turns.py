"""Inside one step: the peak after an oral dose or a rebound from the tissues, and the hours above a level.

The concentration's slope obeys the same equations without the infusions, so from how fast modes and depot change as
the step begins both slope and concentration follow at any moment of it.
"""

import math

from numba import njit

from twins.solvers.exponential import CONTRACT, decayed
from twins.solvers.linear import (
    BEFORE,
    CHANGE,
    CHANGE_DEPOT,
    CURVATURE,
    DEPOT,
    DONE,
    FROM,
    HELD,
    KA,
    LANES,
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
    STEP_E,
    STEP_P,
    TOP,
    UNTIL,
    VALUE,
    WEIGHTS,
    Array,
    absorbed,
    absorbed_once,
)

_MOST = 40  # turns of a search; a bracketed Newton search needs about six
_CLOSE = 1e-7  # of the step; the curve is flat at its peak, so the peak itself is then right to 1e-13


@njit(cache=True, fastmath=CONTRACT)
def keep_changes(work: Array, count: int, depot: int) -> None:
    """Before a step: how fast modes, depot and concentration change as it begins."""
    if depot == 1:
        for k in range(LANES):
            work[CHANGE_DEPOT * LANES + k] = (
                work[PUSH_DEPOT * LANES + k] - work[KA * LANES + k] * work[DEPOT * LANES + k]
            )
    for k in range(LANES):
        work[SLOPE_BEFORE * LANES + k] = 0.0
        work[SLOPE_AFTER * LANES + k] = 0.0
    _keep_change(work, 0, depot)
    if count > 1:
        _keep_change(work, 1, depot)
    if count > 2:
        _keep_change(work, 2, depot)


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _keep_change(work: Array, i: int, depot: int) -> None:
    for k in range(LANES):
        change = work[(PUSH + i) * LANES + k] - work[(RATES + i) * LANES + k] * work[(HELD + i) * LANES + k]
        if depot == 1:
            change += work[(SHARES + i) * LANES + k] * work[DEPOT * LANES + k]
        work[(CHANGE + i) * LANES + k] = change
        work[SLOPE_BEFORE * LANES + k] += work[(WEIGHTS + i) * LANES + k] * change


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _slope_after(work: Array, i: int, depot: int) -> None:
    for k in range(LANES):
        change = work[(CHANGE + i) * LANES + k] * work[(STEP_E + i) * LANES + k]
        if depot == 1:
            change += work[CHANGE_DEPOT * LANES + k] * work[(STEP_P + i) * LANES + k]
        work[SLOPE_AFTER * LANES + k] += work[(WEIGHTS + i) * LANES + k] * change


@njit(cache=True, fastmath=CONTRACT)
def find_peaks(work: Array, hours: float, count: int, depot: int) -> bool:
    """After a step: rows whose concentration rose as it began and fell as it ended get PEAK_AT and PEAK, raise TOP.

    Returns
    -------
    bool
        Whether there is any; PEAK_AT is 0 where there is none.
    """
    rising = 0
    for k in range(LANES):
        rising |= 1 if work[SLOPE_BEFORE * LANES + k] > 0.0 else 0
    if rising == 0:
        return False
    _slope_after(work, 0, depot)
    if count > 1:
        _slope_after(work, 1, depot)
    if count > 2:
        _slope_after(work, 2, depot)
    turned = 0
    for k in range(LANES):
        turns = work[SLOPE_BEFORE * LANES + k] > 0.0 and work[SLOPE_AFTER * LANES + k] < 0.0
        work[DONE * LANES + k] = 0.0 if turns else 1.0
        turned |= 1 if turns else 0
        work[FROM * LANES + k] = 0.0
        work[UNTIL * LANES + k] = hours
        work[PEAK_AT * LANES + k] = 0.0
    if turned == 0:
        return False
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


@njit(cache=True, fastmath=CONTRACT)
def _slope_at(work: Array, count: int, depot: int) -> None:
    """Slope and curvature of the concentration at PEAK_AT."""
    for k in range(LANES):
        work[SLOPE * LANES + k] = 0.0
        work[CURVATURE * LANES + k] = 0.0
    _slope_of_mode(work, 0, depot)
    if count > 1:
        _slope_of_mode(work, 1, depot)
    if count > 2:
        _slope_of_mode(work, 2, depot)


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _slope_of_mode(work: Array, i: int, depot: int) -> None:
    if depot == 1:
        for k in range(LANES):
            at = work[PEAK_AT * LANES + k]
            rate, ka = work[(RATES + i) * LANES + k], work[KA * LANES + k]
            left, _ = decayed(rate * at)
            left_depot, _ = decayed(ka * at)
            first = absorbed(rate, ka, at, left, left_depot)
            fed = work[(SHARES + i) * LANES + k] * work[CHANGE_DEPOT * LANES + k]
            change = work[(CHANGE + i) * LANES + k] * left + fed * first
            work[SLOPE * LANES + k] += work[(WEIGHTS + i) * LANES + k] * change
            work[CURVATURE * LANES + k] += work[(WEIGHTS + i) * LANES + k] * (fed * left_depot - rate * change)
    else:
        for k in range(LANES):
            rate = work[(RATES + i) * LANES + k]
            left, _ = decayed(rate * work[PEAK_AT * LANES + k])
            change = work[(CHANGE + i) * LANES + k] * left
            work[SLOPE * LANES + k] += work[(WEIGHTS + i) * LANES + k] * change
            work[CURVATURE * LANES + k] -= work[(WEIGHTS + i) * LANES + k] * (rate * change)


@njit(cache=True, fastmath=CONTRACT)
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


@njit(cache=True, fastmath=CONTRACT)
def count_hours(work: Array, hours: float, level: float, into: int, peaks: bool, count: int, depot: int) -> None:
    """Add to row `into` of the buffer how long the concentration was above a level during the step."""
    crossed = 0
    for k in range(LANES):
        before = work[BEFORE * LANES + k] > level
        after = work[VALUE * LANES + k] > level
        work[into * LANES + k] += hours if before and after else 0.0
        crossed |= 1 if before != after else 0
    if crossed == 0 and not peaks:
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


@njit(cache=True, fastmath=CONTRACT)
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
        if moved <= 1e-10 * (right - left):
            break
    return at - left if before > level else right - at

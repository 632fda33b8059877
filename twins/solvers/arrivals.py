"""Doses that arrive at each row's own time: lags, and durations that are a row's own parameter.

They would break the steps that rows share. So the rows are carried over a step as if nothing had arrived, and what
arrived inside it enters at the step's end as its own response: kinetics are linear.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.exponential import CONTRACT, decayed
from twins.solvers.linear import (
    BOLUS,
    DEPOT,
    HELD,
    KA,
    LANES,
    LATE_SPEEDS,
    PER_KA,
    PER_RATES,
    PER_ROOTS,
    RATES,
    SHAPES,
    SHARES,
    SINCE,
    SPEED,
    SPEEDS,
    Array,
    absorbed,
    absorbed_once,
    set_push,
)
from twins.solvers.schedule import PORT, SERIES, START, STATE, ended, entry

Integers = NDArray[np.int64]

WHEN, AMOUNT_THEN, SPEED_THEN = range(3)
"""First index of kinks, shape (3, k, LANES): when, h; a bolus, mg; a change of the infusion's rate, mg/h."""


@njit(cache=True, fastmath=CONTRACT)
def kinks_of(
    loose: Array,
    ports: Integers,
    parameters: Array,
    first: int,
    last: int,
    epochs_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
    kinks: Array,
    spans: Array,
) -> None:
    """Two kinks a dose, where it begins and where it ends, in the doses' order whatever rows are in the block.

    Parameters
    ----------
    loose : ndarray, shape (n, 10)
        Expanded doses.
    kinks : ndarray, shape (3, 2n, LANES)
        Filled; a time that is not a number never comes.
    spans : ndarray, shape (2, 2n)
        Filled: of this kink and all after it the earliest time in any row, of this kink the latest.
    """
    for number in range(loose.shape[0]):
        began, stopped = 2 * number, 2 * number + 1
        until = ended(loose, resets_h, loose[number, SERIES])
        for k in range(LANES):
            row = min(first + k, last - 1)
            amount, lag, duration = entry(loose, number, ports, parameters[row], epochs_h, backward)
            when = loose[number, START] + lag
            for column in (began, stopped):
                kinks[WHEN, column, k] = math.nan
                kinks[AMOUNT_THEN, column, k] = 0.0
                kinks[SPEED_THEN, column, k] = 0.0
            if when >= until:
                continue
            if duration > 0.0:
                stop = min(when + duration, until)
                if stop > start_h:
                    kinks[WHEN, began, k] = max(when, start_h)
                    kinks[WHEN, stopped, k] = stop
                    kinks[SPEED_THEN, began, k] = amount / duration
                    kinks[SPEED_THEN, stopped, k] = -amount / duration
            elif when >= start_h:
                kinks[WHEN, began, k] = when
                kinks[AMOUNT_THEN, began, k] = amount
    earliest = math.inf
    for column in range(kinks.shape[1] - 1, -1, -1):
        latest = -math.inf
        for k in range(LANES):
            when = kinks[WHEN, column, k]
            earliest = min(earliest, when if when == when else math.inf)
            latest = max(latest, when if when == when else -math.inf)
        spans[0, column] = earliest
        spans[1, column] = latest


@njit(cache=True, fastmath=CONTRACT)
def inject(
    work: Array,
    kinks: Array,
    spans: Array,
    loose: Array,
    ports: Integers,
    nearest: int,
    left: float,
    right: float,
    count: int,
    depot: int,
) -> int:
    """Add what arrived in [left, right), row by row at its own time; return the first kink that may still come."""
    while nearest < spans.shape[1] and spans[1, nearest] < left:
        nearest += 1
    pushed = False
    for number in range(nearest, spans.shape[1]):
        if spans[0, number] >= right:
            break
        if spans[1, number] < left:
            continue
        some = 0
        speeds = 0
        for k in range(LANES):
            when = kinks[WHEN, number, k]
            inside = when >= left and when < right
            some |= 1 if inside else 0
            speed = kinks[SPEED_THEN, number, k]
            speeds |= 1 if inside and speed != 0.0 else 0
            work[SINCE * LANES + k] = right - when if inside else 0.0
            work[BOLUS * LANES + k] = kinks[AMOUNT_THEN, number, k] if inside else 0.0
            work[SPEED * LANES + k] = speed if inside else 0.0
        if some == 0:
            continue
        state = ports[int(loose[number // 2, PORT]), STATE]
        if state == count:
            _into_depot(work, count)
        else:
            _into(work, state, 0)
            if count > 1:
                _into(work, state, 1)
            if count > 2:
                _into(work, state, 2)
        if speeds != 0:
            pushed = True
            for k in range(LANES):
                work[(LATE_SPEEDS + state) * LANES + k] += work[SPEED * LANES + k]
                work[(SPEEDS + state) * LANES + k] += work[SPEED * LANES + k]
    if pushed:
        set_push(work, count, depot)
    return nearest


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _into(work: Array, state: int, i: int) -> None:
    """The response of one mode to what arrived in a compartment."""
    shape, root = (SHAPES + 3 * state + i) * LANES, (PER_ROOTS + state) * LANES
    for k in range(LANES):
        left, gone = decayed(work[(RATES + i) * LANES + k] * work[SINCE * LANES + k])
        once = gone * work[(PER_RATES + i) * LANES + k]
        brought = work[BOLUS * LANES + k] * left + work[SPEED * LANES + k] * once
        work[(HELD + i) * LANES + k] += work[shape + k] * work[root + k] * brought


@njit(cache=True, fastmath=CONTRACT)
def _into_depot(work: Array, count: int) -> None:
    """The response of the depot and of every mode to what arrived in the depot."""
    _through_depot(work, 0)
    if count > 1:
        _through_depot(work, 1)
    if count > 2:
        _through_depot(work, 2)
    for k in range(LANES):
        left, gone = decayed(work[KA * LANES + k] * work[SINCE * LANES + k])
        once = gone * work[PER_KA * LANES + k]
        work[DEPOT * LANES + k] += work[BOLUS * LANES + k] * left + work[SPEED * LANES + k] * once


@njit(cache=True, fastmath=CONTRACT, inline="always")
def _through_depot(work: Array, i: int) -> None:
    infused = 0
    for k in range(LANES):
        infused |= 1 if work[SPEED * LANES + k] != 0.0 else 0
    for k in range(LANES):
        since = work[SINCE * LANES + k]
        rate, ka = work[(RATES + i) * LANES + k], work[KA * LANES + k]
        left, _ = decayed(rate * since)
        left_depot, _ = decayed(ka * since)
        first = absorbed(rate, ka, since, left, left_depot)
        work[(HELD + i) * LANES + k] += work[(SHARES + i) * LANES + k] * (work[BOLUS * LANES + k] * first)
    if infused == 0:
        return
    for k in range(LANES):
        since = work[SINCE * LANES + k]
        rate, ka = work[(RATES + i) * LANES + k], work[KA * LANES + k]
        per_rate, per_ka = work[(PER_RATES + i) * LANES + k], work[PER_KA * LANES + k]
        left, gone = decayed(rate * since)
        left_depot, gone_depot = decayed(ka * since)
        first = absorbed(rate, ka, since, left, left_depot)
        second = absorbed_once(rate, ka, since, gone * per_rate, gone_depot * per_ka, per_rate, per_ka, first)
        work[(HELD + i) * LANES + k] += work[(SHARES + i) * LANES + k] * (work[SPEED * LANES + k] * second)

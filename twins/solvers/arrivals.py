"""Doses that arrive at each row's own time: lags, and durations that are a row's own parameter.

They would break the steps that rows share. So the rows are carried over a step as if nothing had arrived, and what
arrived inside it enters at the step's end as its own response: kinetics are linear.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.exponential import CONTRACT
from twins.solvers.linear import (
    ABSORPTION,
    BOLUS,
    DEPOT,
    HELD,
    LATE_SPEEDS,
    NOW,
    ONE,
    PER_ROOTS,
    SHAPES,
    SINCE,
    SPEED,
    SPEEDS,
    SUMS,
    TIMES,
    Array,
    E,
    G,
    P,
    Q,
    decay,
    set_factors,
    set_push,
)
from twins.solvers.rows import LANES, products
from twins.solvers.schedule import (
    ALWAYS,
    AMOUNT,
    BY_DURATION,
    BY_RATE,
    COMPLEMENT,
    DURATION,
    DURATION_OF,
    FRACTION,
    LAG,
    MODELLED,
    PORT,
    RATE_OF,
    SERIES,
    START,
    STATE,
    ended,
    epoch_at,
)

Integers = NDArray[np.int64]

WHEN, AMOUNT_THEN, SPEED_THEN = range(3)
"""First index of kinks, shape (3, k, LANES): when, h; a bolus, mg; a change of the infusion's rate, mg/h."""


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
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
        # As `schedule.entry` has it, with all that rows share taken out of the loop.
        port = int(loose[number, PORT])
        now = epoch_at(epochs_h, loose[number, START], backward)
        modelled = loose[number, MODELLED]
        always = ports[port, ALWAYS] == 1 and modelled == 0.0 and loose[number, DURATION] == 0.0
        by_duration = ports[port, DURATION_OF] >= 0 and (always or modelled == BY_DURATION)
        by_rate = not by_duration and ports[port, RATE_OF] >= 0 and (always or modelled == BY_RATE)
        for k in range(LANES):
            row = min(first + k, last - 1)
            amount, duration, when = loose[number, AMOUNT], loose[number, DURATION], loose[number, START]
            if ports[port, LAG] >= 0:
                when += parameters[row, now, ports[port, LAG]]
            if ports[port, FRACTION] >= 0:
                share = parameters[row, now, ports[port, FRACTION]]
                amount *= 1.0 - share if ports[port, COMPLEMENT] == 1 else share
            if by_duration:
                duration = parameters[row, now, ports[port, DURATION_OF]]
            elif by_rate:
                duration = amount / parameters[row, now, ports[port, RATE_OF]]
            kinks[WHEN, began, k] = math.nan
            kinks[AMOUNT_THEN, began, k] = 0.0
            kinks[SPEED_THEN, began, k] = 0.0
            kinks[WHEN, stopped, k] = math.nan
            kinks[AMOUNT_THEN, stopped, k] = 0.0
            kinks[SPEED_THEN, stopped, k] = 0.0
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


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
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
        _enter(work, state, speeds != 0, count)
        if speeds != 0:
            pushed = True
            products(work, LATE_SPEEDS + state, (LATE_SPEEDS + state, ONE, SPEED, ONE))
            products(work, SPEEDS + state, (SPEEDS + state, ONE, SPEED, ONE))
    if pushed:
        set_push(work, count, depot)
    return nearest


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _enter(work: Array, state: int, infused: bool, count: int) -> None:
    """The response of modes and depot to BOLUS and SPEED, which a compartment got SINCE so many hours."""
    products(work, TIMES, (SINCE, ONE))
    shallow = count > 3  # never: a plain word for False would be compiled once more
    if state == count:
        set_factors(work, NOW, count, 1, infused, shallow)
        products(work, DEPOT, (DEPOT, ONE, BOLUS, NOW + E + ABSORPTION, SPEED, NOW + G + ABSORPTION))
        for i in range(count):
            products(work, HELD + i, (HELD + i, ONE, BOLUS, NOW + P + i))
            if infused:
                products(work, HELD + i, (HELD + i, ONE, SPEED, NOW + Q + i))
        return
    for i in range(count):
        decay(work, NOW, i, shallow)
        products(work, SUMS, (BOLUS, NOW + E + i, SPEED, NOW + G + i))
        products(work, SUMS, (SUMS, PER_ROOTS + state))
        products(work, HELD + i, (HELD + i, ONE, SHAPES + 3 * state + i, SUMS))

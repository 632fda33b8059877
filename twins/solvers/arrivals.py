"""Doses that arrive at each row's own time: lags, and durations that are a row's own parameter.

They would break the steps that rows share. So the rows are carried over a step as if nothing had arrived, and what
arrived inside it enters at the step's end as its own response: kinetics are linear.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from twins.solvers.exponential import CONTRACT
from twins.solvers.linear import (
    ABSORPTION,
    BEGIN,
    BOLUS,
    DEPOT,
    HELD,
    LASTS,
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
    UNTIL,
    WHEN,
    Array,
    E,
    G,
    P,
    Q,
    decay,
    set_factors,
    set_push,
)
from twins.solvers.rows import LANES, across, choose, fill, greatest, least, products
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

KINK = 3
"""Rows of a kink in the work buffer: when, h (not a number: never); a bolus, mg; a change of the infusion's rate,
mg/h."""


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def kinks_of(
    work: Array,
    at: int,
    loose: Array,
    ports: Integers,
    parameters: Array,
    first: int,
    last: int,
    epochs_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
    spans: Array,
) -> None:
    """Two kinks a dose, where it begins and where it ends, in the doses' order whatever rows are in the block.

    Parameters
    ----------
    at
        The row of the buffer from which on the kinks are written.
    loose : ndarray, shape (n, 10)
        Expanded doses.
    spans : ndarray, shape (3, 2n)
        Filled: of this kink and all after it the earliest time in any row, of this kink the latest; 1 where this kink
        changes an infusion's rate.
    """
    fill(work, BEGIN, start_h)
    for number in range(loose.shape[0]):
        # As `schedule.entry` has it, with all that rows share taken out of the loop.
        port = int(loose[number, PORT])
        now = epoch_at(epochs_h, loose[number, START], backward)
        fill(work, WHEN, loose[number, START])
        if ports[port, LAG] >= 0:
            _take(work, SINCE, parameters, first, last, now, ports[port, LAG])
            products(work, WHEN, (WHEN, ONE, SINCE, ONE))
        fill(work, BOLUS, loose[number, AMOUNT])
        if ports[port, FRACTION] >= 0:
            _take(work, SINCE, parameters, first, last, now, ports[port, FRACTION])
            if ports[port, COMPLEMENT] == 1:
                _complement(work, (SINCE,), (SINCE,))
            products(work, BOLUS, (BOLUS, SINCE))
        modelled = loose[number, MODELLED]
        always = ports[port, ALWAYS] == 1 and modelled == 0.0 and loose[number, DURATION] == 0.0
        infused = 1.0
        if ports[port, DURATION_OF] >= 0 and (always or modelled == BY_DURATION):
            _take(work, LASTS, parameters, first, last, now, ports[port, DURATION_OF])
        elif ports[port, RATE_OF] >= 0 and (always or modelled == BY_RATE):
            _take(work, LASTS, parameters, first, last, now, ports[port, RATE_OF])
            _quotient(work, (LASTS,), (BOLUS, LASTS))
        else:
            fill(work, LASTS, loose[number, DURATION])
            infused = 1.0 if loose[number, DURATION] > 0.0 else 0.0
        fill(work, UNTIL, ended(loose, resets_h, loose[number, SERIES]))
        began, stopped = at + 2 * KINK * number, at + 2 * KINK * number + KINK
        into = (began, began + 1, began + 2, stopped, stopped + 1, stopped + 2)
        _bend(work, into, (WHEN, BOLUS, LASTS, UNTIL, BEGIN))
        spans[2, 2 * number] = infused
        spans[2, 2 * number + 1] = infused
    earliest = math.inf
    for column in range(spans.shape[1] - 1, -1, -1):
        earliest = min(earliest, least(work, at + KINK * column))
        spans[0, column] = earliest
        spans[1, column] = greatest(work, at + KINK * column)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _take(work: Array, into: int, parameters: Array, first: int, last: int, epoch: int, column: int) -> None:
    """One parameter of the block's rows."""
    for k in range(LANES):
        work[into * LANES + k] = parameters[min(first + k, last - 1), epoch, column]


@register_jitable(fastmath=CONTRACT, error_model="numpy")
def _kinks(when: Any, amount: Any, lasts: Any, until: Any, begin: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Both kinks of one dose: when, bolus and change of rate, twice."""
    infused = lasts > 0.0
    stop = choose(when + lasts < until, when + lasts, until)
    inside = choose(infused, choose(stop > begin, 1.0, 0.0), choose(when < begin, 0.0, 1.0))
    comes = choose(when < until, inside, 0.0) > 0.0
    start = choose(infused, choose(when < begin, begin, when), when)
    speed = choose(comes, choose(infused, amount / lasts, 0.0), 0.0)
    bolus = choose(comes, choose(infused, 0.0, amount), 0.0)
    return (
        choose(comes, start, math.nan),
        bolus,
        speed,
        choose(comes, choose(infused, stop, math.nan), math.nan),
        0.0 * bolus,
        -speed,
    )


@register_jitable(fastmath=CONTRACT, error_model="numpy")
def _inside(when: Any, amount: Any, speed: Any, left: Any, right: Any) -> tuple[Any, Any, Any]:
    """Of a kink in [left, right): hours until `right`, bolus and change of rate; noughts where it is elsewhere."""
    comes = choose(when < left, 0.0, choose(when < right, 1.0, 0.0)) > 0.0
    return choose(comes, right - when, 0.0), choose(comes, amount, 0.0), choose(comes, speed, 0.0)


_bend, _split = across(_kinks), across(_inside)
_complement, _quotient = across(lambda share: 1.0 - share), across(lambda one, other: one / other)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def inject(
    work: Array,
    at: int,
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
    while nearest < spans.shape[1] and not spans[1, nearest] >= left:
        nearest += 1
    pushed = False
    fill(work, BEGIN, left)
    fill(work, UNTIL, right)
    for number in range(nearest, spans.shape[1]):
        if spans[0, number] >= right:
            break
        if not spans[1, number] >= left:
            continue
        kink = at + KINK * number
        _split(work, (SINCE, BOLUS, SPEED), (kink, kink + 1, kink + 2, BEGIN, UNTIL))
        state = ports[int(loose[number // 2, PORT]), STATE]
        infused = spans[2, number] > 0.0
        _enter(work, state, infused, count)
        if infused:
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

"""Doses, changes of parameters and output times laid on one line of intervals; compiled, for kernels to call.

Three steps. `expand` turns repeated doses into single ones; it is the same for every row of parameters. `arrive` says
what reaches the body and when: lag, bioavailability and modelled durations are a row's own parameters. `lay` puts all
of it on one line. Between two lines nothing changes, so a solver carries its state from line to line.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

START, AMOUNT, DURATION, INTERVAL, ADDITIONAL, STEADY, MODELLED, PORT = range(8)
"""Columns of a dose table, shape (doses, 8): h, mg, h, h, count, `SteadyState`, `Modelled`, row of the port table."""
SERIES, PHASE = 8, 9
"""Two more columns of expanded and arrived tables, shape (n, 10): when the series of the dose began, h, and, of an
arrived row that marks a steady state, the lag of its doses, h."""
STATE, LAG, FRACTION, COMPLEMENT, DURATION_OF, RATE_OF, ALWAYS = range(7)
"""Columns of a port table, shape (ports, 7): the state entered, parameter columns (-1: none), two flags."""

BY_RATE, BY_DURATION = 1.0, 2.0  # of the column MODELLED; the numbers of `Modelled`
_REPLACES = 1.0  # of the column STEADY; the number of `SteadyState`


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def expand(doses: Array, until_h: float) -> Array:
    """Single doses of a dose table, in its order, each series before `until_h` only (but its first dose always).

    A steady-state dose gives two rows first: one with its STEADY that marks the moment, which tells what was given
    before it, and then the dose itself, like any other.

    Returns
    -------
    ndarray, shape (n, 10)
    """
    count = 0
    for row in range(doses.shape[0]):
        count += 1 + _following(doses, row, until_h)
        if doses[row, STEADY] > 0.0:
            count += 1
    out = np.zeros((count, 10))
    at = 0
    for row in range(doses.shape[0]):
        if doses[row, STEADY] > 0.0:
            for column in range(8):
                out[at, column] = doses[row, column]
            out[at, SERIES] = doses[row, START]
            at += 1
        for number in range(1 + _following(doses, row, until_h)):
            for column in range(8):
                out[at, column] = doses[row, column]
            out[at, START] = doses[row, START] + number * doses[row, INTERVAL]
            out[at, STEADY] = 0.0
            out[at, SERIES] = doses[row, START]
            at += 1
    return out


@njit(cache=True, fastmath=CONTRACT)
def _following(doses: Array, row: int, until_h: float) -> int:
    """How many of a series' additional doses begin before `until_h`."""
    additional = int(doses[row, ADDITIONAL])
    if additional == 0:
        return 0
    room = (until_h - doses[row, START]) / doses[row, INTERVAL]
    if room <= 0.0:
        return 0
    if room >= additional + 1.0:
        return additional
    found: int = min(additional, math.ceil(room))
    while found > 0 and doses[row, START] + found * doses[row, INTERVAL] >= until_h:
        found -= 1
    return found


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def epoch_at(epochs_h: Array, time_h: float, backward: bool) -> int:
    """Which set of parameters holds at a moment: the last that began, or, carried backward, the next to be recorded."""
    if backward:
        found: int = int(np.searchsorted(epochs_h, time_h))
    else:
        found = int(np.searchsorted(epochs_h, time_h, side="right")) - 1

    return min(max(found, 0), len(epochs_h) - 1)


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def arrive(expanded: Array, ports: Integers, parameters: Array, epochs_h: Array, backward: bool) -> Array:
    """What reaches the body: lags added, fractions taken, modelled rates and durations resolved.

    Parameters
    ----------
    expanded : ndarray, shape (n, 10)
        From `expand`.
    ports : ndarray of int, shape (ports, 7)
    parameters : ndarray, shape (epochs, parameters)
        One row's; those in force when a dose is given say how it arrives.

    Returns
    -------
    ndarray, shape (n or more, 10)
        AMOUNT is what arrives, DURATION how long it takes (0: at once). After a row that marks a steady state (START:
        the moment, PHASE: the lag of its doses) come the infusions given before that moment that are still running.
    """
    count = expanded.shape[0]
    for row in range(expanded.shape[0]):
        if expanded[row, STEADY] > 0.0:
            _, lag, duration = entry(expanded, row, ports, parameters, epochs_h, backward)
            count += _running(lag, duration, expanded[row, INTERVAL])
    out = np.empty((count, 10))
    at = 0
    for row in range(expanded.shape[0]):
        amount, lag, duration = entry(expanded, row, ports, parameters, epochs_h, backward)
        for column in range(10):
            out[at, column] = expanded[row, column]
        out[at, AMOUNT] = amount
        out[at, DURATION] = duration
        out[at, MODELLED] = 0.0
        if expanded[row, STEADY] == 0.0:
            out[at, START] += lag
            at += 1
            continue
        out[at, PHASE] = lag
        at += 1
        for number in range(_running(lag, duration, expanded[row, INTERVAL])):
            left = lag + duration - (number + 1) * expanded[row, INTERVAL]
            for column in range(10):
                out[at, column] = expanded[row, column]
            out[at, AMOUNT] = amount * (left / duration)
            out[at, DURATION] = left
            out[at, STEADY] = 0.0
            out[at, MODELLED] = 0.0
            at += 1
    return out


@njit(cache=True, fastmath=CONTRACT)
def entry(
    expanded: Array, row: int, ports: Integers, parameters: Array, epochs_h: Array, backward: bool
) -> tuple[float, float, float]:
    """Amount, lag and duration of one dose."""
    port = int(expanded[row, PORT])
    now = epoch_at(epochs_h, expanded[row, START], backward)
    amount = expanded[row, AMOUNT]
    duration = expanded[row, DURATION]
    lag = 0.0
    if ports[port, LAG] >= 0:
        lag = parameters[now, ports[port, LAG]]
    if ports[port, FRACTION] >= 0:
        share = parameters[now, ports[port, FRACTION]]
        amount *= 1.0 - share if ports[port, COMPLEMENT] == 1 else share
    modelled = expanded[row, MODELLED]
    always = ports[port, ALWAYS] == 1 and modelled == 0.0 and duration == 0.0
    if ports[port, DURATION_OF] >= 0 and (always or modelled == BY_DURATION):
        duration = parameters[now, ports[port, DURATION_OF]]
    elif ports[port, RATE_OF] >= 0 and (always or modelled == BY_RATE):
        duration = amount / parameters[now, ports[port, RATE_OF]]
    return amount, lag, duration


@njit(cache=True, fastmath=CONTRACT)
def _running(lag: float, duration: float, interval: float) -> int:
    """How many earlier infusions of a steady state are still running at its moment."""
    if not duration > 0.0:
        return 0
    found = 0
    while lag + duration - (found + 1) * interval > 0.0:
        found += 1
    return found


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def lay(
    arrived: Array,
    n_ports: int,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
) -> tuple[Array, Array, Array, Integers, Integers, Integers, Integers, Integers]:
    """Intervals in order, from `start_h` to the last output.

    In an interval's beginning come, in this order, its reset, its steady state and its bolus; then the state is carried
    over its hours at its rates; then its output is read. So an output sees nothing of a dose given at its very moment,
    but it sees the steady state that a dose at its moment speaks of.

    What arrived before `start_h` is left out, an infusion that is running then goes on. A reset, and a steady state
    that replaces, end what was begun before it: infusions, doses that have not arrived yet, and series.

    Returns
    -------
    hours : ndarray, shape (m,)
    rate, bolus : ndarray, shape (m, n_ports)
        mg/h during the interval; mg as it begins.
    epoch : ndarray of int, shape (m,)
        Which set of parameters holds during the interval.
    output : ndarray of int, shape (m,)
        Column of `times_h` that the interval's end is, or -1.
    output_epoch : ndarray of int, shape (m,)
        Whose parameters the output is read with; differs from `epoch` where a covariate changes at that moment.
    reset : ndarray of int, shape (m,)
        1 where the body is set back to what it was before any dose.
    steady : ndarray of int, shape (m,)
        Row of `arrived` that marks a steady state, or -1.
    """
    finish = times_h[-1] if times_h.size else start_h
    rows = arrived.shape[0]
    ends = np.empty(rows)
    few = np.empty(2 * rows + epochs_h.size + resets_h.size + 2)
    few[0] = start_h
    few[1] = finish
    count = 2
    markers = 0
    for row in range(rows):
        if arrived[row, STEADY] > 0.0:
            ends[row] = arrived[row, START]
            if start_h <= arrived[row, START] <= finish:
                markers += 1
        else:
            ends[row] = min(
                arrived[row, START] + arrived[row, DURATION], ended(arrived, resets_h, arrived[row, SERIES])
            )
        for time in (arrived[row, START], ends[row]):
            if start_h < time < finish and ends[row] >= arrived[row, START]:
                few[count] = time
                count += 1
    for times in (epochs_h, resets_h):
        for time in times:
            if start_h < time < finish:
                few[count] = time
                count += 1
    _sort(few, count)
    lines = np.empty(count + times_h.size)
    size = 0
    one = 0
    other = 0
    while one < count or other < times_h.size:
        if other == times_h.size or (one < count and few[one] <= times_h[other]):
            time = few[one]
            one += 1
        else:
            time = times_h[other]
            other += 1
        if size == 0 or time > lines[size - 1]:
            lines[size] = time
            size += 1

    # An interval of no length at the start lets an output at the very first moment be read like any other.
    m = size + markers
    hours = np.zeros(m)
    rate = np.zeros((m, n_ports))
    bolus = np.zeros((m, n_ports))
    epoch = np.zeros(m, dtype=np.int64)
    output = np.full(m, -1, dtype=np.int64)
    output_epoch = np.zeros(m, dtype=np.int64)
    reset = np.zeros(m, dtype=np.int64)
    steady = np.full(m, -1, dtype=np.int64)
    ending = np.empty(size, dtype=np.int64)  # the last interval that ends at each line
    column = 0
    at = 0
    before = 0
    for number in range(size):
        right = lines[number]
        left = lines[number - 1] if number else right
        hours[at] = right - left
        while before < epochs_h.size and epochs_h[before] < right:
            before += 1
        after = before + 1 if before < epochs_h.size and epochs_h[before] == right else before
        if backward:
            epoch[at] = before
            output_epoch[at] = before
        else:
            epoch[at] = output_epoch[at - 1] if at else after - 1
            output_epoch[at] = after - 1
        at += 1
        if markers:
            for row in range(rows):
                if arrived[row, STEADY] > 0.0 and arrived[row, START] == right:
                    steady[at] = row
                    epoch[at] = output_epoch[at - 1]
                    output_epoch[at] = output_epoch[at - 1]
                    at += 1
        ending[number] = at - 1
        if column < times_h.size and times_h[column] == right:
            output[at - 1] = column
            column += 1
    last = epochs_h.size - 1
    for j in range(m):
        epoch[j] = min(max(epoch[j], 0), last)
        output_epoch[j] = min(max(output_epoch[j], 0), last)
    for time in resets_h:
        if start_h <= time < finish:
            number = np.searchsorted(lines[:size], time)
            first = ending[number]
            while first > 0 and steady[first] >= 0:
                first -= 1
            reset[first + 1] = 1
    for row in range(rows):
        if arrived[row, STEADY] > 0.0 or arrived[row, AMOUNT] == 0.0:
            continue
        began = arrived[row, START]
        port = int(arrived[row, PORT])
        if began >= finish or began >= ended(arrived, resets_h, arrived[row, SERIES]):
            continue
        # An infusion too short for its end to differ from its start enters at once: nothing of it is lost.
        if began + arrived[row, DURATION] == began:
            if began >= start_h:
                bolus[ending[np.searchsorted(lines[:size], began)] + 1, port] += arrived[row, AMOUNT]
            continue
        if ends[row] <= start_h:
            continue
        first = ending[np.searchsorted(lines[:size], max(began, start_h))] + 1
        until = ending[np.searchsorted(lines[:size], min(ends[row], finish))] + 1
        speed = arrived[row, AMOUNT] / arrived[row, DURATION]
        # Added dose by dose, so that the sum's digits do not depend on blocking.
        for j in range(first, until):
            rate[j, port] += speed
    return hours, rate, bolus, epoch, output, output_epoch, reset, steady


@njit(cache=True)
def _sort(times: Array, count: int) -> None:
    """Sort the first `count` times in place, which are nearly in order."""
    for j in range(1, count):
        time = times[j]
        k = j - 1
        while k >= 0 and times[k] > time:
            times[k + 1] = times[k]
            k -= 1
        times[k + 1] = time


@njit(cache=True, fastmath=CONTRACT)
def ended(arrived: Array, resets_h: Array, began_h: float) -> float:
    """When what was begun at `began_h` is ended by a reset or by a steady state that replaces; infinity: never."""
    found = math.inf
    for time in resets_h:
        if began_h < time < found:
            found = time
    for row in range(arrived.shape[0]):
        if arrived[row, STEADY] == _REPLACES and began_h < arrived[row, START] < found:
            found = arrived[row, START]
    return found

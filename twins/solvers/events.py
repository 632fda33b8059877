"""What happens to a lane between its steps: parameters, resets, steady states, boluses and rates.

Texts that `specialise` compiles for each set of equations; names in capitals that are not defined here are given there.
"""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"
import math

import numpy as np
from numpy.typing import NDArray

from twins.solvers.itinerary import (
    EPOCH,
    RESET,
    STEADY,
    STOP_AT,
    next_phase,
    runs_in_phase,
)
from twins.solvers.lane import (
    ANCHOR,
    AT,
    CYCLE,
    END,
    MOVED,
    NEXT,
    PHASE,
    SHRANK,
    SLOT,
    STOP,
    TIME,
    TOP,
    UNTIL,
    stack,
)
from twins.solvers.schedule import (
    AMOUNT,
    DURATION,
    INTERVAL,
    PORT,
    STATE,
)
from twins.solvers.schedule import PHASE as LAG_OF
from twins.solvers.schedule import START as START_OF
from twins.solvers.schedule import STEADY as STEADY_OF

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

READY, FINISHED = 0, -1
TOO_MANY_STEPS, STEP_TOO_SMALL, NOT_FINITE, UNSETTLED = 1, 2, 3, 4
"""What comes of a lane's events: something to carry, the end of its line, or one of the numbers of `Failure`."""
CYCLES = 2000
"""Dosing intervals after which a steady state that has not settled is given up."""
_ADDS = 2.0  # the number of `SteadyState`


def start_values(work: Array, k: int, parameters: Array) -> None:
    """The body of lane k as it is before any dose."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    for c in range(PARAMETERS):
        p[c] = parameters[c]
    for s in range(STATES):
        y[s] = 0.0
    START(p, y)
    for s in range(STATES):
        work[Y + s * LANES + k] = y[s]


def place(work: Array, k: int, parameters: Array, epoch: int, epochs_h: Array, moving: bool) -> None:
    """The parameters of an epoch into lane k; `moving`: on their way to those of the next epoch."""
    now = work[TIME * LANES + k]
    towards = epoch + 1
    moves = moving and towards < epochs_h.size and now >= epochs_h[epoch]
    work[ANCHOR * LANES + k] = epochs_h[epoch] if moves else now
    for c in range(PARAMETERS):
        work[P + c * LANES + k] = parameters[epoch, c]
        work[NOW + c * LANES + k] = parameters[epoch, c]
        work[DRIFT + c * LANES + k] = 0.0
        if moves:
            change = parameters[towards, c] - parameters[epoch, c]
            work[DRIFT + c * LANES + k] = change / (epochs_h[towards] - epochs_h[epoch])


def seek(
    work: Array,
    book: Integers,
    k: int,
    ends: Array,
    wholes: Integers,
    arrived: Array,
    ports: Integers,
    parameters: Array,
    rtol: float,
    atol: float,
) -> int:
    """A steady state, cycle by cycle of its dosing interval: what comes next in lane k.

    It is there when what is left to go, as the shares by which cycles shrink tell, is within the tolerance.
    """
    slot = book[SLOT * LANES + k]
    j = book[AT * LANES + k]
    first = wholes[slot, j, STEADY]
    until = wholes[slot, book[UNTIL * LANES + k], STEADY]
    interval = arrived[slot, first, INTERVAL]
    moment = ends[slot, j]
    phase = work[PHASE * LANES + k]
    if phase >= interval:
        moved = 0.0
        off = 0.0
        for s in range(STATES):
            now = work[Y + s * LANES + k]
            moved += abs(now - work[PAST + s * LANES + k])
            off = max(off, abs(now - work[PAST + s * LANES + k]) / (atol + rtol * abs(now)))
        shrinks = moved / work[MOVED * LANES + k]
        # What is left to go, if each cycle goes on moving by the same share of the one before.
        settled = off <= 1e-3 or (work[MOVED * LANES + k] < math.inf and off <= 1.0 and off * shrinks <= 1.0 - shrinks)
        # Aitken's leap, all that is left at once, where the share is steady; but none after one that led nowhere
        # (SHRANK is then not a number), as where the doses exceed what can be eliminated.
        leap = 0.0
        shrank = work[SHRANK * LANES + k]
        if shrank < 0.0 and moved > -0.5 * shrank:
            shrank = math.nan
        elif not math.isnan(shrank):
            if 0.2 < shrinks < 0.995 and abs(shrinks - shrank) < 0.05 * (1.0 - shrinks):
                leap = shrinks / (1.0 - shrinks)
            shrank = shrinks if leap == 0.0 else -moved
        work[SHRANK * LANES + k] = shrank
        work[MOVED * LANES + k] = moved if leap == 0.0 else math.inf
        for s in range(STATES):
            now = work[Y + s * LANES + k]
            there = now + leap * (now - work[PAST + s * LANES + k])
            if not settled and there * now > 0.0:
                work[Y + s * LANES + k] = there
            work[PAST + s * LANES + k] = work[Y + s * LANES + k]
        book[CYCLE * LANES + k] += 1
        if settled:
            book[CYCLE * LANES + k] = -1
            work[TIME * LANES + k] = moment
            adds = arrived[slot, first, STEADY_OF] == _ADDS
            for s in range(STATES):
                work[PAST + s * LANES + k] = work[Y + s * LANES + k]
            RESTORE(work, k, parameters[wholes[slot, j, EPOCH]])
            for s in range(STATES):
                base = work[Y + s * LANES + k]
                work[Y + s * LANES + k] = work[PAST + s * LANES + k]
                if adds:
                    work[Y + s * LANES + k] += work[KEPT + s * LANES + k] - base
            work[Y + STATES * LANES + k] = work[KEPT + STATES * LANES + k]
            book[STOP * LANES + k] = book[UNTIL * LANES + k]
            work[END * LANES + k] = moment
            work[NEXT * LANES + k] = moment
            return READY
        if book[CYCLE * LANES + k] >= CYCLES or not (moved < math.inf):
            return UNSETTLED
        phase = 0.0
    until_phase = interval
    for s in range(STATES):
        work[RATE + s * LANES + k] = 0.0
    for e in range(first, until + 1):
        if arrived[slot, e, STEADY_OF] == 0.0 or arrived[slot, e, START_OF] != moment:
            continue
        lag = arrived[slot, e, LAG_OF]
        duration = arrived[slot, e, DURATION]
        until_phase = min(until_phase, next_phase(phase, lag, duration, interval))
    for e in range(first, until + 1):
        if arrived[slot, e, STEADY_OF] == 0.0 or arrived[slot, e, START_OF] != moment:
            continue
        lag = arrived[slot, e, LAG_OF]
        duration = arrived[slot, e, DURATION]
        entered = ports[int(arrived[slot, e, PORT]), STATE] * LANES + k
        if duration == 0.0:
            if lag % interval == phase:
                work[Y + entered] += arrived[slot, e, AMOUNT]
        else:
            running = runs_in_phase(0.5 * (phase + until_phase), lag, duration, interval)
            work[RATE + entered] += running * arrived[slot, e, AMOUNT] / duration
    work[PHASE * LANES + k] = until_phase
    work[TIME * LANES + k] = moment - interval + phase
    work[END * LANES + k] = moment if until_phase == interval else moment - interval + until_phase
    return READY


def enter(
    work: Array,
    book: Integers,
    k: int,
    ends: Array,
    flows: Array,
    wholes: Integers,
    counts: Integers,
    arrived: Array,
    ports: Integers,
    parameters: Array,
    epochs_h: Array,
    exposure: bool,
    moving: bool,
    rtol: float,
    atol: float,
) -> int:
    """The events at lane k's moment, and the segment that begins with them: `READY`, `FINISHED` or a failure."""
    slot = book[SLOT * LANES + k]
    n_ports = ports.shape[0]
    while True:
        j = book[AT * LANES + k]
        if book[CYCLE * LANES + k] >= 0:
            outcome = SEEK(work, book, k, ends, wholes, arrived, ports, parameters, rtol, atol)
            if outcome == READY and not work[END * LANES + k] > work[TIME * LANES + k] and book[CYCLE * LANES + k] >= 0:
                continue
            return outcome
        if j >= counts[slot]:
            return FINISHED
        epoch = wholes[slot, j, EPOCH]
        PLACE(work, k, parameters, epoch, epochs_h, moving)
        if wholes[slot, j, RESET] == 1:
            RESTORE(work, k, parameters[epoch])
        if wholes[slot, j, STEADY] >= 0:
            first = wholes[slot, j, STEADY]
            until = j
            while (
                until + 1 < counts[slot]
                and wholes[slot, until + 1, STEADY] >= 0
                and ends[slot, until + 1] == ends[slot, j]
                and arrived[slot, wholes[slot, until + 1, STEADY], INTERVAL] == arrived[slot, first, INTERVAL]
            ):
                until += 1
            for s in range(STATES + 1):
                work[KEPT + s * LANES + k] = work[Y + s * LANES + k]
            RESTORE(work, k, parameters[epoch])
            for s in range(STATES):
                work[PAST + s * LANES + k] = work[Y + s * LANES + k]
            if moving:  # as it is at this moment, for as long as the steady state is sought
                since = work[TIME * LANES + k] - work[ANCHOR * LANES + k]
                for c in range(PARAMETERS):
                    work[P + c * LANES + k] += since * work[DRIFT + c * LANES + k]
                    work[DRIFT + c * LANES + k] = 0.0
                    work[NOW + c * LANES + k] = work[P + c * LANES + k]
            book[CYCLE * LANES + k] = 0
            book[UNTIL * LANES + k] = until
            work[PHASE * LANES + k] = 0.0
            work[MOVED * LANES + k] = math.inf
            work[SHRANK * LANES + k] = math.inf
            continue
        for s in range(STATES):
            work[RATE + s * LANES + k] = 0.0
        for port in range(n_ports):
            entered = ports[port, STATE] * LANES + k
            work[Y + entered] += flows[slot, j, n_ports + port]
            work[RATE + entered] += flows[slot, j, port]
        if exposure:
            work[TOP * LANES + k] = max(work[TOP * LANES + k], EXPOSED_OUTPUT(work, k))
        stop = wholes[slot, j, STOP_AT]
        book[STOP * LANES + k] = stop
        work[END * LANES + k] = ends[slot, stop]
        work[NEXT * LANES + k] = ends[slot, j]
        return READY

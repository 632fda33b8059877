"""Rows of parameters through their schedules, several side by side in lanes, each at its own time and step.

Texts that `specialise` compiles for each set of equations and each method. A lane takes a row, carries it from event to
event, and takes the next row when it is done. Every attempt is made in all lanes at once, and what comes of it is
decided lane by lane: a row's digits do not depend on the rows beside it, nor on the lane it is in.
"""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined"
import math

import numpy as np
from numpy.typing import NDArray

from twins.solvers.itinerary import (
    EPOCH,
    OUTPUT,
    OUTPUT_EPOCH,
    RESET,
    STEADY,
    STOP_AT,
    next_phase,
    runs_in_phase,
    spoil,
)
from twins.solvers.lane import (
    AFTER,
    ANCHOR,
    AT,
    BEFORE,
    BOOKS,
    CYCLE,
    EASY,
    END,
    ERROR,
    FRESH,
    GROWTH,
    LAST,
    MOVED,
    NEXT,
    PHASE,
    REFUSED,
    ROW,
    SHRANK,
    SLOT,
    STEP,
    STEPS,
    STOP,
    STRAINED,
    TIME,
    TOP,
    TURN,
    UNTIL,
    WAY,
    WISH,
    borrow,
    stack,
)
from twins.solvers.schedule import (
    AMOUNT,
    DURATION,
    INTERVAL,
    PORT,
    STATE,
)
from twins.solvers.schedule import START as START_OF
from twins.solvers.schedule import STEADY as STEADY_OF
from twins.solvers.schedule import PHASE as LAG_OF
from twins.solvers.tableau import STABLE

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

READY, FINISHED = 0, -1
TOO_MANY_STEPS, STEP_TOO_SMALL, NOT_FINITE, UNSETTLED = 1, 2, 3, 4
"""The numbers of `Failure`."""
CYCLES = 2000
"""Dosing intervals after which a steady state that has not settled is given up."""
STRAINED_STEPS = 15
"""Steps that stability limits, as many as DOPRI5 allows (Hairer, Norsett and Wanner I, section IV.2 of volume II)."""


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


def first_output(work: Array, k: int) -> float:
    """The first output of lane k's state as it is."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    reads = stack(OUTPUTS)
    for s in range(STATES):
        y[s] = work[Y + s * LANES + k]
    time = work[TIME * LANES + k]
    for c in range(PARAMETERS):
        p[c] = work[P + c * LANES + k] + (time - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
    READ(time, y, p, reads)
    return reads[0]


def peak(work: Array, k: int, first: float, last: float) -> float:
    """The highest first output between two shares of lane k's step: at both, half way, and atop the parabola there."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    reads = stack(OUTPUTS)
    seen = stack(3)
    highest = -math.inf
    share = first
    for place in range(4):
        if place < 3:
            share = first + 0.5 * place * (last - first)
        else:
            bend = seen[0] - 2.0 * seen[1] + seen[2]
            if not bend < 0.0:
                break
            top = 0.5 + 0.25 * (seen[0] - seen[2]) / bend
            if not 0.0 < top < 1.0:
                break
            share = first + top * (last - first)
        BETWEEN(work, k, share, y)
        time = work[TIME * LANES + k] + share * work[STEP * LANES + k]
        for c in range(PARAMETERS):
            p[c] = work[P + c * LANES + k] + (time - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
        READ(time, y, p, reads)
        if place < 3:
            seen[place] = reads[0]
        highest = max(highest, reads[0])
    return highest


def record(
    work: Array,
    k: int,
    row: int,
    column: int,
    time: float,
    y: Array,
    area: float,
    parameters: Array,
    which: Integers,
    values: Array,
    auc: Array,
    highest: Array,
    exposure: bool,
    moving: bool,
) -> None:
    """One output time of a row; `parameters` are those it is read with."""
    p = stack(PARAMETERS)
    reads = stack(OUTPUTS)
    for c in range(PARAMETERS):
        p[c] = parameters[c]
        if moving:
            p[c] = work[P + c * LANES + k] + (time - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
    READ(time, y, p, reads)
    if which.size:
        values[0, row, column] = reads[which[column]]
    else:
        for o in range(OUTPUTS):
            values[o, row, column] = reads[o]
    if exposure:
        auc[row, column] = area
        highest[row, column] = max(work[TOP * LANES + k], reads[0])
        work[TOP * LANES + k] = reads[0]


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
                settled = off <= 1e-3 or (
                    work[MOVED * LANES + k] < math.inf and off <= 1.0 and off * shrinks <= 1.0 - shrinks
                )
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
                    adds = arrived[slot, first, STEADY_OF] == 2.0
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
            if work[END * LANES + k] > work[TIME * LANES + k]:
                return READY
            continue
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
            work[TOP * LANES + k] = max(work[TOP * LANES + k], FIRST_OUTPUT(work, k))
        stop = wholes[slot, j, STOP_AT]
        book[STOP * LANES + k] = stop
        work[END * LANES + k] = ends[slot, stop]
        work[NEXT * LANES + k] = ends[slot, j]
        return READY


def cut(work: Array, book: Integers, k: int) -> None:
    """Lane k's next step: as wished for, but no further than the next event."""
    left = work[END * LANES + k] - work[TIME * LANES + k]
    wish = work[WISH * LANES + k]
    book[LAST * LANES + k] = 0
    if wish >= left * (1.0 - 1e-12):
        book[LAST * LANES + k] = 1
        work[STEP * LANES + k] = left
    else:
        work[STEP * LANES + k] = wish


def carry(
    work: Array,
    book: Integers,
    ends: Array,
    flows: Array,
    wholes: Integers,
    arrivals: Array,
    counts: Integers,
    todo: Integers,
    parameters: Array,
    ports: Integers,
    epochs_h: Array,
    start_h: float,
    finish_h: float,
    moving: bool,
    tolerance: Array,
    limits: Integers,
    which: Integers,
    state: Array,
    values: Array,
    auc: Array,
    highest: Array,
    failed: Integers,
) -> None:
    """Carry the rows named in `todo`.

    Parameters
    ----------
    work : ndarray, shape (SIZE,)
    book : ndarray of int, shape (BOOKS * LANES,)
    ends, flows, wholes, arrivals, counts : ndarray
        Schedules from `itinerary.file_all`: one for each of `todo`, or one for all.
    todo : ndarray of int
        Rows of the arrays below.
    parameters : ndarray, shape (n, epochs, PARAMETERS)
    moving : bool
        Whether parameters move linearly from epoch to epoch.
    tolerance : ndarray, shape (2,)
        Relative and absolute (mg).
    limits : ndarray of int, shape (2,)
        Attempts after which a row is given up; whether a row that stability limits is given up as well.
    which : ndarray of int, shape (times,) or (0,)
        The output wanted at each time; empty: all, at every time.
    state : ndarray, shape (n, STATES)
        As they begin and, then, as they end. NaN in a row's first state: it begins as before any dose.
    values : ndarray, shape (OUTPUTS or 1, n, times)
    auc, highest : ndarray, shape (n, times or 0)
    failed : ndarray of int, shape (n,)
    """
    rtol, atol = tolerance[0], tolerance[1]
    most, gives_up = limits[0], limits[1] == 1
    exposure = auc.shape[1] > 0
    y = stack(STATES)
    own = counts.size > 1
    work, book, todo, parameters, ports, epochs_h, failed = (
        borrow(work), borrow(book), borrow(todo), borrow(parameters), borrow(ports), borrow(epochs_h), borrow(failed)
    )  # fmt: skip
    which, state, values, auc, highest = (
        borrow(which), borrow(state), borrow(values), borrow(auc), borrow(highest)
    )  # fmt: skip
    ends, flows, wholes, arrivals, counts = (
        borrow(ends), borrow(flows), borrow(wholes), borrow(arrivals), borrow(counts)
    )  # fmt: skip
    for k in range(LANES):
        book[ROW * LANES + k] = -1
    taken = 0
    busy = 0
    while True:
        for k in range(LANES):
            row = book[ROW * LANES + k]
            if row < 0 and taken == todo.size:
                continue
            outcome = FINISHED
            if row >= 0:
                outcome = READY
                h = work[STEP * LANES + k]
                error = work[ERROR * LANES + k]
                book[STEPS * LANES + k] += 1
                if error <= 1.0:
                    last = book[LAST * LANES + k] == 1
                    began = work[TIME * LANES + k]
                    then = work[END * LANES + k] if last else began + h
                    if book[CYCLE * LANES + k] < 0:
                        slot = book[SLOT * LANES + k]
                        passed = 0.0
                        while work[NEXT * LANES + k] < then:
                            j = book[AT * LANES + k]
                            column = wholes[slot, j, OUTPUT]
                            if column >= 0:
                                share = (ends[slot, j] - began) / h
                                if exposure:
                                    work[TOP * LANES + k] = max(work[TOP * LANES + k], PEAK(work, k, passed, share))
                                    passed = share
                                area = BETWEEN(work, k, share, y)
                                RECORD(
                                    work, k, row, column, ends[slot, j], y, area,
                                    parameters[row, wholes[slot, j, OUTPUT_EPOCH]], which, values, auc, highest,
                                    exposure, moving,
                                )  # fmt: skip
                            book[AT * LANES + k] = j + 1
                            work[NEXT * LANES + k] = ends[slot, j + 1]
                        if exposure:
                            work[TOP * LANES + k] = max(work[TOP * LANES + k], PEAK(work, k, passed, 1.0))
                    ADVANCE(work, k, exposure)
                    work[TIME * LANES + k] = then
                    growth = work[GROWTH * LANES + k]
                    if book[REFUSED * LANES + k] == 1 and growth > 1.0:
                        growth = 1.0
                    book[REFUSED * LANES + k] = 0
                    work[BEFORE * LANES + k] = work[AFTER * LANES + k]
                    if not last or growth < 1.0 or h * growth > work[WISH * LANES + k]:
                        work[WISH * LANES + k] = h * growth
                    if work[TURN * LANES + k] * h * h > STABLE * STABLE * work[WAY * LANES + k]:
                        book[STRAINED * LANES + k] += 1
                        book[EASY * LANES + k] = 0
                        if gives_up and book[STRAINED * LANES + k] >= STRAINED_STEPS and finish_h - then > 1000.0 * h:
                            outcome = TOO_MANY_STEPS
                    else:
                        book[EASY * LANES + k] += 1
                        if book[EASY * LANES + k] == 6:
                            book[STRAINED * LANES + k] = 0
                else:
                    book[REFUSED * LANES + k] = 1
                    h *= work[GROWTH * LANES + k]
                    work[WISH * LANES + k] = h
                    if h <= 1e-15 * max(abs(work[TIME * LANES + k]), 1e-9):
                        outcome = STEP_TOO_SMALL if error < math.inf else NOT_FINITE
                if book[STEPS * LANES + k] >= most:
                    outcome = TOO_MANY_STEPS
            # Until there is something to carry: outputs of this very moment, events, the next row.
            while True:
                if outcome == READY and work[TIME * LANES + k] < work[END * LANES + k] and book[FRESH * LANES + k] == 0:
                    break
                if outcome == READY:
                    slot = book[SLOT * LANES + k]
                    if work[TIME * LANES + k] < work[END * LANES + k]:
                        left = work[END * LANES + k] - work[TIME * LANES + k]
                        guess = BEGIN(work, k, exposure, moving, rtol, atol, left)
                        if guess > 0.0:
                            work[WISH * LANES + k] = guess
                            work[BEFORE * LANES + k] = 1.0
                            book[FRESH * LANES + k] = 0
                        else:
                            outcome = NOT_FINITE
                        continue
                    if book[CYCLE * LANES + k] < 0:
                        while book[AT * LANES + k] <= book[STOP * LANES + k]:
                            j = book[AT * LANES + k]
                            column = wholes[slot, j, OUTPUT]
                            if column >= 0:
                                for s in range(STATES):
                                    y[s] = work[Y + s * LANES + k]
                                RECORD(
                                    work, k, row, column, ends[slot, j], y, work[Y + STATES * LANES + k],
                                    parameters[row, wholes[slot, j, OUTPUT_EPOCH]], which, values, auc, highest,
                                    exposure, moving,
                                )  # fmt: skip
                            book[AT * LANES + k] = j + 1
                    outcome = ENTER(
                        work, book, k, ends, flows, wholes, counts, arrivals, ports, parameters[row], epochs_h,
                        exposure, moving, rtol, atol,
                    )  # fmt: skip
                    book[FRESH * LANES + k] = 1
                    continue
                if row >= 0:
                    for s in range(STATES):
                        state[row, s] = work[Y + s * LANES + k] if outcome == FINISHED else math.nan
                    if outcome > 0:
                        failed[row] = outcome
                        spoil(row, values, auc, highest)
                    busy -= 1
                    row = -1
                    book[ROW * LANES + k] = -1
                if taken == todo.size:
                    break
                row = todo[taken]
                slot = taken if own else 0
                taken += 1
                busy += 1
                failed[row] = 0
                for quantity in range(BOOKS):
                    book[quantity * LANES + k] = 0
                for quantity in range(0, SIZE, LANES):
                    work[quantity + k] = 0.0
                book[ROW * LANES + k] = row
                book[SLOT * LANES + k] = slot
                book[CYCLE * LANES + k] = -1
                book[STOP * LANES + k] = -1
                work[TIME * LANES + k] = start_h
                work[END * LANES + k] = start_h
                work[TOP * LANES + k] = -math.inf
                if math.isnan(state[row, 0]):
                    RESTORE(work, k, parameters[row, wholes[slot, 0, EPOCH]])
                else:
                    for s in range(STATES):
                        work[Y + s * LANES + k] = state[row, s]
                outcome = READY
            if row >= 0:
                CUT(work, book, k)
        if busy == 0:
            break
        ATTEMPT(work, exposure, moving, rtol, atol)
        for k in range(LANES):
            # Powers of 3/16 and 1/32 of the error: a proportional-integral controller close to that of DOPRI5 (0.17 and
            # 0.04; Hairer and Wanner, section IV.2), out of square roots alone. A refused step shrinks by the power 1/4.
            error = work[ERROR * LANES + k]
            error = error if error < 1e200 else 1e200  # what is not a number too
            error = error if error > 1e-12 else 1e-12
            quarter = math.sqrt(math.sqrt(math.sqrt(error)))
            eighth = math.sqrt(quarter)
            sixteenth = math.sqrt(eighth)
            work[AFTER * LANES + k] = math.sqrt(sixteenth)
            growth = 0.9 * work[BEFORE * LANES + k] / (eighth * sixteenth) if error <= 1.0 else 0.9 / quarter
            growth = growth if growth > 0.2 else 0.2
            work[GROWTH * LANES + k] = growth if growth < 8.0 else 8.0

"""Rows of parameters through their schedules, several side by side in lanes, each at its own time and step.

A text that `specialise` compiles for each set of equations and each method. A lane takes a row, carries it from event
to event, and takes the next row when it is done. Every attempt is made in all lanes at once, and what comes of it is
decided lane by lane: a row's digits do not depend on the rows beside it, nor on the lane it is in. Names in capitals
that are not defined here are given there.
"""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"
import math

import numpy as np
from numpy.typing import NDArray

from twins.solvers.events import FINISHED, NOT_FINITE, READY, STEP_TOO_SMALL, TOO_MANY_STEPS
from twins.solvers.itinerary import (
    EPOCH,
    OUTPUT,
    OUTPUT_EPOCH,
    spoil,
)
from twins.solvers.lane import (
    AFTER,
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
    NEXT,
    REFUSED,
    ROW,
    SLOT,
    STEP,
    STEPS,
    STOP,
    STRAINED,
    TIME,
    TOP,
    TURN,
    WAY,
    WISH,
    borrow,
    stack,
)
from twins.solvers.tableau import STABLE

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

STRAINED_STEPS = 15
"""Steps that stability limits, as many as DOPRI5 allows (Hairer and Wanner, section IV.2)."""


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
            # Powers of 3/16 and 1/32 of the error: a proportional-integral controller close to DOPRI5's (0.17 and 0.04;
            # Hairer and Wanner, section IV.2), out of square roots alone; a refused one shrinks by the power 1/4.
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

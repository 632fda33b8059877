"""Rows side by side through one schedule: concentrations, exposure, and what windows of time amount to."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.arrivals import inject
from twins.solvers.exponential import CONTRACT
from twins.solvers.linear import (
    ABOVE,
    AMOUNTS,
    AREA,
    BEFORE,
    CLEARED,
    FACTORS,
    FRACTIONS,
    HELD,
    KEPT,
    LATE_SPEEDS,
    LOW,
    NOW,
    ONE,
    PLACES,
    SAME,
    SCALE,
    SPEEDS,
    STEPS,
    TOP,
    VALUE,
    VOLUME,
    WAITING,
    add,
    advance,
    close_periods,
    enter_epoch,
    leave_amounts,
    set_push,
    set_step,
    set_value,
    take_amounts,
)
from twins.solvers.rows import COLUMNS, LANES, fill, larger, products, smaller, to_columns
from twins.solvers.schedule import AMOUNT, DURATION, INTERVAL, PHASE, PORT, STEADY
from twins.solvers.turns import count_hours, find_peaks, keep_changes

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SLOT_STATE, SLOT_FRACTION, SLOT_COMPLEMENT, SLOT_EPOCH = range(4)
"""Columns of a table of slots, shape (slots, 4): the state that is entered; the parameter column of the share that
arrives (-1: all of it), whether it is one minus that, and the epoch it is taken of."""

GIVEN, TURNED, NEW, RUNS, PLACE = 1, 2, 4, 8, 16
"""What is so of an interval, as flags added up: it begins with a bolus; with a change of rates; its step must be worked
out; something is infused. Above them, in units of `PLACE`, which of the kept steps it is."""


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
def carry(
    count: int,
    depot: int,
    scale: float,
    first: int,
    last: int,
    parameters: Array,
    slots: Integers,
    hours: Array,
    rate: Array,
    bolus: Array,
    doings: Integers,
    epoch: Integers,
    output: Integers,
    output_epoch: Integers,
    reset: Integers,
    steady: Integers,
    markers: Array,
    spans: Array,
    loose: Array,
    ports: Integers,
    begin_h: float,
    times_h: Array,
    edges: Integers,
    levels: Array,
    work: Array,
    state: Array,
    out: Array,
    auc: Array,
    highest: Array,
    measures: Array,
) -> None:
    """Carry rows `first` to ``last - 1`` (`LANES` of them at most) through a schedule that they share.

    Parameters
    ----------
    parameters : ndarray, shape (rows, epochs, parameters)
    hours, rate, bolus, epoch, output, output_epoch, reset, steady
        From `schedule.lay`, with slots for ports.
    doings : ndarray of int, shape (m,)
        From `doings_of`.
    markers : ndarray, shape (n, 10)
        The arrived doses that `steady` points into.
    spans, loose, ports
        What arrives at each row's own time, see `arrivals`, which has left the kinks behind the slots in the buffer.
        Only where neither exposure nor measures are wanted.
    edges : ndarray of int, shape (times,)
        Which edge of the windows an output time is, or -1.
    levels : ndarray, shape (3,)
        Concentrations above which hours are counted; not a number: not wanted.
    state : ndarray, shape (rows, states)
        At the start; at the end when done.
    out, auc, highest : ndarray, shape (rows, times) or (rows, 0)
        Filled where there is room.
    measures : ndarray, shape (7, rows, windows) or (7, rows, 0)
        AUC, highest, lowest, last, hours above each level.
    """
    windows = measures.shape[2]
    exposure = auc.shape[1] > 0 or windows > 0
    shown = out.shape[1] > 0
    live = last - first
    late = loose.shape[0] > 0
    flows = False
    for number in range(spans.shape[1]):
        flows = flows or spans[2, number] > 0.0
    for place in range(CLEARED * LANES):
        work[place] = 0.0
    for slot in range(slots.shape[0]):
        column = slots[slot, SLOT_FRACTION]
        for k in range(LANES):
            share = 1.0
            if column >= 0:
                share = parameters[min(first + k, last - 1), slots[slot, SLOT_EPOCH], column]
                if slots[slot, SLOT_COMPLEMENT] == 1:
                    share = 1.0 - share
            work[(FRACTIONS + slot) * LANES + k] = share
    for s in range(count + depot):
        for k in range(LANES):
            work[(AMOUNTS + s) * LANES + k] = state[min(first + k, last - 1), s]
    fill(work, SCALE, scale)
    now = epoch[0]
    enter_epoch(work, parameters, first, last, now, count, depot)
    take_amounts(work, count, depot)
    left = begin_h
    waiting = 0
    nearest = 0
    for j in range(hours.size):
        if epoch[j] != now:
            now = epoch[j]
            leave_amounts(work, count, depot)
            enter_epoch(work, parameters, first, last, now, count, depot)
            take_amounts(work, count, depot)
            set_push(work, count, depot)
        if reset[j] == 1:
            for number in range(4):
                fill(work, HELD + number, 0.0)
        if steady[j] >= 0:
            _settle(work, markers[steady[j]], slots, count, depot)
            set_push(work, count, depot)
        if doings[j] & GIVEN:
            for slot in range(slots.shape[0]):
                if bolus[j, slot] != 0.0:
                    add(work, bolus[j, slot], slot, slots[slot, SLOT_STATE], count)
        if doings[j] & TURNED:
            _set_speeds(work, rate[j], slots, count + depot)
            set_push(work, count, depot)
        if exposure:
            _open(work, count, depot)
        step = hours[j]
        column = output[j]
        by = STEPS + FACTORS * (doings[j] // PLACE)
        if step > 0.0:
            # Grids repeat their steps: the exponentials are kept while parameters stay.
            if doings[j] & NEW:
                set_step(work, by, step, count, depot, exposure)
            advance(work, by, count, depot, flows or doings[j] & RUNS != 0, exposure)
            if late:
                right = times_h[column] if column >= 0 else left + step
                if nearest < spans.shape[1] and spans[0, nearest] < right:
                    at = FRACTIONS + slots.shape[0]
                    nearest = inject(work, at, spans, loose, ports, nearest, left, right, count, depot)
                left = right
        if exposure:
            set_value(work, count)
            _close(work, step, by, levels, windows > 0, count, depot)
        elif column >= 0:
            set_value(work, count)
        if column < 0:
            continue
        if shown:
            products(work, WAITING + waiting, (VALUE, SCALE))
            if output_epoch[j] != now:
                for k in range(LANES):
                    other = parameters[min(first + k, last - 1), output_epoch[j], 1]
                    work[(WAITING + waiting) * LANES + k] *= work[VOLUME * LANES + k] / other
            waiting += 1
            if waiting == COLUMNS:
                _write(work, out, first, live, column + 1 - waiting, waiting)
                waiting = 0
        if windows > 0:
            edge = edges[column]
            if edge >= 0:
                _take(work, measures, first, live, edge, scale)
        elif exposure:
            for k in range(live):
                auc[first + k, column] = work[AREA * LANES + k] * scale
                highest[first + k, column] = work[TOP * LANES + k] * scale
                work[TOP * LANES + k] = 0.0
    if waiting > 0:
        _write(work, out, first, live, out.shape[1] - waiting, waiting)
    leave_amounts(work, count, depot)
    for s in range(count + depot):
        for k in range(live):
            amount = work[(AMOUNTS + s) * LANES + k]
            state[first + k, s] = 0.0 if amount < 0.0 else amount


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _write(work: Array, out: Array, first: int, live: int, column: int, columns: int) -> None:
    """The concentrations that wait, into so many columns from `column` on."""
    if live == LANES and columns == COLUMNS:
        to_columns(work, WAITING, out, first, column)
        return
    for k in range(live):
        for number in range(columns):
            out[first + k, column + number] = work[(WAITING + number) * LANES + k]


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def doings_of(hours: Array, rate: Array, bolus: Array, epoch: Integers) -> Integers:
    """What is so of each interval, see `GIVEN`; a step that is not kept takes the place of the one longest unused."""
    out = np.zeros(hours.size, dtype=np.int64)
    kept = np.full(PLACES, -1.0)
    used = np.zeros(PLACES, dtype=np.int64)
    for j in range(hours.size):
        if j and epoch[j] != epoch[j - 1]:
            kept[:] = -1.0
        for slot in range(rate.shape[1]):
            if bolus[j, slot] != 0.0:
                out[j] |= GIVEN
            if rate[j, slot] != 0.0:
                out[j] |= RUNS
            if rate[j, slot] != (rate[j - 1, slot] if j else 0.0):
                out[j] |= TURNED
        if hours[j] > 0.0:
            place = 0
            for other in range(PLACES):
                if kept[other] == hours[j]:
                    place = other
                    break
                if used[other] < used[place]:
                    place = other
            if kept[place] != hours[j]:
                kept[place] = hours[j]
                out[j] |= NEW
            used[place] = j + 1
            out[j] += place * PLACE
    return out


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _set_speeds(work: Array, rate: Array, slots: Integers, states: int) -> None:
    """Infusion rates by compartment: those that all rows share the times of, and those of rows' own times."""
    for s in range(states):
        products(work, SPEEDS + s, (LATE_SPEEDS + s, ONE))
    for slot in range(slots.shape[0]):
        if rate[slot] != 0.0:
            into = SPEEDS + slots[slot, SLOT_STATE]
            fill(work, SAME, rate[slot])
            products(work, into, (into, ONE, SAME, FRACTIONS + slot))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _settle(work: Array, marker: Array, slots: Integers, count: int, depot: int) -> None:
    """Put what a steady state holds into the modes, in place of what is there or added to it."""
    for number in range(4):
        products(work, KEPT + number, (HELD + number, ONE))
        products(work, KEPT + 4 + number, (SPEEDS + number, ONE))
        fill(work, HELD + number, 0.0)
    slot = int(marker[PORT])
    interval = marker[INTERVAL]
    _one_period(work, marker, slot, slots, interval, count, depot)
    set_step(work, NOW, interval, count, depot, depot > 1)
    close_periods(work, NOW, count, depot)
    if marker[PHASE] > 0.0:
        _one_period(work, marker, slot, slots, interval - marker[PHASE], count, depot)
    for number in range(4):
        if marker[STEADY] != 1.0:
            products(work, HELD + number, (HELD + number, ONE, KEPT + number, ONE))
        products(work, SPEEDS + number, (KEPT + 4 + number, ONE))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _one_period(work: Array, marker: Array, slot: int, slots: Integers, hours: float, count: int, depot: int) -> None:
    """From the moment before a dose of a steady state over some hours, an interval at most."""
    amount, duration, interval = marker[AMOUNT], marker[DURATION], marker[INTERVAL]
    into = slots[slot, SLOT_STATE]
    # Infusions longer than the interval overlap: so many run all the time, and one more for what is left over.
    always = float(math.floor(duration / interval))
    rest = duration - always * interval
    for number in range(4):
        fill(work, SPEEDS + number, 0.0)
    if duration == 0.0:
        add(work, amount, slot, into, count)
    for turn in range(2):
        length = min(rest, hours) if turn == 0 else hours - min(rest, hours)
        if length > 0.0:
            if duration > 0.0:
                fill(work, SAME, (always + 1.0 - turn) * (amount / duration))
                products(work, SPEEDS + into, (SAME, FRACTIONS + slot))
            set_push(work, count, depot)
            exposure = depot > 1  # never: a plain word for False would be compiled once more
            set_step(work, NOW, length, count, depot, exposure)
            advance(work, NOW, count, depot, duration > 0.0, exposure)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _open(work: Array, count: int, depot: int) -> None:
    """Before a step: the concentration that it begins with, and its slope."""
    set_value(work, count)
    products(work, BEFORE, (VALUE, ONE))
    larger(work, TOP, VALUE)
    smaller(work, LOW, VALUE)
    keep_changes(work, count, depot)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _close(work: Array, hours: float, by: int, levels: Array, windows: bool, count: int, depot: int) -> None:
    """After a step: what it adds to area, highest, lowest and hours above."""
    if hours > 0.0:
        peaks = find_peaks(work, hours, by, count, depot)
        if windows:
            for number in range(3):
                if not math.isnan(levels[number]):
                    count_hours(work, hours, levels[number], ABOVE + number, peaks, count, depot)
    larger(work, TOP, VALUE)
    smaller(work, LOW, VALUE)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _take(work: Array, measures: Array, first: int, live: int, edge: int, scale: float) -> None:
    """At an edge: what the window amounts to that ends there; then begin the next."""
    window = edge - 1
    if 0 <= window < measures.shape[2]:
        for k in range(live):
            measures[0, first + k, window] = work[AREA * LANES + k] * scale
            measures[1, first + k, window] = work[TOP * LANES + k] * scale
            measures[2, first + k, window] = work[LOW * LANES + k] * scale
            measures[3, first + k, window] = work[VALUE * LANES + k] * scale
            measures[4, first + k, window] = work[ABOVE * LANES + k]
            measures[5, first + k, window] = work[(ABOVE + 1) * LANES + k]
            measures[6, first + k, window] = work[(ABOVE + 2) * LANES + k]
    fill(work, AREA, 0.0)
    fill(work, TOP, 0.0)
    fill(work, LOW, math.inf)
    for number in range(3):
        fill(work, ABOVE + number, 0.0)

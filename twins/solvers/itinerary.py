"""A row's laid schedule as a solver with steps of its own reads it: which intervals have no event between them."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

ENDS, BOLUS = 0, 1
"""Columns of the table of reals, shape (slots, intervals, 1 + 2 ports): when the interval ends, h; then the rates of
all ports, mg/h; then their boluses, mg."""
EPOCH, OUTPUT, OUTPUT_EPOCH, RESET, STEADY, STOP_AT = range(6)
"""Columns of the table of whole numbers, shape (slots, intervals, 6): those of `schedule.lay`; the last interval that
can be reached from this one without an event."""


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def file(
    slot: int,
    laid: tuple[Array, Array, Array, Integers, Integers, Integers, Integers, Integers],
    start_h: float,
    epochs_h: Array,
    moving: bool,
    reals: Array,
    wholes: Integers,
) -> None:
    """What `schedule.lay` gave, into one slot of the tables; `moving`: parameters bend at the first epoch too."""
    hours, rate, bolus, epoch, output, output_epoch, reset, steady = laid
    n_ports = rate.shape[1]
    now = start_h
    for j in range(hours.size):
        now += hours[j]
        reals[slot, j, ENDS] = now
        for port in range(n_ports):
            reals[slot, j, BOLUS + port] = rate[j, port]
            reals[slot, j, BOLUS + n_ports + port] = bolus[j, port]
        wholes[slot, j, EPOCH] = epoch[j]
        wholes[slot, j, OUTPUT] = output[j]
        wholes[slot, j, OUTPUT_EPOCH] = output_epoch[j]
        wholes[slot, j, RESET] = reset[j]
        wholes[slot, j, STEADY] = steady[j]
    stop = hours.size - 1
    for j in range(hours.size - 1, -1, -1):
        wholes[slot, j, STOP_AT] = stop
        if j == 0:
            break
        same = epoch[j] == epoch[j - 1] and reset[j] == 0 and steady[j] < 0 and steady[j - 1] < 0 and hours[j - 1] > 0.0
        if moving and reals[slot, j - 1, ENDS] <= epochs_h[0] < reals[slot, j, ENDS]:
            same = False
        for port in range(n_ports):
            same = same and bolus[j, port] == 0.0 and rate[j, port] == rate[j - 1, port]
        if not same:
            stop = j - 1


@njit(cache=True, fastmath=CONTRACT)
def next_phase(phase: float, lag: float, duration: float, interval: float) -> float:
    """When the first of a series' arrivals and infusions' ends comes after a phase of its interval."""
    found = interval
    for moment in (lag % interval, (lag + duration) % interval):
        if phase < moment < found:
            found = moment
    return found


@njit(cache=True, fastmath=CONTRACT)
def runs_in_phase(phase: float, lag: float, duration: float, interval: float) -> float:
    """How many infusions of an endless series run at a phase of its interval."""
    return math.floor((phase - lag) / interval) - math.floor((phase - lag - duration) / interval)

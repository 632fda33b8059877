"""A row's laid schedule as a solver with steps of its own reads it: which intervals have no event between them."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.schedule import DURATION_OF, FRACTION, LAG, RATE_OF, arrive, lay
from twins.solvers.schedule import STEADY as STEADY_OF

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

EPOCH, OUTPUT, OUTPUT_EPOCH, RESET, STEADY, STOP_AT = range(6)
"""Columns of the table of whole numbers, shape (slots, intervals, 6): those of `schedule.lay`; the last interval that
can be reached from this one without an event."""


@njit(cache=True, nogil=True)
def spoil(row: int, values: Array, auc: Array, highest: Array) -> None:
    """A row that failed is not a number throughout."""
    values[:, row, :] = math.nan
    auc[row, :] = math.nan
    highest[row, :] = math.nan


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _file(
    slot: int,
    laid: tuple[Array, Array, Array, Integers, Integers, Integers, Integers, Integers],
    arrived: Array,
    start_h: float,
    epochs_h: Array,
    moving: bool,
    ends: Array,
    flows: Array,
    wholes: Integers,
    arrivals: Array,
) -> None:
    """What `schedule.lay` gave, into one slot of the tables; `moving`: parameters bend at the first epoch too."""
    hours, rate, bolus, epoch, output, output_epoch, reset, steady = laid
    n_ports = rate.shape[1]
    now = start_h
    for row in range(arrived.shape[0]):
        for column in range(10):
            arrivals[slot, row, column] = arrived[row, column]
    for j in range(hours.size):
        now += hours[j]
        ends[slot, j] = now
        for port in range(n_ports):
            flows[slot, j, port] = rate[j, port]
            flows[slot, j, n_ports + port] = bolus[j, port]
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
        if moving and ends[slot, j - 1] <= epochs_h[0] < ends[slot, j]:
            same = False
        for port in range(n_ports):
            same = same and bolus[j, port] == 0.0 and rate[j, port] == rate[j - 1, port]
        if not same:
            stop = j - 1


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def file_all(
    todo: Integers,
    parameters: Array,
    doses: Array,
    ports: Integers,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
    moving: bool,
) -> tuple[Array, Array, Integers, Array, Integers]:
    """The schedules of the rows `todo`, in slots: one for each, or, where rows do not differ in theirs, one for all.

    Parameters
    ----------
    doses : ndarray, shape (d, 10)
        From `schedule.expand`.

    Returns
    -------
    ends : ndarray, shape (slots, intervals)
        When each interval ends, h.
    flows : ndarray, shape (slots, intervals, 2 ports)
        Rates of all ports, mg/h, then their boluses, mg.
    wholes : ndarray of int, shape (slots, intervals, 6)
    arrivals : ndarray, shape (slots, doses, 10)
        From `schedule.arrive`.
    counts : ndarray of int, shape (slots,)
        How many intervals each slot has.
    """
    own = False
    for port in range(ports.shape[0]):
        for column in (LAG, FRACTION, DURATION_OF, RATE_OF):
            own = own or ports[port, column] >= 0
    slots = todo.size if own else min(1, todo.size)
    most = doses.shape[0]
    markers = 0
    for row in range(doses.shape[0]):
        if doses[row, STEADY_OF] > 0.0:
            markers += 1
    if markers:  # how many infusions run at a steady state's moment is a row's own
        for slot in range(slots):
            most = max(most, arrive(doses, ports, parameters[todo[slot]], epochs_h, backward).shape[0])
    room = 2 * most + markers + epochs_h.size + resets_h.size + times_h.size + 3
    ends = np.zeros((slots, room))
    flows = np.zeros((slots, room, 2 * ports.shape[0]))
    wholes = np.zeros((slots, room, 6), dtype=np.int64)
    arrivals = np.zeros((slots, most, 10))
    counts = np.zeros(slots, dtype=np.int64)
    for slot in range(slots):
        arrived = arrive(doses, ports, parameters[todo[slot]], epochs_h, backward)
        laid = lay(arrived, ports.shape[0], epochs_h, times_h, resets_h, start_h, backward)
        counts[slot] = laid[0].size
        _file(slot, laid, arrived, start_h, epochs_h, moving, ends, flows, wholes, arrivals)
    return ends, flows, wholes, arrivals, counts


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

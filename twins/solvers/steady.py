"""The steady state of a linear system under an endless series of equal doses."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.schedule import AMOUNT, DURATION, INTERVAL, PHASE, PORT
from twins.solvers.transition import move, step

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(cache=True, fastmath=CONTRACT)
def endless(rates: Array, entries: Integers, dose: Array, found: Array) -> bool:
    """The state just before the moment at which an endless series of this dose would give its next one.

    Doses arrive `PHASE` hours after they are given; infusions longer than the interval overlap.
    """
    n = found.size
    observed = np.zeros(n)
    carried = np.empty((n, n))
    infused = np.empty((n, entries.size))
    of_part, into_part = np.empty((n, n)), np.empty((n, entries.size))
    area = np.empty(n)
    infused_area = np.empty(entries.size)
    spare = np.empty(n)
    rate = np.zeros(entries.size)
    port = int(dose[PORT])
    interval, length = dose[INTERVAL], dose[DURATION]
    if dose[PHASE] > interval:
        return False
    speed = 0.0 if length == 0.0 else dose[AMOUNT] / length
    overlapping = math.floor(length / interval)
    more = length - overlapping * interval
    found[:] = 0.0
    # Twice through one interval: from nothing, which gives what one interval adds, and from the steady state that
    # follows from it, up to the moment asked for.
    for passing in range(2):
        hours = interval if passing == 0 else interval - dose[PHASE]
        if length == 0.0:
            found[entries[port]] += dose[AMOUNT]
        first = min(more, hours)
        for part in range(2):
            rate[port] = speed * (overlapping + 1.0 - part)
            if not step(
                rates,
                first if part == 0 else hours - first,
                entries,
                observed,
                carried,
                infused,
                area,
                infused_area,
                of_part,
                into_part,
            ):
                return False
            move(carried, infused, rate, found, spare)
        if passing == 0:
            if not step(rates, interval, entries, observed, carried, infused, area, infused_area, of_part, into_part):
                return False
            if not settle(carried, found):
                return False
            if dose[PHASE] == 0.0:
                return True
    return True


@njit(cache=True, fastmath=CONTRACT)
def settle(carried: Array, added: Array) -> bool:
    """Steady state of x = P x + u: `added` (u, shape (n,)) is replaced by x; `carried` (P) is spent.

    Gaussian elimination with partial pivoting of I - P. False where there is none: something never leaves.
    """
    n = carried.shape[0]
    for i in range(n):
        for j in range(n):
            carried[i, j] = (1.0 if i == j else 0.0) - carried[i, j]
    for column in range(n):
        best = column
        for i in range(column + 1, n):
            if abs(carried[i, column]) > abs(carried[best, column]):
                best = i
        if not abs(carried[best, column]) > 1e-14:
            return False
        if best != column:
            for j in range(n):
                carried[column, j], carried[best, j] = carried[best, j], carried[column, j]
            added[column], added[best] = added[best], added[column]
        for i in range(column + 1, n):
            factor = carried[i, column] / carried[column, column]
            if factor == 0.0:
                continue
            for j in range(column, n):
                carried[i, j] -= factor * carried[column, j]
            added[i] -= factor * added[column]
    for i in range(n - 1, -1, -1):
        total = added[i]
        for j in range(i + 1, n):
            total -= carried[i, j] * added[j]
        added[i] = total / carried[i, i]
    return True

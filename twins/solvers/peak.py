"""The highest amount in one state of a linear system between two events."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.transition import PARTS, move, step

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_STEPS = 40
_CLOSE = 1e-8  # of a part; what is missed at a peak is of second order in this


@njit(cache=True, fastmath=CONTRACT)
def look_ahead(
    rates: Array, entries: Integers, at: int, carried: Array, infused: Array, of_state: Array, of_rate: Array
) -> None:
    """How the slopes of state `at` after each part follow from the state and the infusions as an interval begins.

    Parameters
    ----------
    carried, infused : ndarray
        P and U of one part.
    of_state, of_rate : ndarray, shapes (PARTS + 1, n), (PARTS + 1, ports)
        Filled: the slope after part k is of_state[k] x + of_rate[k] u, mg/h.
    """
    n = rates.shape[0]
    for i in range(n):
        of_state[0, i] = rates[at, i]
    for p in range(entries.size):
        of_rate[0, p] = 1.0 if entries[p] == at else 0.0
    for part in range(PARTS):
        for i in range(n):
            total = 0.0
            for k in range(n):
                total += of_state[part, k] * carried[k, i]
            of_state[part + 1, i] = total
        for p in range(entries.size):
            total = of_rate[part, p]
            for k in range(n):
                total += of_state[part, k] * infused[k, p]
            of_rate[part + 1, p] = total


@njit(cache=True, fastmath=CONTRACT)
def rises_and_falls(of_state: Array, of_rate: Array, state: Array, infusion: Array) -> bool:
    """Whether a slope of `look_ahead` is positive before one that is negative, so that there is a peak inside."""
    rising = False
    for part in range(of_state.shape[0]):
        slope = 0.0
        for i in range(state.size):
            slope += of_state[part, i] * state[i]
        for p in range(infusion.size):
            slope += of_rate[part, p] * infusion[p]
        if rising and slope < 0.0:
            return True
        rising = slope > 0.0
    return False


@njit(cache=True, fastmath=CONTRACT)
def climb(
    rates: Array,
    part_h: float,
    entries: Integers,
    infusion: Array,
    start: Array,
    at: int,
    carried: Array,
    infused: Array,
    found: Array,
) -> bool:
    """Find the highest amount in state `at` inside an interval of `PARTS` times `part_h`.

    In each part the amount may rise to one peak and fall.

    Parameters
    ----------
    rates, entries
        As in `transition.step`.
    infusion : ndarray, shape (ports,)
        mg/h throughout the interval.
    start : ndarray, shape (n,)
        The state as it begins; left as it is.
    carried, infused : ndarray
        P and U of one part.
    found : ndarray, shape (n,)
        Filled with the state at the highest peak.

    Returns
    -------
    bool
        Whether there is a peak inside; else the amount is highest at one of the ends.
    """
    n = start.size
    here = start.copy()
    there = np.empty(n)
    spare = np.empty(n)
    peaked = False
    rising = _slope(rates, entries, infusion, here, at)
    for _ in range(PARTS):
        for i in range(n):
            there[i] = here[i]
        move(carried, infused, infusion, there, spare)
        then = _slope(rates, entries, infusion, there, at)
        if rising > 0.0 and then < 0.0:
            _refine(rates, part_h, entries, infusion, here, at, spare)
            if not peaked or spare[at] > found[at]:
                for i in range(n):
                    found[i] = spare[i]
            peaked = True
        rising = then
        here, there = there, here
    return peaked


@njit(cache=True, fastmath=CONTRACT)
def _slope(rates: Array, entries: Integers, infusion: Array, state: Array, at: int) -> float:
    """The derivative of one state, mg/h."""
    total = 0.0
    for k in range(state.size):
        total += rates[at, k] * state[k]
    for p in range(entries.size):
        if entries[p] == at:
            total += infusion[p]
    return total


@njit(cache=True, fastmath=CONTRACT)
def _refine(
    rates: Array, part_h: float, entries: Integers, infusion: Array, start: Array, at: int, found: Array
) -> None:
    """Newton's method for the moment at which the slope is 0, kept between the ends of the part."""
    n = start.size
    observed, area, infused_area = np.zeros(n), np.empty(n), np.empty(entries.size)
    carried, infused, spare = np.empty((n, n)), np.empty((n, entries.size)), np.empty(n)
    of_part, into_part = np.empty((n, n)), np.empty((n, entries.size))
    low, high = 0.0, part_h
    now = 0.5 * part_h
    for _ in range(_MOST_STEPS):
        step(rates, now, entries, observed, carried, infused, area, infused_area, of_part, into_part)
        for i in range(n):
            found[i] = start[i]
        move(carried, infused, infusion, found, spare)
        slope = _slope(rates, entries, infusion, found, at)
        bend = 0.0
        for k in range(n):
            bend += rates[at, k] * _slope(rates, entries, infusion, found, k)
        if slope > 0.0:
            low = now
        else:
            high = now
        then = now - slope / bend if bend < 0.0 else low
        if not low < then < high:
            then = 0.5 * (low + high)
        if abs(then - now) <= _CLOSE * part_h:
            return
        now = then

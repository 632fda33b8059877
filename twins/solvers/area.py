"""The area under an output that is no linear function of its state, over one step of a linear system."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.reading import read
from twins.solvers.transition import step

Array = NDArray[np.float64]

_LEVELS = 13
_SURE = 5
_CLOSE = 1e-11
_MOST_PIECES = 30


@njit(cache=True, fastmath=CONTRACT)
def area_of_output(
    rates: Array,
    hours: float,
    entries: NDArray[np.int64],
    infusion: Array,
    start: Array,
    output: NDArray[np.int64],
    scale: float,
    parameters: Array,
) -> float:
    """The area by Romberg's rule over pieces that double in length, so that what is fast at first is seen.

    Parameters
    ----------
    rates, entries
        As in `transition.step`.
    infusion : ndarray, shape (ports,)
        mg/h throughout the step.
    start : ndarray, shape (n,)
        The state as the step begins; left as it is.
    output, scale, parameters
        As in `reading.read`.

    Returns
    -------
    float
        Output's unit times h.
    """
    fastest = 0.0
    for i in range(start.size):
        fastest = max(fastest, -rates[i, i])
    piece = hours
    pieces = 1
    while piece * fastest > 1.0 and pieces < _MOST_PIECES:
        piece *= 0.5
        pieces += 1
    here = start.copy()
    total = 0.0
    for number in range(pieces):
        total += _romberg(rates, piece, entries, infusion, here, output, scale, parameters, total)
        if number:
            piece *= 2.0
    return total


@njit(cache=True, fastmath=CONTRACT)
def _romberg(
    rates: Array,
    hours: float,
    entries: NDArray[np.int64],
    infusion: Array,
    state: Array,
    output: NDArray[np.int64],
    scale: float,
    parameters: Array,
    before: float,
) -> float:
    """Romberg's rule on states carried exactly: halved until two of its diagonal agree to 1e-11.

    `state` is the one as the step begins; it is carried to its end. Two agree if they differ by
    little of all the area, with that `before`.
    """
    n = state.size
    start = state.copy()
    end = np.empty(n)
    observed = np.zeros(n)
    long, long_infused = np.empty((n, n)), np.empty((n, entries.size))
    short, short_infused = np.empty((n, n)), np.empty((n, entries.size))
    area, infused_area = np.empty(n), np.empty(entries.size)
    of_part, into_part = np.empty((n, n)), np.empty((n, entries.size))
    here, there = np.empty(n), np.empty(n)
    table = np.zeros((_LEVELS, _LEVELS))
    step(rates, hours, entries, observed, long, long_infused, area, infused_area, of_part, into_part)
    _carry(long, long_infused, infusion, start, end)
    table[0, 0] = 0.5 * hours * (read(output, scale, start, parameters) + read(output, scale, end, parameters))
    panels = 1
    best: float = table[0, 0]
    for level in range(1, _LEVELS):
        panels *= 2
        width = hours / panels
        step(rates, width, entries, observed, short, short_infused, area, infused_area, of_part, into_part)
        _carry(short, short_infused, infusion, start, here)
        total = 0.0
        for point in range(panels // 2):  # those that the coarser levels did not have
            if point:
                _carry(long, long_infused, infusion, here, there)
                here, there = there, here
            total += read(output, scale, here, parameters)
        table[level, 0] = 0.5 * table[level - 1, 0] + width * total
        power = 1.0
        for k in range(1, level + 1):
            power *= 4.0
            table[level, k] = table[level, k - 1] + (table[level, k - 1] - table[level - 1, k - 1]) / (power - 1.0)
        change = abs(table[level, level] - best)
        best = table[level, level]
        if level >= _SURE and change <= _CLOSE * abs(before + best):
            break
        long, short = short, long
        long_infused, short_infused = short_infused, long_infused
    for i in range(n):
        state[i] = end[i]
    return best


@njit(cache=True, fastmath=CONTRACT)
def _carry(carried: Array, infused: Array, infusion: Array, state: Array, out: Array) -> None:
    """out = P state + U infusion."""
    for i in range(state.size):
        total = 0.0
        for k in range(state.size):
            total += carried[i, k] * state[k]
        for p in range(infusion.size):
            total += infused[i, p] * infusion[p]
        out[i] = total

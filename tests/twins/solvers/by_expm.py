"""Linear compartments by SciPy's matrix exponential, event by event: the reference of the closed forms."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

Array = NDArray[np.float64]


def matrix(row: list[float], count: int, depot: bool) -> Array:
    """Rate constants (1/h) between central, further compartments, depot; the last column keeps the central integral."""
    size = count + depot + 1
    out = np.zeros((size, size))
    out[0, 0] -= row[0] / row[1]
    for k in range(1, count):
        between, volume = row[2 * k], row[2 * k + 1]
        out[0, 0] -= between / row[1]
        out[k, 0] += between / row[1]
        out[k, k] -= between / volume
        out[0, k] += between / volume
    if depot:
        ka = row[2 * count]
        out[count, count] -= ka
        out[0, count] += ka
    out[-1, 0] = 1.0
    return out


def carried(rates: Array, state: Array, push: Array, hours: float) -> Array:
    """The state after some hours of constant input, by an exponential of the matrix with the input as a column."""
    size = state.size
    whole = np.zeros((size + 1, size + 1))
    whole[:size, :size] = rates
    whole[:size, size] = push
    return np.asarray((expm(whole * hours) @ np.append(state, 1.0))[:size])


def follow(
    row: list[float],
    count: int,
    depot: bool,
    doses: list[tuple[float, float, float, int]],
    times: Array,
    resets: tuple[float, ...] = (),
) -> tuple[Array, Array]:
    """Concentrations and AUC at `times` of doses (start, amount, duration, state) given one by one."""
    rates = matrix(row, count, depot)
    lines = sorted({*times, *resets, *(d[0] for d in doses), *(d[0] + d[2] for d in doses)})
    state = np.zeros(rates.shape[0])
    found: dict[float, tuple[float, float]] = {}
    for number, line in enumerate(lines):
        found[line] = (state[0] / row[1], state[-1] / row[1])
        if line in resets:
            state = np.append(np.zeros(state.size - 1), state[-1])
        for start, amount, duration, into in doses:
            if start == line and duration == 0.0:
                state[into] += amount
        if number + 1 == len(lines):
            break
        push = np.zeros(state.size)
        for start, amount, duration, into in doses:
            ended = any(start < reset <= line for reset in resets)
            if duration > 0.0 and start <= line < start + duration and not ended:
                push[into] += amount / duration
        state = carried(rates, state, push, lines[number + 1] - line)
    values = np.array([found[time] for time in times])
    return values[:, 0], values[:, 1]

"""What is measured: outputs read from states and parameters, one compiled function for every response."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.system import Response, System

Array = NDArray[np.float64]

STATE, VOLUME, RESPONSE, FIRST = range(4)
"""Columns of the table of outputs: state read, column of the volume (-1: none), response, its parameters' columns."""
WIDTH = FIRST + 5

_LINEAR, _SIGMOID, _SATURABLE_BINDING, _SPLIT_SIGMOID = (int(response) for response in Response)
_TAKES = {
    Response.LINEAR: (0, 1),
    Response.SIGMOID: (4,),
    Response.SATURABLE_BINDING: (3,),
    Response.SPLIT_SIGMOID: (5,),
}


class OutputError(ValueError):
    """An output that the system does not have, or that lacks a parameter; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read some outputs of a system.

    Attributes
    ----------
    table : ndarray of int, shape (outputs, `WIDTH`)
    scales : ndarray, shape (outputs,)
    """

    table: NDArray[np.int64]
    scales: Array


def tabulate(system: System, names: Sequence[str] | None = None) -> Reading:
    """The outputs of these names (None: all) as a table for `read`.

    Raises
    ------
    OutputError
        If the system has no output of a name, or an output names a state, or parameters, that are not there.
    """
    known = {output.name: output for output in system.outputs}
    wanted = tuple(known) if names is None else tuple(names)
    table = np.full((len(wanted), WIDTH), -1, dtype=np.int64)
    scales = np.ones(len(wanted))
    for row, name in enumerate(wanted):
        if name not in known:
            raise OutputError(f"{system.name} has no output {name!r}; it has {', '.join(known)}")
        output = known[name]
        parts = [part for part in (output.volume, *output.of) if part]
        missing = [part for part in parts if part not in system.parameters]
        if output.state not in system.states or missing:
            raise OutputError(
                f"output {name!r} reads state {output.state!r} with {parts}; {system.name} has the states "
                f"{', '.join(system.states)} and the parameters {', '.join(system.parameters)}"
            )
        if len(output.of) not in _TAKES[output.response]:
            raise OutputError(
                f"output {name!r} names {len(output.of)} parameters; its response takes {_TAKES[output.response]}"
            )
        table[row, STATE] = system.states.index(output.state)
        table[row, VOLUME] = system.column(output.volume)
        table[row, RESPONSE] = output.response
        table[row, FIRST : FIRST + len(output.of)] = [system.column(part) for part in output.of]
        scales[row] = output.scale
    return Reading(table, scales)


@njit(cache=True, fastmath=CONTRACT, error_model="numpy", inline="always")
def sigmoid(c: float, baseline: float, greatest: float, half: float, steepness: float) -> float:
    """Sigmoid Emax, written so that neither a c of 0 nor a very high one overflows."""
    if c <= 0.0:
        return baseline
    effect: float = baseline + (greatest - baseline) / (1.0 + (half / c) ** steepness)
    return effect


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def read(row: NDArray[np.int64], scale: float, states: Array, parameters: Array) -> float:
    """One output.

    Parameters
    ----------
    row : ndarray of int, shape (`WIDTH`,)
        Of the table of `tabulate`.
    states, parameters : ndarray
        Of one subject, now.
    """
    c: float = states[row[STATE]] * scale
    if row[VOLUME] >= 0:
        c /= parameters[row[VOLUME]]
    response = row[RESPONSE]
    if response == _LINEAR:
        if row[FIRST] >= 0:
            c *= parameters[row[FIRST]]
        return c
    if response == _SATURABLE_BINDING:
        capacity, share, affinity = parameters[row[FIRST]], parameters[row[FIRST + 1]], parameters[row[FIRST + 2]]
        c += c * capacity * share / (c + affinity)
        return c
    half, steepness = parameters[row[FIRST + 2]], parameters[row[FIRST + 3]]
    if response == _SPLIT_SIGMOID and c > half:
        steepness = parameters[row[FIRST + 4]]
    effect: float = sigmoid(c, parameters[row[FIRST]], parameters[row[FIRST + 1]], half, steepness)
    return effect

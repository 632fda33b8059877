"""A linear system as numbers, for the kernels: tables of its flows and outputs, and the rate matrix that they make."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.quantities.sentence import Listed, Sentence
from twins.solvers import reading
from twins.solvers.linear import CONTRACT
from twins.solvers.schedule import COMPLEMENT, FRACTION
from twins.solvers.solve import SolveError
from twins.solvers.system import Equations, Flow, Flows, System

_STEPS_ALONE = Sentence("{system} is written as equations; solve it by a method that steps", system=Listed(", "))

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SOURCE, TARGET, RATE, VOLUME, COPIES = range(5)
"""Columns of the table of flows: states, parameter columns (-1: none) and a flag."""
FLOW = 5
STATES, FLOWS, OUTPUTS, PARAMETERS = range(4)
"""Counts at the beginning of a layout."""
HEAD = 4


@dataclass(frozen=True, slots=True)
class Wiring:
    """A linear system as numbers, for the kernels.

    Attributes
    ----------
    layout : ndarray of int
        Counts of states, flows, outputs and parameters; the tables of flows and of outputs; 1 for each parameter that
        must be positive. The first row of the outputs is the one that exposure is taken of.
    scales : ndarray
        A factor for each flow, then one for each output.
    """

    layout: Integers
    scales: Array


def flows_of(system: System) -> tuple[Flow, ...]:
    """The flows between the states of any linear system: its own, or those that its compartments stand for.

    Raises
    ------
    SolveError
        If the system is written as equations.
    """
    form = system.equations
    if isinstance(form, Equations):
        raise SolveError(_STEPS_ALONE(system=system.name))
    if isinstance(form, Flows):
        return form.flows
    names, central = system.parameters, system.states[0]
    flows = [Flow(central, "", names[0], names[1])]
    for number in range(1, form.count):
        exchange, volume, other = names[2 * number], names[2 * number + 1], system.states[number]
        flows += [Flow(central, other, exchange, names[1]), Flow(other, central, exchange, volume)]
    if form.depot:
        flows.append(Flow(system.states[form.count], central, names[2 * form.count]))
    return tuple(flows)


def flow_table(system: System) -> tuple[Integers, Array]:
    """The flows of a linear system, shape (flows, `FLOW`), and the plain factor of each.

    Raises
    ------
    SolveError
        If the system is not linear, or a flow names a state or parameter that is not there.
    """
    flows = flows_of(system)
    rows = []
    for flow in flows:
        for state in (flow.source, flow.target):
            if state and state not in system.states:
                raise SolveError(f"{system.name}: a flow names the state {state!r}; it has {', '.join(system.states)}")
        for name in (flow.rate, flow.volume):
            if name and name not in system.parameters:
                raise SolveError(f"{system.name}: a flow names {name!r}; it has {', '.join(system.parameters)}")
        rows.append(
            (
                system.states.index(flow.source),
                system.states.index(flow.target) if flow.target else -1,
                system.column(flow.rate),
                system.column(flow.volume),
                int(flow.copies),
            )
        )
    return np.array(rows, dtype=np.int64), np.array([flow.times for flow in flows])


@lru_cache(maxsize=256)
def wiring(system: System, outputs: tuple[int, ...]) -> Wiring:
    """The tables of a linear system and of the outputs of these numbers, with that of exposure before them.

    Raises
    ------
    SolveError
        If the system is not linear, or a flow names a state or parameter that is not there.
    """
    table, factors = flow_table(system)
    read_out = reading.tabulate(system, [system.outputs[number].name for number in (system.exposed, *outputs)])
    positive = [int(name not in system.zero_allowed) for name in system.parameters]
    head = [len(system.states), len(table), len(outputs) + 1, len(system.parameters)]
    layout = np.concatenate((head, table.ravel(), read_out.table.ravel(), positive)).astype(np.int64)
    scales = np.concatenate((factors, read_out.scales))
    layout.flags.writeable = scales.flags.writeable = False
    return Wiring(layout, scales)


@njit(cache=True, fastmath=CONTRACT)
def fill_rates(layout: Integers, scales: Array, parameters: Array, rates: Array) -> None:
    """The rate matrix of one row of parameters, 1/h."""
    rates[:] = 0.0
    for flow in range(layout[FLOWS]):
        entry = layout[HEAD + flow * FLOW : HEAD + (flow + 1) * FLOW]
        rate = scales[flow]
        if entry[RATE] >= 0:
            rate *= parameters[entry[RATE]]
        if entry[VOLUME] >= 0:
            rate /= parameters[entry[VOLUME]]
        if entry[COPIES] == 0:
            rates[entry[SOURCE], entry[SOURCE]] -= rate
        if entry[TARGET] >= 0:
            rates[entry[TARGET], entry[SOURCE]] += rate


@njit(cache=True, fastmath=CONTRACT)
def possible(layout: Integers, ports: Integers, parameters: Array) -> bool:
    """Whether every parameter is finite, positive where it must be, and a share of a dose no more than all of it."""
    width = layout[PARAMETERS]
    for epoch in range(parameters.shape[0]):
        for column in range(width):
            value = parameters[epoch, column]
            positive = layout[layout.size - width + column] == 1
            if not (value < math.inf) or value < 0.0 or (positive and value == 0.0):
                return False
        for port in range(ports.shape[0]):
            if ports[port, COMPLEMENT] == 1 and parameters[epoch, ports[port, FRACTION]] > 1.0:
                return False
    return True

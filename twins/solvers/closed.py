"""One to three compartments in closed form, with or without first-order absorption, carried from event to event."""

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT, ROOM, advance, enter_epoch, leave_amounts, settle, take_amounts
from twins.solvers.schedule import STATE, arrive, expand, lay
from twins.solvers.solve import Predictor, SolveError
from twins.solvers.system import Compartments, Method, Response, System
from twins.solvers.timeline import Timeline, ports
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@lru_cache(maxsize=1024)
def _layout(system: System) -> tuple[Integers, float]:
    """Compartments, whether there is a depot; and the scale of the one output."""
    form = system.equations
    if not isinstance(form, Compartments) or form.count not in (1, 2, 3):
        raise SolveError(f"{system.name} has no closed form; give one to three compartments")
    states = form.count + int(form.depot)
    columns = 2 * form.count + int(form.depot)
    if len(system.states) != states or len(system.parameters) < columns:
        raise SolveError(
            f"{system.name} has states {system.states} and parameters {system.parameters}; give the central, the "
            f"further compartments, then the depot, and the parameters in the order that Compartments says"
        )
    if len(system.outputs) != 1 or system.outputs[0].response is not Response.LINEAR:
        raise SolveError(f"{system.name} has other outputs than the central concentration; write it as flows")
    return np.array([form.count, int(form.depot)], dtype=np.int64), system.outputs[0].scale


def run(
    system: System,
    parameters: Array,
    timeline: Timeline,
    *,
    state: Array | None = None,
    exposure: bool = False,
    outputs: tuple[int, ...] = (0,),
    method: Method = Method.AUTOMATIC,  # noqa: ARG001  # engines are called alike
    rtol: float = 0.0,  # noqa: ARG001
    atol: float = 0.0,  # noqa: ARG001
    threads: int = 1,  # noqa: ARG001
) -> Trajectory:
    """As `solve.solve`, with everything already checked."""
    layout, scale = _layout(system)
    rows = parameters.shape[0]
    columns = timeline.times_h.size
    final = np.zeros((rows, len(system.states))) if state is None else state
    values = np.zeros((1, rows, columns))
    wanted = columns if exposure else 0
    auc = np.zeros((rows, wanted))
    highest = np.zeros((rows, wanted))
    _rows(
        layout,
        scale,
        ports(system).table,
        parameters,
        timeline.doses,
        timeline.epochs_h,
        timeline.times_h,
        timeline.resets_h,
        timeline.begin_h,
        timeline.backward,
        final,
        values[0],
        auc,
        highest,
    )
    chosen = values if outputs == (0,) else np.ascontiguousarray(values[list(outputs)])
    return Trajectory(chosen, auc, highest, final, np.zeros(rows, dtype=np.int64))


def predictor(system: System) -> Predictor:
    """As `solve.predictor`."""
    layout, scale = _layout(system)
    return Predictor(predict, layout, np.array([scale]), ports(system).table)


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def predict(
    layout: Integers,
    scales: Array,
    entry: Integers,
    parameters: Array,
    doses: Array,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    backward: bool,
    output_of_time: Integers,  # noqa: ARG001  # engines are called alike
    tolerance: Array,  # noqa: ARG001
    out: Array,
) -> None:
    """See `Predictor`."""
    begin = times_h[0] if times_h.size else 0.0
    for row in range(doses.shape[0]):
        begin = min(begin, doses[row, 0])
    none = np.empty((out.shape[0], 0))
    state = np.zeros((out.shape[0], 4))
    _rows(
        layout,
        scales[0],
        entry,
        parameters,
        doses,
        epochs_h,
        times_h,
        resets_h,
        begin,
        backward,
        state,
        out,
        none,
        none,
    )


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _rows(
    layout: Integers,
    scale: float,
    entry: Integers,
    parameters: Array,
    doses: Array,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
    state: Array,
    out: Array,
    auc: Array,
    highest: Array,
) -> None:
    """Each row through a schedule of its own."""
    count, depot = layout[0], layout[1]
    until = times_h[-1] if times_h.size else start_h
    expanded = expand(doses, until)
    exposure = auc.shape[1] > 0
    work = np.empty(ROOM)
    rates = np.zeros(4)
    for row in range(parameters.shape[0]):
        arrived = arrive(expanded, entry, parameters[row], epochs_h, backward)
        hours, rate, bolus, epoch, output, output_epoch, reset, steady = lay(
            arrived, entry.shape[0], epochs_h, times_h, resets_h, start_h, backward
        )
        known = -1
        area = 0.0
        top = 0.0
        amounts = np.zeros(4)
        for k in range(count + depot):
            amounts[k] = state[row, k]
        for j in range(hours.size):
            if epoch[j] != known:
                if known >= 0:
                    leave_amounts(work, amounts, count, depot)
                enter_epoch(work, parameters[row, epoch[j]], count, depot)
                take_amounts(work, amounts, count, depot)
                known = epoch[j]
            if reset[j] == 1:
                amounts[:] = 0.0
                take_amounts(work, amounts, count, depot)
            if steady[j] >= 0:
                leave_amounts(work, amounts, count, depot)
                settle(work, arrived[steady[j]], entry[int(arrived[steady[j], 7]), STATE], amounts, count, depot)
            some = False
            for port in range(entry.shape[0]):
                if bolus[j, port] != 0.0:
                    some = True
            if some:
                leave_amounts(work, amounts, count, depot)
                for port in range(entry.shape[0]):
                    amounts[entry[port, STATE]] += bolus[j, port]
                take_amounts(work, amounts, count, depot)
            rates[:] = 0.0
            for port in range(entry.shape[0]):
                rates[entry[port, STATE]] += rate[j, port]
            volume = parameters[row, epoch[j], 1]
            if exposure:
                leave_amounts(work, amounts, count, depot)
                top = max(top, amounts[0] / volume)
            area += advance(work, rates, hours[j], count, depot) / volume
            leave_amounts(work, amounts, count, depot)
            top = max(top, amounts[0] / volume)
            if output[j] >= 0:
                out[row, output[j]] = amounts[0] / parameters[row, output_epoch[j], 1] * scale
                if exposure:
                    auc[row, output[j]] = area * scale
                    highest[row, output[j]] = top * scale
                    top = 0.0
        for k in range(state.shape[1]):
            state[row, k] = amounts[k]

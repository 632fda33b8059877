"""Any linear wiring of compartments, carried by the matrix exponential: one compiled kernel for all of them.

The rates between the states come from a table of flows and a row of parameters. From event to event the state moves by
one matrix, which is kept while the step repeats; the area under an output is exact too. A row goes its way
alone, so its digits do not depend on the rows beside it, on threads or on chunks.
"""

import math
from functools import partial
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers import reading
from twins.solvers.area import area_of_output
from twins.solvers.linear import CONTRACT
from twins.solvers.peak import climb, look_ahead, rises_and_falls
from twins.solvers.reading import RESPONSE, read
from twins.solvers.schedule import DURATION_OF, FRACTION, LAG, RATE_OF, START, STATE, STEADY, arrive, expand, lay
from twins.solvers.solve import Predictor
from twins.solvers.steady import endless
from twins.solvers.system import Method, Response, System
from twins.solvers.threads import side_by_side
from twins.solvers.timeline import Timeline
from twins.solvers.timeline import ports as ports_of
from twins.solvers.trajectory import Failure, Trajectory
from twins.solvers.transition import PARTS, move, step
from twins.solvers.wiring import FLOW, FLOWS, HEAD, OUTPUTS, PARAMETERS, STATES, fill_rates, possible, wiring

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_KEPT = 4  # matrices kept, of as many step lengths
_ADDS = 2.0  # of the column STEADY; the number of `SteadyState`
_LINEAR = int(Response.LINEAR)
_PARAMETER, _NOT_FINITE, _STEADY_STATE = int(Failure.PARAMETER), int(Failure.NOT_FINITE), int(Failure.STEADY_STATE)


def run(
    system: System,
    parameters: Array,
    timeline: Timeline,
    *,
    state: Array | None = None,
    exposure: bool = False,
    outputs: tuple[int, ...] = (0,),
    method: Method = Method.MATRIX,  # noqa: ARG001  # engines are called alike
    rtol: float = 0.0,  # noqa: ARG001
    atol: float = 0.0,  # noqa: ARG001
    threads: int = 1,
) -> Trajectory:
    """As `solve.solve`, with everything already checked; `outputs` are numbers."""
    table = wiring(system, tuple(outputs))
    rows, columns = parameters.shape[0], timeline.times_h.size
    final = np.zeros((rows, len(system.states))) if state is None else state
    values = np.zeros((rows, len(outputs), columns))
    wanted = columns if exposure else 0
    auc, highest = np.zeros((rows, wanted)), np.zeros((rows, wanted))
    failed = np.zeros(rows, dtype=np.int64)

    def chunk(first: int, last: int) -> None:
        _run(
            table.layout,
            table.scales,
            ports_of(system).table,
            parameters[first:last],
            timeline.doses,
            timeline.epochs_h,
            timeline.times_h,
            timeline.resets_h,
            timeline.begin_h,
            timeline.backward,
            final[first:last],
            values[first:last],
            auc[first:last],
            highest[first:last],
            failed[first:last],
        )

    parts = max(1, min(threads, rows))
    edges = [rows * part // parts for part in range(parts + 1)]
    side_by_side(*(partial(chunk, first, last) for first, last in pairwise(edges)))
    return Trajectory(np.ascontiguousarray(values.transpose(1, 0, 2)), auc, highest, final, failed)


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _run(
    layout: Integers,
    scales: Array,
    ports: Integers,
    parameters: Array,
    doses: Array,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
    state: Array,
    values: Array,
    auc: Array,
    highest: Array,
    failed: Integers,
) -> None:
    if parameters.shape[0] == 0:
        return
    expanded = expand(doses, times_h[-1] if times_h.size else start_h)
    every = np.empty(0, dtype=np.int64)
    own = _own_times(ports)
    arrived = arrive(expanded[: 0 if own else expanded.shape[0]], ports, parameters[0], epochs_h, backward)
    laid = lay(arrived, ports.shape[0], epochs_h, times_h, resets_h, start_h, backward)
    for row in range(parameters.shape[0]):
        fit = possible(layout, ports, parameters[row])
        if own and fit:
            arrived = arrive(expanded, ports, parameters[row], epochs_h, backward)
            laid = lay(arrived, ports.shape[0], epochs_h, times_h, resets_h, start_h, backward)
        failed[row] = _PARAMETER
        if fit:
            failed[row] = _follow(
                layout,
                scales,
                ports,
                parameters[row],
                arrived,
                laid,
                every,
                state[row],
                values[row],
                auc[row],
                highest[row],
            )
        if failed[row] != 0:
            state[row] = np.nan
            values[row] = np.nan
            auc[row] = np.nan
            highest[row] = np.nan


def predictor(system: System) -> Predictor:
    """The compiled function for kernels of estimation; see `solve.Predictor`."""
    table = wiring(system, tuple(range(len(system.outputs))))
    return Predictor(_predict, table.layout, table.scales, ports_of(system).table)


@njit(cache=True, nogil=True, fastmath=CONTRACT)
def _predict(
    layout: Integers,
    scales: Array,
    ports: Integers,
    parameters: Array,
    doses: Array,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    backward: bool,
    output_of_time: Integers,
    tolerance: Array,  # noqa: ARG001  # exact: of the signature that all engines share
    out: Array,
) -> None:
    """Fill `out`, shape (rows, times), from the empty body at the first event; a failed row is not a number.

    `output_of_time` says which of the system's outputs is read at each time.
    """
    if times_h.size == 0 or parameters.shape[0] == 0:
        return
    start_h = times_h[0]
    for dose in range(doses.shape[0]):
        start_h = min(start_h, doses[dose, START])
    expanded = expand(doses, times_h[-1])
    nothing = np.empty(0)
    values = np.empty((1, times_h.size))
    # The first row of the table of outputs is that of exposure.
    which = output_of_time + 1
    own = _own_times(ports)
    arrived = arrive(expanded[: 0 if own else expanded.shape[0]], ports, parameters[0], epochs_h, backward)
    laid = lay(arrived, ports.shape[0], epochs_h, times_h, resets_h, start_h, backward)
    for row in range(parameters.shape[0]):
        if not possible(layout, ports, parameters[row]):
            out[row] = np.nan
            continue
        if own:
            arrived = arrive(expanded, ports, parameters[row], epochs_h, backward)
            laid = lay(arrived, ports.shape[0], epochs_h, times_h, resets_h, start_h, backward)
        state = np.zeros(layout[STATES])
        failed = _follow(
            layout,
            scales,
            ports,
            parameters[row],
            arrived,
            laid,
            which,
            state,
            values,
            nothing,
            nothing,
        )
        for column in range(times_h.size):
            out[row, column] = values[0, column] if failed == 0 else np.nan


@njit(cache=True, fastmath=CONTRACT)
def _own_times(ports: Integers) -> bool:
    """Whether each row has a schedule of its own: where parameters say when, how much or how long a dose arrives."""
    for port in range(ports.shape[0]):
        for column in (LAG, FRACTION, DURATION_OF, RATE_OF):
            if ports[port, column] >= 0:
                return True
    return False


@njit(cache=True, fastmath=CONTRACT)
def _follow(
    layout: Integers,
    scales: Array,
    ports: Integers,
    parameters: Array,
    arrived: Array,
    laid: tuple[Array, Array, Array, Integers, Integers, Integers, Integers, Integers],
    which: Integers,
    state: Array,
    values: Array,
    auc: Array,
    highest: Array,
) -> int:
    """Carry one row; what became of it, as a `Failure`.

    `arrived` and `laid` are from `arrive` and `lay`; `which` is the output read at each time, all where it is empty.
    """
    n = layout[STATES]
    flows = layout[FLOWS]
    outputs = layout[HEAD + flows * FLOW : layout.size - layout[PARAMETERS]].reshape(layout[OUTPUTS], reading.WIDTH)
    sizes = scales[flows:]
    hours, rate, bolus, epoch, output, output_epoch, reset, steady = laid
    entries = ports[:, STATE].copy()
    exposure = auc.size > 0
    linear = outputs[0, RESPONSE] == _LINEAR
    watched = outputs[0, reading.STATE]
    rates = np.zeros((n, n))
    observed = np.zeros(n)
    unit = np.zeros(n)
    spare = np.empty(n)
    carried = np.empty((_KEPT, n, n))
    infused = np.empty((_KEPT, n, entries.size))
    areas = np.empty((_KEPT, n))
    infused_areas = np.empty((_KEPT, entries.size))
    part_carried = np.empty((_KEPT, n, n))
    part_infused = np.empty((_KEPT, n, entries.size))
    of_state = np.empty((_KEPT, PARTS + 1, n))
    of_rate = np.empty((_KEPT, PARTS + 1, entries.size))
    kept = np.full(_KEPT, -1.0)
    oldest = 0
    known = -1
    total = 0.0
    top = -math.inf
    for j in range(hours.size):
        now = parameters[epoch[j]]
        if epoch[j] != known:
            known = epoch[j]
            kept[:] = -1.0
            fill_rates(layout, scales, now, rates)
            if linear:
                # The area under a linear output is that of its state times what one unit of the state reads.
                unit[watched] = 1.0
                observed[watched] = read(outputs[0], sizes[0], unit, now)
        if reset[j] == 1:
            state[:] = 0.0
        if steady[j] >= 0:
            if not endless(rates, entries, arrived[steady[j]], spare):
                return _STEADY_STATE
            for i in range(n):
                state[i] = spare[i] + (state[i] if arrived[steady[j], STEADY] == _ADDS else 0.0)
        for p in range(entries.size):
            state[entries[p]] += bolus[j, p]
        if exposure:
            top = max(top, read(outputs[0], sizes[0], state, now))
        if hours[j] > 0.0:
            place = -1
            for k in range(_KEPT):
                if kept[k] == hours[j]:
                    place = k
            if place < 0:
                place = oldest
                oldest = (oldest + 1) % _KEPT
                kept[place] = hours[j]
                if not step(
                    rates,
                    hours[j],
                    entries,
                    observed,
                    carried[place],
                    infused[place],
                    areas[place],
                    infused_areas[place],
                    part_carried[place],
                    part_infused[place],
                ):
                    return _NOT_FINITE
                if exposure:
                    look_ahead(
                        rates,
                        entries,
                        watched,
                        part_carried[place],
                        part_infused[place],
                        of_state[place],
                        of_rate[place],
                    )
            if (
                exposure
                and rises_and_falls(of_state[place], of_rate[place], state, rate[j])
                and climb(
                    rates,
                    hours[j] / PARTS,
                    entries,
                    rate[j],
                    state,
                    watched,
                    part_carried[place],
                    part_infused[place],
                    spare,
                )
            ):
                top = max(top, read(outputs[0], sizes[0], spare, now))
            if exposure and linear:
                for i in range(n):
                    total += areas[place, i] * state[i]
                for p in range(entries.size):
                    total += infused_areas[place, p] * rate[j, p]
            elif exposure:
                total += area_of_output(rates, hours[j], entries, rate[j], state, outputs[0], sizes[0], now)
            move(carried[place], infused[place], rate[j], state, spare)
        if exposure:
            top = max(top, read(outputs[0], sizes[0], state, now))
        column = output[j]
        if column < 0:
            continue
        then = parameters[output_epoch[j]]
        if which.size:
            values[0, column] = read(outputs[which[column]], sizes[which[column]], state, then)
            if not (abs(values[0, column]) < math.inf):
                return _NOT_FINITE
        else:
            for k in range(1, outputs.shape[0]):
                values[k - 1, column] = read(outputs[k], sizes[k], state, then)
                if not (abs(values[k - 1, column]) < math.inf):
                    return _NOT_FINITE
        if exposure:
            auc[column] = total
            highest[column] = top
            top = -math.inf
    return 0

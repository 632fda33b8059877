"""One to three compartments in closed form, with or without first-order absorption, carried from event to event."""

from functools import lru_cache, partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.arrivals import KINK, kinks_of
from twins.solvers.exponential import CONTRACT
from twins.solvers.lanes import SLOT_COMPLEMENT, SLOT_EPOCH, SLOT_FRACTION, SLOT_STATE, carry, doings_of
from twins.solvers.linear import FRACTIONS, ONE, buffer
from twins.solvers.measure import Measures
from twins.solvers.rows import LANES, fill
from twins.solvers.schedule import (
    ALWAYS,
    COMPLEMENT,
    DURATION,
    DURATION_OF,
    FRACTION,
    LAG,
    MODELLED,
    PORT,
    RATE_OF,
    START,
    STATE,
    STEADY,
    arrive,
    epoch_at,
    expand,
    lay,
)
from twins.solvers.solve import Predictor, SolveError
from twins.solvers.system import Compartments, Method, Response, System
from twins.solvers.threads import side_by_side
from twins.solvers.timeline import Timeline, ports
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_NO_EDGES = np.empty(0, dtype=np.int64)
_NO_LEVELS = np.full(3, np.nan)


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
    threads: int = 1,
) -> Trajectory:
    """As `solve.solve`, with everything already checked."""
    rows = parameters.shape[0]
    columns = timeline.times_h.size
    final = np.zeros((rows, len(system.states))) if state is None else state
    values = np.empty((1, rows, columns))
    wanted = columns if exposure else 0
    auc = np.empty((rows, wanted))
    highest = np.empty((rows, wanted))
    measures = np.empty((7, rows, 0))
    _share_out(system, parameters, timeline, _NO_EDGES, _NO_LEVELS, final, values[0], auc, highest, measures, threads)
    chosen = values if outputs == (0,) else np.ascontiguousarray(values[list(outputs)])
    return Trajectory(chosen, auc, highest, final, np.zeros(rows, dtype=np.int64))


def measure(
    system: System,
    parameters: Array,
    timeline: Timeline,
    edges_h: Array,
    levels: Array,
    *,
    state: Array | None = None,
    threads: int = 1,
) -> Measures:
    """As `measure.measure`, with everything already checked; no curve is kept."""
    rows = parameters.shape[0]
    _, scale = _layout(system)
    times = timeline.times_h
    looked = np.union1d(times[times < edges_h[-1]], edges_h)
    edges = np.full(looked.size, -1, dtype=np.int64)
    edges[np.searchsorted(looked, edges_h)] = np.arange(edges_h.size)
    final = np.zeros((rows, len(system.states))) if state is None else state
    measures = np.empty((7, rows, edges_h.size - 1))
    none = np.empty((rows, 0))
    line = Timeline(timeline.doses, timeline.epochs_h, looked, timeline.resets_h, timeline.begin_h, timeline.carry)
    _share_out(system, parameters, line, edges, levels / scale, final, none, none, none, measures, threads)
    above = measures[4] if np.isfinite(levels[0]) else np.full_like(measures[4], np.nan)
    within = measures[5] - measures[6] if np.isfinite(levels[1]) else np.full_like(measures[4], np.nan)
    return Measures(measures[0], measures[1], measures[2], measures[3], above, within, np.zeros(rows, dtype=np.int64))


def _share_out(
    system: System,
    parameters: Array,
    timeline: Timeline,
    edges: Integers,
    levels: Array,
    state: Array,
    out: Array,
    auc: Array,
    highest: Array,
    measures: Array,
    threads: int,
) -> None:
    """Rows to threads, in whole blocks of lanes."""
    layout, scale = _layout(system)
    entry = ports(system).table
    rows = parameters.shape[0]

    def work(first: int, last: int) -> None:
        _rows(
            layout,
            scale,
            entry,
            parameters,
            first,
            last,
            timeline.doses,
            timeline.epochs_h,
            timeline.times_h,
            timeline.resets_h,
            timeline.begin_h,
            timeline.backward,
            edges,
            levels,
            state,
            out,
            auc,
            highest,
            measures,
        )

    if threads <= 1 or rows <= LANES:
        work(0, rows)
        return
    each = -(-rows // (threads * LANES)) * LANES
    side_by_side(*(partial(work, first, min(first + each, rows)) for first in range(0, rows, each)))


def predictor(system: System) -> Predictor:
    """As `solve.predictor`."""
    layout, scale = _layout(system)
    return Predictor(predict, layout, np.array([scale]), ports(system).table)


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
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
    rows = parameters.shape[0]
    begin = times_h[0] if times_h.size else 0.0
    for row in range(doses.shape[0]):
        begin = min(begin, doses[row, START])
    none = np.empty((rows, 0))
    _rows(
        layout,
        scales[0],
        entry,
        parameters,
        0,
        rows,
        doses,
        epochs_h,
        times_h,
        resets_h,
        begin,
        backward,
        np.empty(0, dtype=np.int64),
        np.empty(3),
        np.zeros((rows, 4)),
        out,
        none,
        none,
        np.empty((7, rows, 0)),
    )


@njit(cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")
def _rows(
    layout: Integers,
    scale: float,
    entry: Integers,
    parameters: Array,
    first: int,
    last: int,
    doses: Array,
    epochs_h: Array,
    times_h: Array,
    resets_h: Array,
    start_h: float,
    backward: bool,
    edges: Integers,
    levels: Array,
    state: Array,
    out: Array,
    auc: Array,
    highest: Array,
    measures: Array,
) -> None:
    """Rows `first` to ``last - 1``: in blocks that share one schedule, or each through a schedule of its own.

    What arrives at a row's own time leaves the shared schedule, and is added to it, unless what happens between events
    counts (exposure, measures) or a steady state depends on it. A row then has a schedule of its own; neighbours to
    whom everything arrives alike, as draws of a model whose lag does not vary, go through it side by side.
    """
    count, depot = layout[0], layout[1]
    until = times_h[-1] if times_h.size else start_h
    expanded = expand(doses, until)
    own = 0
    steady = False
    for row in range(expanded.shape[0]):
        own += 1 if _own_time(expanded, row, entry) else 0
        steady = steady or expanded[row, STEADY] > 0.0
    alone = own > 0 and (auc.shape[1] > 0 or measures.shape[2] > 0 or steady)
    loose = np.empty((0 if alone else own, 10))
    shared = np.empty((expanded.shape[0] - loose.shape[0], 10))
    one, other = 0, 0
    for row in range(expanded.shape[0]):
        if not alone and _own_time(expanded, row, entry):
            loose[one] = expanded[row]
            one += 1
        else:
            shared[other] = expanded[row]
            other += 1
    arrived, slots = _shared(shared, entry, parameters.shape[1], epochs_h, backward, alone)
    hours, rate, bolus, epoch, output, output_epoch, reset, markers = lay(
        arrived, slots.shape[0], epochs_h, times_h, resets_h, start_h, backward
    )
    doings = doings_of(hours, rate, bolus, epoch)
    spans = np.empty((3, 2 * loose.shape[0]))
    work = buffer(slots.shape[0] + 2 * KINK * loose.shape[0])
    fill(work, ONE, 1.0)
    block = first
    while block < last:
        end = min(block + LANES, last)
        if alone:
            end = _alike(entry, parameters, block, end)
            arrived = arrive(shared, entry, parameters[block], epochs_h, backward)
            hours, rate, bolus, epoch, output, output_epoch, reset, markers = lay(
                arrived, slots.shape[0], epochs_h, times_h, resets_h, start_h, backward
            )
            doings = doings_of(hours, rate, bolus, epoch)
        elif loose.shape[0]:
            at = FRACTIONS + slots.shape[0]
            kinks_of(work, at, loose, entry, parameters, block, end, epochs_h, resets_h, start_h, backward, spans)
        carry(
            count,
            depot,
            scale,
            block,
            end,
            parameters,
            slots,
            hours,
            rate,
            bolus,
            doings,
            epoch,
            output,
            output_epoch,
            reset,
            markers,
            arrived,
            spans,
            loose,
            entry,
            start_h,
            times_h,
            edges,
            levels,
            work,
            state,
            out,
            auc,
            highest,
            measures,
        )
        block = end


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _alike(entry: Integers, parameters: Array, first: int, last: int) -> int:
    """One past the last of the rows from `first` on to whom every dose arrives as it does to `first`."""
    for row in range(first + 1, last):
        for port in range(entry.shape[0]):
            for said in (LAG, FRACTION, DURATION_OF, RATE_OF):
                column = entry[port, said]
                if column < 0:
                    continue
                for epoch in range(parameters.shape[1]):
                    if parameters[row, epoch, column] != parameters[first, epoch, column]:
                        return row
    return last


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _own_time(expanded: Array, row: int, entry: Integers) -> bool:
    """Whether a dose arrives, or ends, at a time that is a row's own parameter."""
    port = int(expanded[row, PORT])
    modelled = expanded[row, MODELLED] != 0.0
    always = entry[port, ALWAYS] == 1 and expanded[row, DURATION] == 0.0
    timed = entry[port, DURATION_OF] >= 0 or entry[port, RATE_OF] >= 0
    return bool(entry[port, LAG] >= 0 or ((modelled or always) and timed))


@njit(cache=True, fastmath=CONTRACT, error_model="numpy")
def _shared(
    expanded: Array, entry: Integers, epochs: int, epochs_h: Array, backward: bool, alone: bool
) -> tuple[Array, Integers]:
    """Doses by slots: a port, and where a fraction arrives the epoch it is taken of; `alone`: ports as they are."""
    if alone:
        slots = np.empty((entry.shape[0], 4), dtype=np.int64)
        for port in range(entry.shape[0]):
            slots[port, SLOT_STATE] = entry[port, STATE]
            slots[port, SLOT_FRACTION] = -1
        return expanded, slots
    plain = np.empty_like(entry)
    for port in range(entry.shape[0]):
        for column in range(entry.shape[1]):
            plain[port, column] = -1
        plain[port, STATE] = entry[port, STATE]
    arrived = arrive(expanded, plain, np.empty((1, 1)), epochs_h, backward)
    slot_of = np.zeros((entry.shape[0], epochs), dtype=np.int64)  # one more than the slot's number; 0: none yet
    slots = np.empty((entry.shape[0] * epochs, 4), dtype=np.int64)
    size = 0
    for row in range(arrived.shape[0]):
        port = int(arrived[row, PORT])
        epoch = 0
        if entry[port, FRACTION] >= 0:
            epoch = min(epoch_at(epochs_h, arrived[row, START], backward), epochs - 1)
        if slot_of[port, epoch] == 0:
            slots[size, SLOT_STATE] = entry[port, STATE]
            slots[size, SLOT_FRACTION] = entry[port, FRACTION]
            slots[size, SLOT_COMPLEMENT] = entry[port, COMPLEMENT]
            slots[size, SLOT_EPOCH] = epoch
            size += 1
            slot_of[port, epoch] = size
        arrived[row, PORT] = slot_of[port, epoch] - 1
    return arrived, slots[:size]

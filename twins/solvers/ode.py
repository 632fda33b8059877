"""Systems of ordinary differential equations: rows of parameters carried along a timeline by adaptive steps."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from twins.solvers import carry as texts
from twins.solvers import explicit, stiff
from twins.solvers.equations import complain, parts
from twins.solvers.itinerary import file_all
from twins.solvers.lane import BOOKS, layout
from twins.solvers.schedule import START, expand
from twins.solvers.solve import Predictor
from twins.solvers.specialise import specialise
from twins.solvers.system import CarryRule, Equations, Method, System
from twins.solvers.timeline import Timeline, ports
from twins.solvers.trajectory import Failure, Trajectory

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_STEPS = 1_000_000
_MANY_STEPS = 100_000
_BLOCK = 512


class Kernel(NamedTuple):
    """A compiled `carry.carry` and the lengths of the two buffers that it works in."""

    function: Any
    size: int
    books: int


@lru_cache(maxsize=512)
def kernel(system: System, method: Method) -> Kernel:
    """The function of `carry.carry` for a system, carried by the explicit or by the stiff method."""
    way = stiff if method is Method.STIFF else explicit
    states = len(system.states)
    height = way.room(states)
    named = parts(system) | layout(states, len(system.parameters), way.LANES_SIDE_BY_SIDE, height)
    if way is stiff:
        named["LAST_ROW"] = height - 1
        named["EVALUATE"] = specialise(stiff.evaluate, **named)
        named["DIFFERENTIATE"] = specialise(stiff.differentiate, **named)
        named["FACTORISE"] = specialise(stiff.factorise, **named)
        named["FIRST_STEP"] = specialise(explicit.begin, **named)
    else:
        named["SLOPES"] = specialise(explicit.slopes, **named)
    named["ATTEMPT"] = specialise(way.attempt, **named)
    named["BEGIN"] = specialise(way.begin, **named)
    named["ADVANCE"] = specialise(way.advance, within=True, **named)
    named["BETWEEN"] = specialise(way.between, within=True, **named)
    named["RESTORE"] = specialise(texts.start_values, **named)
    named["PLACE"] = specialise(texts.place, **named)
    named["FIRST_OUTPUT"] = specialise(texts.first_output, within=True, **named)
    named["PEAK"] = specialise(texts.peak, **named)
    named["CUT"] = specialise(texts.cut, within=True, **named)
    named["RECORD"] = specialise(texts.record, within=True, **named)
    named["ENTER"] = specialise(texts.enter, **named)
    return Kernel(specialise(texts.carry, **named), named["SIZE"], BOOKS * named["LANES"])


def run(
    system: System,
    parameters: Array,
    timeline: Timeline,
    *,
    state: Array | None = None,
    exposure: bool = False,
    outputs: Sequence[int] | None = None,
    method: Method = Method.AUTOMATIC,
    rtol: float = 1e-8,
    atol: float = 1e-10,
    threads: int = 1,
) -> Trajectory:
    """Carry every row along the timeline."""
    parameters = np.ascontiguousarray(parameters, dtype=np.float64)
    rows = parameters.shape[0]
    columns = timeline.times_h.size
    values = np.zeros((len(system.outputs), rows, columns))
    auc = np.zeros((rows, columns if exposure else 0))
    highest = np.zeros((rows, columns if exposure else 0))
    ends = np.full((rows, len(system.states)), np.nan) if state is None else np.array(state, dtype=np.float64, order="C")
    failed = np.zeros(rows, dtype=np.int64)
    moving = timeline.carry is CarryRule.INTERPOLATED
    begin = timeline.begin_h
    finish = float(timeline.times_h[-1]) if columns else begin
    doses = expand(timeline.doses, finish)
    table = ports(system).table

    def go(todo: Integers, chosen: Method, limits: tuple[int, int]) -> None:
        made, work, books = kernel(system, chosen)

        def share(some: Integers) -> None:
            for first in range(0, some.size, _BLOCK):
                block = some[first : first + _BLOCK]
                laid = file_all(
                    block, parameters, doses, table, timeline.epochs_h, timeline.times_h, timeline.resets_h, begin,
                    timeline.backward, moving,
                )  # fmt: skip
                made(
                    np.zeros(work), np.zeros(books, dtype=np.int64), *laid, block, parameters, table,
                    timeline.epochs_h, begin, finish, moving, np.array([rtol, atol]), np.array(limits),
                    np.empty(0, dtype=np.int64), ends, values, auc, highest, failed,
                )  # fmt: skip

        if threads == 1 or todo.size < 2:
            share(todo)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(share, np.array_split(todo, threads)))

    every = np.arange(rows)
    begins = ends.copy()
    try:
        if method is Method.STIFF or (method is Method.AUTOMATIC and _starts_stiff(system)):
            go(every, Method.STIFF, (_MOST_STEPS, 0))
        elif method is Method.EXPLICIT:
            go(every, Method.EXPLICIT, (_MOST_STEPS, 0))
        else:
            go(every, Method.EXPLICIT, (_MANY_STEPS, 1))
            again = np.flatnonzero(_stiffness_may_be(failed))
            if again.size:
                ends[again] = begins[again]
                go(again, Method.STIFF, (_MOST_STEPS, 0))
    except NumbaError as problem:
        raise complain(system, problem) from problem
    if outputs is not None and tuple(outputs) != tuple(range(len(system.outputs))):
        values = np.ascontiguousarray(values[list(outputs)])
    return Trajectory(values, auc, highest, ends, failed)


def _starts_stiff(system: System) -> bool:
    return isinstance(system.equations, Equations) and system.equations.stiff


def _stiffness_may_be(failed: Integers) -> NDArray[np.bool_]:
    """Which rows the stiff method may yet carry: those whose steps were too many or too small."""
    return np.isin(failed, (Failure.STEPS, Failure.STEP_SIZE, Failure.NOT_FINITE))


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
    tolerance: Array,
    out: Array,
) -> None:
    rows, columns = out.shape
    begin = times_h[0] if columns else 0.0
    for row in range(doses.shape[0]):
        begin = min(begin, doses[row, START])
    values = out.reshape((1, rows, columns))
    state = np.full((rows, layout[1]), np.nan)
    nothing = np.empty((rows, 0))
    failed = np.zeros(rows, dtype=np.int64)
    single = expand(doses, times_h[-1] if columns else begin)
    limits = np.empty(2, dtype=np.int64)
    limits[0] = _MOST_STEPS
    limits[1] = 0
    todo = np.arange(rows)
    moving = layout[0] == 1
    ends, flows, wholes, arrivals, counts = file_all(
        todo, parameters, single, ports, epochs_h, times_h, resets_h, begin, backward, moving
    )
    CARRY(
        np.zeros(SIZE), np.zeros(BOOK, dtype=np.int64), ends, flows, wholes, arrivals, counts, todo, parameters, ports,
        epochs_h, begin, times_h[-1] if columns else begin, moving, tolerance, limits, output_of_time, state, values,
        nothing, nothing, failed,
    )  # fmt: skip


@lru_cache(maxsize=256)
def predictor(system: System, carry: CarryRule = CarryRule.FORWARD) -> Predictor:
    """The compiled function that predicts a few levels at a time for kernels of estimation."""
    made = kernel(system, Method.EXPLICIT)
    function = specialise(_predict, CARRY=made.function, SIZE=made.size, BOOK=made.books)
    head = np.array([int(carry is CarryRule.INTERPOLATED), len(system.states)])
    return Predictor(function, head, np.ones(len(system.outputs)), ports(system).table)

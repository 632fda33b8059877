"""Systems of ordinary differential equations: rows of parameters carried along a timeline by adaptive steps."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from twins.solvers import carry, events, explicit, prediction, readout, stiff
from twins.solvers.equations import complain, parts
from twins.solvers.itinerary import file_all
from twins.solvers.lane import BOOKS, layout
from twins.solvers.schedule import START, expand
from twins.solvers.solve import Predictor
from twins.solvers.specialise import specialise
from twins.solvers.system import CarryRule, Equations, Method, System
from twins.solvers.threads import side_by_side
from twins.solvers.timeline import Timeline, ports
from twins.solvers.trajectory import Failure, Trajectory

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_MOST_STEPS = 1_000_000
_MANY_STEPS = 100_000
_BLOCK = 1024


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
    named["RESTORE"] = specialise(events.start_values, **named)
    named["PLACE"] = specialise(events.place, **named)
    named["EXPOSED_OUTPUT"] = specialise(readout.exposed_output, within=True, **named)
    named["PEAK"] = specialise(readout.peak, **named)
    named["CUT"] = specialise(carry.cut, within=True, **named)
    named["RECORD"] = specialise(readout.record, within=True, **named)
    named["SEEK"] = specialise(events.seek, **named)
    named["ENTER"] = specialise(events.enter, **named)
    return Kernel(specialise(carry.carry, **named), named["SIZE"], BOOKS * named["LANES"])


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
    """Carry every row along the timeline; `solve.solve` says what the arguments are and checks them.

    `AUTOMATIC` begins with the explicit method, or, where the equations say that they are stiff, with the stiff one. A
    row that stability holds back for long, or that takes too many or too small steps, is done over again by the stiff
    method, alone. Steady states are sought dosing interval by dosing interval until what is left to go is within the
    tolerance. A row that fails has its `Failure` and no numbers.

    Parameters
    ----------
    outputs : sequence of int, optional
        Which of the system's outputs are wanted, in order.
    rtol, atol
        Of each step's error, relative to a state and in mg.

    Raises
    ------
    EquationsError
        If numba cannot compile the equations.
    """
    parameters = np.ascontiguousarray(parameters, dtype=np.float64)
    rows = parameters.shape[0]
    columns = timeline.times_h.size
    values = np.zeros((len(system.outputs), rows, columns))
    auc = np.zeros((rows, columns if exposure else 0))
    highest = np.zeros((rows, columns if exposure else 0))
    ends = (
        np.full((rows, len(system.states)), np.nan) if state is None else np.array(state, dtype=np.float64, order="C")
    )
    failed = np.zeros(rows, dtype=np.int64)
    moving = timeline.carry is CarryRule.INTERPOLATED
    begin = timeline.begin_h
    finish = float(timeline.times_h[-1]) if columns else begin
    doses = expand(timeline.doses, finish)
    table = ports(system).table
    epochs = timeline.epochs_h
    if moving:
        epochs, parameters = _with_doses(epochs, parameters, doses[:, START])

    def go(todo: Integers, chosen: Method, limits: tuple[int, int]) -> None:
        made, work, books = kernel(system, chosen)

        def share(some: Integers) -> None:
            for first in range(0, some.size, _BLOCK):
                block = some[first : first + _BLOCK]
                laid = file_all(
                    block, parameters, doses, table, epochs, timeline.times_h, timeline.resets_h, begin,
                    timeline.backward, moving,
                )  # fmt: skip
                made(
                    np.zeros(work), np.zeros(books, dtype=np.int64), *laid, block, parameters, table,
                    epochs, begin, finish, moving, np.array([rtol, atol]), np.array(limits),
                    np.empty(0, dtype=np.int64), ends, values, auc, highest, failed,
                )  # fmt: skip

        side_by_side(*(partial(share, some) for some in np.array_split(todo, max(1, min(threads, todo.size)))))

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


def _with_doses(epochs_h: Array, parameters: Array, doses_h: Array) -> tuple[Array, Array]:
    """Epochs at every dose too, so that lags and fractions are those of its moment; the line between is the same."""
    every = np.unique(np.concatenate((epochs_h, doses_h[(doses_h > epochs_h[0]) & (doses_h < epochs_h[-1])])))
    left = np.clip(np.searchsorted(epochs_h, every, side="right") - 1, 0, max(epochs_h.size - 2, 0))
    right = np.minimum(left + 1, epochs_h.size - 1)
    width = epochs_h[right] - epochs_h[left]
    share = np.divide(every - epochs_h[left], width, out=np.zeros(every.size), where=width > 0)[None, :, None]
    return every, np.ascontiguousarray(parameters[:, left] * (1.0 - share) + parameters[:, right] * share)


def _starts_stiff(system: System) -> bool:
    return isinstance(system.equations, Equations) and system.equations.stiff


def _stiffness_may_be(failed: Integers) -> NDArray[np.bool_]:
    """Which rows the stiff method may yet carry: those whose steps were too many or too small."""
    return np.isin(failed, (Failure.STEPS, Failure.STEP_SIZE, Failure.NOT_FINITE))


@lru_cache(maxsize=256)
def predictor(
    system: System, carry_rule: CarryRule = CarryRule.FORWARD, method: Method = Method.AUTOMATIC
) -> Predictor:
    """The compiled function that predicts a few levels at a time for kernels of estimation.

    It carries all rows by one method: the stiff one where it is named or the equations say that they are stiff.
    """
    stiffly = method is Method.STIFF or (method is Method.AUTOMATIC and _starts_stiff(system))
    made = kernel(system, Method.STIFF if stiffly else Method.EXPLICIT)
    function = specialise(
        prediction.predict, CARRY=made.function, SIZE=made.size, BOOK=made.books, MOST_STEPS=_MANY_STEPS
    )
    head = np.array([int(carry_rule is CarryRule.INTERPOLATED), len(system.states)])
    return Predictor(function, head, np.ones(len(system.outputs)), ports(system).table)

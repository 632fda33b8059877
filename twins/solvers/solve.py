"""`solve`: any system through any timeline, by the method that suits its equations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.solvers.schedule import INTERVAL, LAG, PORT, START, STEADY, epoch_at
from twins.solvers.system import CarryRule, Compartments, Equations, Flows, Method, System
from twins.solvers.timeline import Timeline, TimelineError, ports
from twins.solvers.trajectory import Trajectory

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_ENGINES = {Compartments: "twins.solvers.closed", Flows: "twins.solvers.matrix", Equations: "twins.solvers.ode"}
_NAMED = {
    Method.CLOSED_FORM: "twins.solvers.closed",
    Method.MATRIX: "twins.solvers.matrix",
    Method.EXPLICIT: "twins.solvers.ode",
    Method.STIFF: "twins.solvers.ode",
}


class SolveError(ValueError):
    """A question that cannot be solved as it is put; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A compiled function that other kernels call, and what it must be given of its system.

    Parameters
    ----------
    function
        ``function(layout, scales, ports, parameters, doses, epochs_h, times_h, resets_h, backward, output_of_time,
        tolerance, out)``, compiled: fills `out` (rows, times) from `parameters` (rows, epochs, parameters) and a dose
        table. Each time is read in the output whose number is in `output_of_time`; `tolerance` holds rtol and atol,
        which closed forms do not need. The body is empty, or as ``Equations.start`` has it, at the first event. A row
        that fails is not a number throughout.
    layout : ndarray of int
        The structure in the function's own terms.
    scales : ndarray, shape (outputs,)
    ports : ndarray of int, shape (ports, 7)
    """

    function: Callable[..., Any]
    layout: Integers
    scales: Array
    ports: Integers


def engine(system: System, method: Method = Method.AUTOMATIC) -> ModuleType:
    """The module that carries a system by a method.

    Raises
    ------
    SolveError
        If the method cannot carry such equations.
    """
    name = _ENGINES[type(system.equations)] if method is Method.AUTOMATIC else _NAMED[method]
    can_be = {_ENGINES[type(system.equations)], "twins.solvers.ode"}
    if isinstance(system.equations, Compartments):
        can_be.add("twins.solvers.matrix")
    if name not in can_be:
        raise SolveError(f"method is {method.value!r}, which cannot carry {system.name}; leave it automatic")
    return import_module(name)


def solve(
    system: System,
    parameters: ArrayLike,
    timeline: Timeline,
    *,
    state: ArrayLike | None = None,
    exposure: bool = False,
    outputs: Sequence[str] | None = None,
    method: Method = Method.AUTOMATIC,
    rtol: float = 1e-8,
    atol: float = 1e-10,
    threads: int = 1,
) -> Trajectory:
    """Carry every row of parameters through a timeline.

    Parameters
    ----------
    parameters : array_like, shape (n, epochs, parameters)
        In the order of ``system.parameters``, a set for each of the timeline's epochs.
    state : array_like, shape (n, states), optional
        Amounts at the timeline's start, mg; an empty body (or that of ``Equations.start``) when left out.
    exposure : bool
        Whether `auc` and `highest` are wanted.
    outputs
        Names of the outputs wanted, in order; all of them when left out. Exposure is of the one that the system names.
    rtol, atol
        What is asked of a method that steps; closed forms and matrix exponentials do not need it.
    threads
        Rows are shared out to so many threads; their digits stay the same.

    Raises
    ------
    SolveError
        If the parameters have the wrong shape, are not positive where they must be, or the method does not suit.
    TimelineError
        If a steady-state dose's lag is longer than its interval.
    """
    module = engine(system, method)
    table = checked(system, parameters, timeline)
    return module.run(  # type: ignore[no-any-return]
        system,
        table,
        timeline,
        state=checked_state(system, state, table.shape[0]),
        exposure=exposure,
        outputs=_numbers(system, outputs),
        method=method,
        rtol=rtol,
        atol=atol,
        threads=threads,
    )


def predictor(system: System, method: Method = Method.AUTOMATIC) -> Predictor:
    """The compiled function that predicts a few levels at a time for kernels of estimation."""
    return engine(system, method).predictor(system)  # type: ignore[no-any-return]


def checked(system: System, parameters: ArrayLike, timeline: Timeline) -> Array:
    """Parameters as a contiguous array, if they suit the system and the timeline.

    Raises
    ------
    SolveError, TimelineError
        As `solve` says.
    """
    table = np.ascontiguousarray(parameters, dtype=np.float64)
    width = len(system.parameters)
    epochs = timeline.epochs_h.size
    if table.ndim != 3 or table.shape[1] != epochs or table.shape[2] != width:
        raise SolveError(
            f"parameters have shape {table.shape}; give (rows, {epochs}, {width}): the timeline's epochs, then "
            f"the parameters of {system.name}"
        )
    if timeline.carry is CarryRule.INTERPOLATED and not isinstance(system.equations, Equations):
        raise SolveError(
            f"carry is {timeline.carry.value!r}, which closed forms cannot follow; carry covariates forward or "
            f"backward, or write the system as equations"
        )
    # One minimum over all tells the usual case apart; which parameter of which row is wrong is looked for only then.
    if not table.min(initial=1.0) > 0.0 or not table.max(initial=0.0) < np.inf:
        _refuse_parameters(system, table)
    if timeline.doses[:, STEADY].any():
        _refuse_lags(system, table, timeline)
    return table


def _refuse_parameters(system: System, table: Array) -> None:
    for column, name in enumerate(system.parameters):
        values = table[:, :, column]
        low = values >= 0.0 if name in system.zero_allowed else values > 0.0
        wrong = np.argwhere(~(low & np.isfinite(values)))
        if wrong.size:
            row, epoch = (int(place) for place in wrong[0])
            words = "0 or more" if name in system.zero_allowed else "a positive number"
            raise SolveError(f"{name} of row {row} in epoch {epoch} is {values[row, epoch]}; give {words}")


def _refuse_lags(system: System, table: Array, timeline: Timeline) -> None:
    entry = ports(system).table
    for dose in timeline.doses[timeline.doses[:, STEADY] > 0]:
        column = int(entry[int(dose[PORT]), LAG])
        if column < 0:
            continue
        lags = table[:, epoch_at(timeline.epochs_h, dose[START], timeline.backward), column]
        row = int(np.argmax(lags))
        if lags.size and lags[row] > dose[INTERVAL]:
            raise TimelineError(
                f"{system.parameters[column]} of row {row} is {lags[row]}, longer than the interval of "
                f"{dose[INTERVAL]} h of a steady-state dose, which is then "
                f"not defined; give a shorter lag or write the doses out"
            )


def checked_state(system: System, state: ArrayLike | None, rows: int) -> Array | None:
    """Amounts at the start as a new contiguous array, shape (rows, states), or None."""
    if state is None:
        return None
    found = np.array(state, dtype=np.float64, order="C")
    if found.shape != (rows, len(system.states)):
        raise SolveError(f"state has shape {found.shape}; give ({rows}, {len(system.states)}), amounts in mg")
    return found


def _numbers(system: System, outputs: Sequence[str] | None) -> tuple[int, ...]:
    names = [output.name for output in system.outputs]
    if outputs is None:
        return tuple(range(len(names)))
    unknown = [name for name in outputs if name not in names]
    if unknown:
        raise SolveError(f"outputs name {unknown[0]!r}; {system.name} has {names}")
    return tuple(names.index(name) for name in outputs)

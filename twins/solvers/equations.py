"""A system's equations as compiled functions that kernels take in: right-hand side, start and readings."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from twins.solvers.linear import CONTRACT
from twins.solvers.reading import read as read_one
from twins.solvers.reading import tabulate
from twins.solvers.rehearse import rehearse
from twins.solvers.system import Equations, System
from twins.solvers.wiring import flows_of

Array = NDArray[np.float64]


class EquationsError(ValueError):
    """Equations that cannot be compiled, or that index past the end of an array; says which and why."""


def _taken_in(function: Callable[..., Any]) -> Any:
    """A function as kernels take it in: on the spot, so that its arrays become registers and its loop vectors."""
    plain = getattr(function, "py_func", function)
    return njit(forceinline=True, fastmath=CONTRACT, error_model="numpy")(plain)


@lru_cache(maxsize=256)
def parts(system: System) -> dict[str, Any]:
    """``RHS``, ``START`` and ``READ`` of a system, compiled, its number of ``OUTPUTS`` and which is ``EXPOSED``.

    Raises
    ------
    EquationsError
        If a function of the user's own reads or writes past the end of its arrays.
    """
    beyond = rehearse(system)
    if beyond is not None:
        blamed, what = beyond
        raise EquationsError(f"{system.name}: `{blamed}` {what}; count from 0 in the order of the names given")
    equations = system.equations
    if isinstance(equations, Equations):
        right_hand_side = _taken_in(equations.rhs)
        start = _taken_in(equations.start) if equations.start else _empty
        reading = _taken_in(equations.read) if equations.read else _reading(system)
    else:
        right_hand_side, start, reading = _linear(system), _empty, _reading(system)
    numbers = {"OUTPUTS": len(system.outputs), "EXPOSED": system.exposed}
    return {"RHS": right_hand_side, "START": start, "READ": reading, **numbers}


@njit(forceinline=True)
def _empty(p: Array, y: Array) -> None:
    """The body before any dose, where the equations do not say: empty, as the solver has made it already."""


def _reading(system: System) -> Any:
    reading = tabulate(system)
    table, scales, count = reading.table, reading.scales, len(system.outputs)

    def read(t: float, y: Array, p: Array, out: Array) -> None:  # noqa: ARG001
        for row in range(count):
            out[row] = read_one(table[row], scales[row], y, p)

    return _taken_in(read)


def _linear(system: System) -> Any:
    """The equations of a linear system, written out of its flows."""
    flows = flows_of(system)
    count = len(flows)
    table = np.array(
        [
            (
                system.states.index(flow.source),
                system.states.index(flow.target) if flow.target else -1,
                system.column(flow.rate),
                system.column(flow.volume),
                int(flow.copies),
            )
            for flow in flows
        ],
        dtype=np.int64,
    )
    factors = np.array([flow.times for flow in flows])

    def right_hand_side(t: float, y: Array, p: Array, dy: Array) -> None:  # noqa: ARG001
        for row in range(count):
            moved = y[table[row, 0]] * factors[row]
            if table[row, 2] >= 0:
                moved *= p[table[row, 2]]
            if table[row, 3] >= 0:
                moved /= p[table[row, 3]]
            if table[row, 4] == 0:
                dy[table[row, 0]] -= moved
            if table[row, 1] >= 0:
                dy[table[row, 1]] += moved

    return _taken_in(right_hand_side)


def complain(system: System, problem: NumbaError) -> EquationsError:
    """The error to raise where a kernel of a system does not compile: which of its functions is to blame, and why."""
    equations = system.equations
    blamed, reason = "equations", str(problem)
    if isinstance(equations, Equations):
        given = {"rhs": (equations.rhs, 4), "read": (equations.read, 4), "start": (equations.start, 2)}
        for name, (function, _) in given.items():
            if function is None:
                continue
            vector = "float64[::1]"
            signature = f"({vector}, {vector})" if name == "start" else f"(float64, {vector}, {vector}, {vector})"
            try:
                njit(error_model="numpy")(getattr(function, "py_func", function)).compile(signature)
            except NumbaError as found:
                blamed, reason = name, str(found)
                break
            except (TypeError, ValueError) as found:
                blamed, reason = name, str(found)
                break
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    short = " ".join(line for line in lines if not line.startswith(("Failed in", "This error may", "http")))[:300]
    return EquationsError(
        f"{system.name}: `{blamed}` cannot be compiled; write it with plain indexing and scalar arithmetic. "
        f"numba says: {short}"
    )

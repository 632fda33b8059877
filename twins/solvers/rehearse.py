"""A user's own functions, run once in plain Python before they are compiled: compiled code reads past an end unseen."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.solvers.system import Equations, System

Array = NDArray[np.float64]

_POINTS = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1000.0, 100.0, 0.5))
"""Hour, every state and every parameter: different branches of a function are taken at each."""


class BeyondError(IndexError):
    """An index that an array does not have; says which array, index and size."""


class _Guarded(np.ndarray[Any, np.dtype[np.float64]]):
    """An array that names itself where an index is outside of it."""

    words: str

    def __getitem__(self, key: Any) -> Any:
        self._look_at(key, "reads")
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._look_at(key, "writes")
        super().__setitem__(key, value)

    def _look_at(self, key: Any, verb: str) -> None:
        # Compiled rows do not count from the end either, so a negative index is none.
        if isinstance(key, int | np.integer) and not 0 <= key < self.shape[0]:
            name, what = self.words.split(" ", 1)
            last = f"0 to {self.shape[0] - 1}" if self.shape[0] else "none"
            raise BeyondError(f"{verb} {name}[{key}], but there are {self.shape[0]} {what} (indices {last})")


def _guarded(size: int, value: float, words: str) -> _Guarded:
    array = np.full(size, value).view(_Guarded)
    array.words = words
    return array


def rehearse(system: System) -> tuple[str, str] | None:
    """The first index of a user's own equations that is outside its array: the function's name, and what it did.

    Nothing else is judged: what a function gives, or that it raises for made-up values, says nothing of the patient's.
    Functions of this package are not run; they are tried against other solvers, and would compile their parts here.
    """
    equations = system.equations
    if not isinstance(equations, Equations):
        return None
    states, parameters, outputs = len(system.states), len(system.parameters), len(system.outputs)
    for t, state, parameter in _POINTS:
        y = _guarded(states, state, "y states")
        p = _guarded(parameters, parameter, "p parameters")
        calls: tuple[tuple[str, Callable[..., Any] | None, tuple[Any, ...]], ...] = (
            ("rhs", equations.rhs, (t, y, p, _guarded(states, 0.0, "dy states"))),
            ("start", equations.start, (p, _guarded(states, 0.0, "y states"))),
            ("read", equations.read, (t, y, p, _guarded(outputs, 0.0, "out outputs"))),
        )
        for name, function, given in calls:
            plain = getattr(function, "py_func", function)
            if plain is None or str(getattr(plain, "__module__", "")).startswith("twins."):
                continue
            try:
                with np.errstate(all="ignore"):
                    plain(*given)
            except BeyondError as found:
                return name, str(found)
            except Exception:  # noqa: BLE001, S112 - the compiler says what is wrong with it, or the values were
                continue
    return None

"""Kernels that take compiled functions as pointers: compiled once for all engines and equations, and kept on disk.

A kernel handed to another as an ordinary compiled function would be compiled anew with each of them. A pointer costs a
few nanoseconds a call, and one call answers for many rows.
"""

import types
from collections.abc import Callable
from typing import Any

from numba import njit

from twins.solvers.linear import CONTRACT
from twins.solvers.specialise import fingerprint

_MADE: dict[Callable[..., Any], Any] = {}


def pointer(text: Callable[..., Any], signature: Any) -> Any:
    """A plain function compiled for its one signature, under a name that changes with everything it calls.

    numba's cache on disk sees a kernel's own text alone, so the name must say what its callees are.
    """
    if text not in _MADE:
        copy = types.FunctionType(text.__code__, text.__globals__, text.__name__, text.__defaults__)
        copy.__name__ = copy.__qualname__ = f"{text.__name__}_{fingerprint(text)}"
        copy.__module__ = text.__module__
        _MADE[text] = njit(signature, cache=True, nogil=True, fastmath=CONTRACT, error_model="numpy")(copy)
    return _MADE[text]

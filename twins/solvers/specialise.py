"""One kernel text, compiled once for each set of equations, each with its own entry in the cache on disk.

numba keys its cache by a function's file, name and code, not by the functions that it calls. So a kernel that calls a
user's equations is copied under a name that carries a fingerprint of those equations and of everything compiled that
they and the kernel call: a changed equation is a new name, and the same equation is found again by the next process.
"""

import hashlib
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from twins.solvers.linear import CONTRACT


def fingerprint(part: object) -> str:
    """Sixteen hexadecimal digits that change with a function's code, constants and what it calls, or a plain value."""
    return hashlib.sha256(repr(_words(part, ())).encode()).hexdigest()[:16]


def _words(part: Any, callers: tuple[object, ...]) -> object:
    """What of a part decides what it computes, in words that are the same in every process."""
    function = getattr(part, "py_func", part)
    if isinstance(part, np.ndarray):
        return (part.dtype.str, part.shape, part.tobytes())
    if isinstance(part, types.CodeType):  # its own words would hold an address
        return (part.co_code, [_words(one, callers) for one in part.co_consts], part.co_names)
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(part)
    if code in callers:
        return "itself"
    names = (function.__globals__.get(name) for name in _names(code))
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    called = [_words(one, (*callers, code)) for one in (*names, *cells) if _counts(one)]
    return (_words(code, callers), function.__defaults__, called)


def _names(code: types.CodeType) -> list[str]:
    """The names that a function's code and the code within it look up."""
    inner = [name for one in code.co_consts if isinstance(one, types.CodeType) for name in _names(one)]
    return [*code.co_names, *inner]


def _counts(part: object) -> bool:
    """Whether a name's value changes what a function computes: numbers and compiled functions do, modules do not."""
    return isinstance(part, (int, float, tuple, np.ndarray)) or hasattr(part, "py_func")


_MADE: dict[str, Any] = {}


def specialise(text: Callable[..., Any], *, within: bool = False, **parts: Any) -> Any:
    """`text` compiled with the global names `parts` replaced.

    A division by zero in it gives infinity or NaN, as in NumPy: no row may stop the rows beside it.

    Parameters
    ----------
    text
        A plain Python function that numba can compile once its missing names are there.
    parts
        Compiled functions, or plain numbers, by the global name that `text` uses for them.
    within
        Whether it becomes part of every function that calls it, rather than a function with an entry of its own.
    """
    copy = types.FunctionType(text.__code__, {**text.__globals__, **parts}, text.__name__, text.__defaults__)
    name = f"{text.__name__}_{fingerprint(copy)}"
    place = f"{text.__module__}.{name}{within}"
    if place not in _MADE:
        copy.__name__ = copy.__qualname__ = name
        copy.__module__ = text.__module__
        options = {"forceinline": True} if within else {"cache": True, "nogil": True}
        _MADE[place] = njit(fastmath=CONTRACT, error_model="numpy", **options)(copy)
    return _MADE[place]

"""One kernel text, compiled once for each set of equations, each with its own entry in the cache on disk.

numba keys its cache by a function's file, name and code, not by the functions that it calls. So a kernel that calls a
user's equations is copied under a name that carries a fingerprint of those equations: a changed equation is a new name,
and the same equation is found again by the next process.
"""

import hashlib
import types
from collections.abc import Callable
from typing import Any

from numba import njit

from twins.solvers.linear import CONTRACT


def fingerprint(part: object) -> str:
    """Twelve hexadecimal digits that change with a function's code, constants and names, or with a plain value."""
    function: Any = getattr(part, "py_func", part)
    code = getattr(function, "__code__", None)
    if code is None:
        return hashlib.sha256(repr(part).encode()).hexdigest()[:12]
    names = (function.__globals__.get(name) for name in code.co_names)
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    called = [fingerprint(part) for part in (*names, *cells) if _counts(part)]
    words = repr((code.co_code, code.co_consts, code.co_names, called))
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def _counts(part: object) -> bool:
    """Whether a name's value changes what a function computes: numbers and compiled functions do, modules do not."""
    return isinstance(part, (int, float)) or hasattr(part, "py_func")


_MADE: dict[str, Any] = {}


def specialise(text: Callable[..., Any], **parts: Any) -> Any:
    """`text` compiled with the global names `parts` replaced.

    Parameters
    ----------
    text
        A plain Python function that numba can compile once its missing names are there.
    parts
        Compiled functions, or plain numbers, by the global name that `text` uses for them.
    """
    name = "_".join([text.__name__, *(fingerprint(parts[key]) for key in sorted(parts))])
    place = f"{text.__module__}.{name}"
    if place not in _MADE:
        copy = types.FunctionType(text.__code__, {**text.__globals__, **parts}, name, text.__defaults__)
        copy.__qualname__ = name
        copy.__module__ = text.__module__
        _MADE[place] = njit(cache=True, nogil=True, fastmath=CONTRACT)(copy)
    return _MADE[place]

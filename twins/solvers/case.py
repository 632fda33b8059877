"""`Case`: one patient's records under one model, as the arrays that estimation kernels read.

A case travels packed into two arrays, so that kernels which only hand it on are small and quick to compile, and many
patients are simply many cases behind one another.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twins.solvers.individual import Effects
from twins.solvers.likelihood import Levels
from twins.solvers.views import row, table

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


class Case(NamedTuple):
    """One patient under one model.

    Attributes
    ----------
    layout, scales, ports
        Of the model's `Predictor`.
    tolerance : ndarray, shape (2,)
        Relative and absolute, of solvers that step.
    steps : ndarray, shape (3,)
        Of differences: for slopes and for curvature, on an effect's own scale; and how far the objective may be off by
        rounding or by the solver's error, relative.
    plain : ndarray, shape (2,)
        Compartments, where nothing but the doses changes over time, so that they superpose (0: it is not so); and the
        output's scale.
    between, within : ndarray, shapes (p, p), (q, q)
        Lower triangular roots of the covariance of the etas and of one occasion's kappas, flattened or not.
    reach : ndarray, shape (p + q,)
        How far each effect goes to change its component about e-fold.
    doses, epochs_h, times_h, resets_h
        As a `Timeline` has them; `times_h` are the distinct times of the levels.
    backward : ndarray of int, shape (1,)
        1 where covariates are carried backward.
    output_of_time : ndarray of int, shape (times,)
        Which output each time is read of.
    """

    layout: Whole
    scales: Array
    ports: Whole
    tolerance: Array
    steps: Array
    plain: Array
    between: Array
    within: Array
    reach: Array
    effects: Effects
    doses: Array
    epochs_h: Array
    times_h: Array
    resets_h: Array
    backward: Whole
    output_of_time: Whole
    levels: Levels


_PLAIN = Case._fields.index("plain")


def pack(case: Case) -> tuple[Array, Whole]:
    """A case as numbers and whole numbers; the latter begin with where each array lies and its shape."""
    arrays: list[NDArray[np.float64] | Whole] = []
    for part in case:
        arrays += [part] if isinstance(part, np.ndarray) else list(part)
    numbers: list[NDArray[np.float64] | Whole] = []
    wholes: list[NDArray[np.float64] | Whole] = []
    places: list[int] = []
    number, whole = 0, 3 * len(arrays)
    for array in arrays:
        shape = array.shape
        counts = array.dtype.kind == "i"
        places += (whole if counts else number, shape[0], shape[1] if len(shape) == 2 else 1)
        if counts:
            wholes.append(array.ravel())
            whole += array.size
        else:
            numbers.append(array.ravel())
            number += array.size
    return np.concatenate(numbers), np.concatenate([np.array(places, dtype=np.int64), *wholes])


def chain(sizes: Iterable[int]) -> Whole:
    """Where each of many begins behind the others, and where the last ends."""
    each = sizes if isinstance(sizes, np.ndarray) else np.fromiter(sizes, dtype=np.int64)
    found = np.zeros(each.size + 1, dtype=np.int64)
    np.cumsum(each, out=found[1:])
    return found


@njit(forceinline=True)
def _row(numbers: Array, wholes: Whole, number: int) -> Array:
    return row(numbers, wholes[3 * number], wholes[3 * number + 1])  # type: ignore[no-any-return]


@njit(forceinline=True)
def _table(numbers: Array, wholes: Whole, number: int) -> Array:
    return table(numbers, wholes[3 * number], wholes[3 * number + 1], wholes[3 * number + 2])  # type: ignore[no-any-return]


@njit(forceinline=True)
def superposes(numbers: Array, wholes: Whole) -> bool:
    """Whether a packed case's doses superpose; see `Case.plain`."""
    return numbers[wholes[3 * _PLAIN]] > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def unpack(numbers: Array, wholes: Whole) -> Case:
    """The arrays of a packed case, as views that last as long as `numbers` and `wholes` do.

    It becomes part of the kernel that asks, and so do those that a case is handed to: of so many arrays, passed one by
    one, only what is read is then looked up.
    """
    return Case(
        _row(wholes, wholes, 0),
        _row(numbers, wholes, 1),
        _table(wholes, wholes, 2),
        _row(numbers, wholes, 3),
        _row(numbers, wholes, 4),
        _row(numbers, wholes, 5),
        _table(numbers, wholes, 6),
        _table(numbers, wholes, 7),
        _row(numbers, wholes, 8),
        Effects(
            _table(numbers, wholes, 9),
            _table(numbers, wholes, 10),
            _row(wholes, wholes, 11),
            _row(wholes, wholes, 12),
            _row(wholes, wholes, 13),
            _row(wholes, wholes, 14),
            _row(wholes, wholes, 15),
            _row(numbers, wholes, 16),
            _row(numbers, wholes, 17),
            _row(wholes, wholes, 18),
        ),
        _table(numbers, wholes, 19),
        _row(numbers, wholes, 20),
        _row(numbers, wholes, 21),
        _row(numbers, wholes, 22),
        _row(wholes, wholes, 23),
        _row(wholes, wholes, 24),
        Levels(
            _row(numbers, wholes, 25),
            _row(wholes, wholes, 26),
            _row(wholes, wholes, 27),
            _table(numbers, wholes, 28),
            _row(numbers, wholes, 29),
            _row(wholes, wholes, 30),
        ),
    )

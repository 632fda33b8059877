"""Parts of one array as arrays of their own, which count no references: for kernels whose work is small.

Counting is an atomic addition for every view made and dropped, and an allocation costs as much as predicting a level.
So a small kernel asks for all its room at once and gives it to another, which divides it. A view is good for as long as
the function that it was made in is given the whole array by its caller.
"""

from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

Array = NDArray[np.float64]


@intrinsic
def _address(_: Any, array: Any, offset: Any) -> Any:  # noqa: ARG001  # numba looks at the names
    """Where an array's element lies."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.gep(data, [arguments[1]])

    return types.CPointer(array.dtype)(array, types.intp), build


@njit(forceinline=True)
def row(array: Array, at: int, size: int) -> Array:
    """`size` numbers of a contiguous array from the place `at` on, counted through all its dimensions."""
    return carray(_address(array, at), (size,))  # type: ignore[no-any-return]


@njit(forceinline=True)
def table(array: Array, at: int, rows: int, columns: int) -> Array:
    """The same as rows and columns."""
    return carray(_address(array, at), (rows, columns))  # type: ignore[no-any-return]

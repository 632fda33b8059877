"""Work shared out to threads that each take the next share when they have done one."""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

Whole = NDArray[np.int64]

SHARE = 8
"""How many patients are taken at a time: few enough that no thread is left waiting for long."""


@intrinsic
def take(_: Any, taken: Any, count: Any) -> Any:  # noqa: ARG001  # numba looks at the names
    """Adds `count` to the first number of `taken` and gives what it was before; no other thread gets the same."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.atomic_rmw("add", data, arguments[1], "monotonic")

    return types.int64(taken, types.int64), build


def counter() -> Whole:
    """Of what is taken: nothing yet."""
    return np.zeros(1, dtype=np.int64)

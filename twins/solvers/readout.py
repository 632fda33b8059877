"""What is read of a lane: its outputs, and the highest of the one that exposure is taken of.

Texts that `specialise` compiles for each set of equations; names in capitals that are not defined here are given there.
"""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"
import math

import numpy as np
from numpy.typing import NDArray

from twins.solvers.lane import (
    ANCHOR,
    STEP,
    TIME,
    TOP,
    stack,
)

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def exposed_output(work: Array, k: int) -> float:
    """The output of exposure of lane k's state as it is."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    reads = stack(OUTPUTS)
    for s in range(STATES):
        y[s] = work[Y + s * LANES + k]
    time = work[TIME * LANES + k]
    for c in range(PARAMETERS):
        p[c] = work[P + c * LANES + k] + (time - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
    READ(time, y, p, reads)
    return reads[EXPOSED]


def peak(work: Array, k: int, first: float, last: float) -> float:
    """The highest output of exposure between two shares of lane k's step: at both, half way, and atop a parabola."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    reads = stack(OUTPUTS)
    seen = stack(3)
    highest = -math.inf
    share = first
    for place in range(4):
        if place < 3:
            share = first + 0.5 * place * (last - first)
        else:
            bend = seen[0] - 2.0 * seen[1] + seen[2]
            if not bend < 0.0:
                break
            top = 0.5 + 0.25 * (seen[0] - seen[2]) / bend
            if not 0.0 < top < 1.0:
                break
            share = first + top * (last - first)
        BETWEEN(work, k, share, y)
        time = work[TIME * LANES + k] + share * work[STEP * LANES + k]
        for c in range(PARAMETERS):
            p[c] = work[P + c * LANES + k] + (time - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
        READ(time, y, p, reads)
        if place < 3:
            seen[place] = reads[EXPOSED]
        highest = max(highest, reads[EXPOSED])
    return highest


def record(
    work: Array,
    k: int,
    row: int,
    column: int,
    time: float,
    y: Array,
    area: float,
    parameters: Array,
    which: Integers,
    values: Array,
    auc: Array,
    highest: Array,
    exposure: bool,
    moving: bool,
) -> None:
    """One output time of a row; `parameters` are those it is read with."""
    p = stack(PARAMETERS)
    reads = stack(OUTPUTS)
    for c in range(PARAMETERS):
        p[c] = parameters[c]
        if moving:
            p[c] = work[P + c * LANES + k] + (time - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
    READ(time, y, p, reads)
    if which.size:
        values[0, row, column] = reads[which[column]]
    else:
        for o in range(OUTPUTS):
            values[o, row, column] = reads[o]
    if exposure:
        auc[row, column] = area
        highest[row, column] = max(work[TOP * LANES + k], reads[EXPOSED])
        work[TOP * LANES + k] = reads[EXPOSED]

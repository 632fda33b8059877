"""One step of the explicit method in all lanes; texts that `specialise` compiles for each set of equations.

Names in capitals that are not defined here are given there: equations, readings and the offsets of `lane.layout`.
"""

# ruff: noqa: ARG001, F821
# mypy: disable-error-code="name-defined, no-any-return"
import math

import numpy as np
from numpy.typing import NDArray

from twins.solvers.lane import ANCHOR, ERROR, STEP, TIME, TURN, WAY, stack
from twins.solvers.tableau import (
    A21,
    A31,
    A32,
    A41,
    A42,
    A43,
    A51,
    A52,
    A53,
    A54,
    A61,
    A62,
    A63,
    A64,
    A65,
    B1,
    B2,
    B3,
    B4,
    B5,
    B6,
    C2,
    C3,
    C4,
    C5,
    E1,
    E2,
    E3,
    E4,
    E5,
    E6,
    E7,
    INTERPOLANT,
)

Array = NDArray[np.float64]

LANES_SIDE_BY_SIDE = 16
ORDER = 5


def room(states: int) -> int:
    """Rows of the buffer that the method needs: slopes of seven stages, and the state of the sixth."""
    return 7 * (states + 1) + states


def slopes(work: Array, share: float, exposure: bool, moving: bool) -> None:
    """D = slopes at NEW, a share of the step on, in every lane."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    d = stack(STATES)
    reads = stack(OUTPUTS)
    if moving:
        for c in range(PARAMETERS):
            for k in range(LANES):
                since = work[TIME * LANES + k] + share * work[STEP * LANES + k] - work[ANCHOR * LANES + k]
                work[NOW + c * LANES + k] = work[P + c * LANES + k] + since * work[DRIFT + c * LANES + k]
    for k in range(LANES):
        for s in range(STATES):
            y[s] = work[NEW + s * LANES + k]
            d[s] = 0.0
        for c in range(PARAMETERS):
            p[c] = work[NOW + c * LANES + k]
        RHS(work[TIME * LANES + k] + share * work[STEP * LANES + k], y, p, d)
        for s in range(STATES):
            work[D + s * LANES + k] = d[s] + work[RATE + s * LANES + k]
    if exposure:
        for k in range(LANES):
            for s in range(STATES):
                y[s] = work[NEW + s * LANES + k]
            for c in range(PARAMETERS):
                p[c] = work[NOW + c * LANES + k]
            READ(work[TIME * LANES + k] + share * work[STEP * LANES + k], y, p, reads)
            work[D + STATES * LANES + k] = reads[EXPOSED]


def attempt(work: Array, exposure: bool, moving: bool, rtol: float, atol: float) -> None:
    """NEW, the state a step on, with its ERROR relative to the tolerance ; FSAL: D is its slope."""
    wide = (STATES + 1) * LANES
    k1, k2, k3, k4, k5, k6 = ROOM, ROOM + wide, ROOM + 2 * wide, ROOM + 3 * wide, ROOM + 4 * wide, ROOM + 5 * wide
    sixth = ROOM + 7 * wide
    h = STEP * LANES
    for s in range(STATES):
        for k in range(LANES):
            i = s * LANES + k
            work[NEW + i] = work[Y + i] + work[h + k] * (A21 * work[k1 + i])
    SLOPES(work, C2, exposure, moving)
    for s in range(STATES + 1):
        for k in range(LANES):
            i = s * LANES + k
            d = work[D + i]
            work[k2 + i] = d
            work[NEW + i] = work[Y + i] + work[h + k] * (A31 * work[k1 + i] + A32 * d)
    SLOPES(work, C3, exposure, moving)
    for s in range(STATES + 1):
        for k in range(LANES):
            i = s * LANES + k
            d = work[D + i]
            work[k3 + i] = d
            work[NEW + i] = work[Y + i] + work[h + k] * (A41 * work[k1 + i] + A42 * work[k2 + i] + A43 * d)
    SLOPES(work, C4, exposure, moving)
    for s in range(STATES + 1):
        for k in range(LANES):
            i = s * LANES + k
            d = work[D + i]
            work[k4 + i] = d
            work[NEW + i] = work[Y + i] + work[h + k] * (
                A51 * work[k1 + i] + A52 * work[k2 + i] + A53 * work[k3 + i] + A54 * d
            )
    SLOPES(work, C5, exposure, moving)
    for s in range(STATES + 1):
        for k in range(LANES):
            i = s * LANES + k
            d = work[D + i]
            work[k5 + i] = d
            work[NEW + i] = work[Y + i] + work[h + k] * (
                A61 * work[k1 + i] + A62 * work[k2 + i] + A63 * work[k3 + i] + A64 * work[k4 + i] + A65 * d
            )
    for s in range(STATES):
        for k in range(LANES):
            work[sixth + s * LANES + k] = work[NEW + s * LANES + k]
    SLOPES(work, 1.0, exposure, moving)
    for s in range(STATES + 1):
        for k in range(LANES):
            i = s * LANES + k
            d = work[D + i]
            work[k6 + i] = d
            work[NEW + i] = work[Y + i] + work[h + k] * (
                B1 * work[k1 + i]
                + B2 * work[k2 + i]
                + B3 * work[k3 + i]
                + B4 * work[k4 + i]
                + B5 * work[k5 + i]
                + B6 * d
            )
    SLOPES(work, 1.0, exposure, moving)
    for k in range(LANES):
        work[ERROR * LANES + k] = 0.0
        work[TURN * LANES + k] = 0.0
        work[WAY * LANES + k] = 0.0
    for s in range(STATES):
        for k in range(LANES):
            i = s * LANES + k
            now = abs(work[Y + i])
            then = abs(work[NEW + i])
            scale = atol + rtol * (now if now > then else then)
            off = (work[h + k] / scale) * (
                E1 * work[k1 + i]
                + E2 * work[k2 + i]
                + E3 * work[k3 + i]
                + E4 * work[k4 + i]
                + E5 * work[k5 + i]
                + E6 * work[k6 + i]
                + E7 * work[D + i]
            )
            work[ERROR * LANES + k] += off * off / STATES
            turn = work[D + i] - work[k6 + i]
            way = work[NEW + i] - work[sixth + i]
            work[TURN * LANES + k] += turn * turn
            work[WAY * LANES + k] += way * way


def begin(work: Array, k: int, exposure: bool, moving: bool, rtol: float, atol: float, longest: float) -> float:
    """The slope at the start of a segment in lane k, and a first step for it, h; not a number where the slope is not.

    The step is that of Hairer, Norsett and Wanner (Solving Ordinary Differential Equations I, section II.4), which
    tries a small step of Euler's method to see how fast the slope changes. What the slope brings within the segment
    counts as size, so that an empty body is no reason to creep.
    """
    y = stack(STATES)
    p = stack(PARAMETERS)
    d = stack(STATES)
    reads = stack(OUTPUTS)
    time = work[TIME * LANES + k]
    small = 0.0
    first = 0.0
    second = 0.0
    for probe in range(2):
        for c in range(PARAMETERS):
            p[c] = work[P + c * LANES + k]
            if moving:
                p[c] += (time + small - work[ANCHOR * LANES + k]) * work[DRIFT + c * LANES + k]
        for s in range(STATES):
            y[s] = work[Y + s * LANES + k]
            if probe == 1:
                y[s] += small * work[ROOM + s * LANES + k]
            d[s] = 0.0
        RHS(time + small, y, p, d)
        if probe == 0 and exposure:
            READ(time, y, p, reads)
            work[ROOM + STATES * LANES + k] = reads[EXPOSED]
        for s in range(STATES):
            slope = d[s] + work[RATE + s * LANES + k]
            before = slope if probe == 0 else work[ROOM + s * LANES + k]
            scale = atol + rtol * max(abs(work[Y + s * LANES + k]), 0.1 * longest * abs(before))
            if probe == 0:
                work[ROOM + s * LANES + k] = slope
                first = max(first, abs(slope) / scale) if slope == slope else math.inf
            else:
                second = max(second, abs(slope - before) / (scale * small))
        if not (first < math.inf):
            return math.nan
        if first == 0.0:
            return longest
        small = min(1e-3 * longest, 0.01 / (first * rtol))
    if not (second < math.inf):
        return small
    return min(longest, (1.0 / max(first, second)) ** 0.2)


def advance(work: Array, k: int, exposure: bool) -> None:
    """Lane k moves to the end of its step."""
    for s in range(STATES + 1):
        work[Y + s * LANES + k] = work[NEW + s * LANES + k]
        work[ROOM + s * LANES + k] = work[D + s * LANES + k]


def between(work: Array, k: int, share: float, y: Array) -> float:
    """Fill y with the state at a share of lane k's step; returns the area there."""
    wide = (STATES + 1) * LANES
    h = work[STEP * LANES + k]
    area = 0.0
    w1 = share * (
        INTERPOLANT[0, 0] + share * (INTERPOLANT[0, 1] + share * (INTERPOLANT[0, 2] + share * INTERPOLANT[0, 3]))
    )
    w2 = share * share * (INTERPOLANT[1, 1] + share * (INTERPOLANT[1, 2] + share * INTERPOLANT[1, 3]))
    w3 = share * share * (INTERPOLANT[2, 1] + share * (INTERPOLANT[2, 2] + share * INTERPOLANT[2, 3]))
    w4 = share * share * (INTERPOLANT[3, 1] + share * (INTERPOLANT[3, 2] + share * INTERPOLANT[3, 3]))
    w5 = share * share * (INTERPOLANT[4, 1] + share * (INTERPOLANT[4, 2] + share * INTERPOLANT[4, 3]))
    w6 = share * share * (INTERPOLANT[5, 1] + share * (INTERPOLANT[5, 2] + share * INTERPOLANT[5, 3]))
    w7 = share * share * (INTERPOLANT[6, 1] + share * (INTERPOLANT[6, 2] + share * INTERPOLANT[6, 3]))
    for s in range(STATES + 1):
        i = s * LANES + k
        now = work[Y + i] + h * (
            w1 * work[ROOM + i]
            + w2 * work[ROOM + wide + i]
            + w3 * work[ROOM + 2 * wide + i]
            + w4 * work[ROOM + 3 * wide + i]
            + w5 * work[ROOM + 4 * wide + i]
            + w6 * work[ROOM + 5 * wide + i]
            + w7 * work[D + i]
        )
        if s < STATES:
            y[s] = now
        else:
            area = now
    return area

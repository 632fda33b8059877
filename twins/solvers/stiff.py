"""One step of the stiff method in one lane; texts that `specialise` compiles for each set of equations.

Rodas5P (see `tableau`): eight stages that share one LU factorisation. The Jacobian is taken by differences once at the
start of a step and kept while the step is refused. The area under the output of exposure is one more equation that
nothing else depends on, so it needs a row of the Jacobian but no part of the factorisation.

Names in capitals that are not defined here are given there: equations, readings and the offsets of `lane.layout`.
"""

# ruff: noqa: ARG001, F821
# mypy: disable-error-code="name-defined, no-any-return"
import numpy as np
from numpy.typing import NDArray

from twins.solvers.lane import ANCHOR, ERROR, STEP, TIME, TURN, WAY, stack
from twins.solvers.tableau import DENSE, GAMMA, NODES, SLOPES, STAGES, A, C

Array = NDArray[np.float64]

LANES_SIDE_BY_SIDE = 1
_ROUNDING = 1.4901161193847656e-08  # square root of the distance from 1 to the next number


def room(states: int) -> int:
    """Rows of the buffer that the method needs.

    Increments of the stages, slope and its change with time, Jacobian (the area's row last), factors, order of the
    rows, and whether the Jacobian is that of this step.
    """
    wide = states + 1
    return (STAGES + 2) * wide + wide * states + states * states + states + 1


def evaluate(work: Array, time: float, at: int, exposure: bool, moving: bool) -> None:
    """D = slopes, and the output of exposure, of the state at offset `at`."""
    y = stack(STATES)
    p = stack(PARAMETERS)
    d = stack(STATES)
    reads = stack(OUTPUTS)
    for s in range(STATES):
        y[s] = work[at + s]
        d[s] = 0.0
    for c in range(PARAMETERS):
        p[c] = work[P + c]
        if moving:
            p[c] += (time - work[ANCHOR]) * work[DRIFT + c]
    RHS(time, y, p, d)
    for s in range(STATES):
        work[D + s] = d[s] + work[RATE + s]
    if exposure:
        READ(time, y, p, reads)
        work[D + STATES] = reads[EXPOSED]


def differentiate(work: Array, exposure: bool, moving: bool, rtol: float, atol: float) -> None:
    """The Jacobian and the slopes' change with time at the step's start, by forward differences."""
    wide = STATES + 1
    slope = ROOM + STAGES * wide
    change = slope + wide
    jacobian = change + wide
    time = work[TIME]
    h = work[STEP]
    EVALUATE(work, time, Y, exposure, moving)
    largest = 0.0
    for s in range(wide):
        work[slope + s] = work[D + s]
    for s in range(STATES):
        largest = max(largest, abs(work[Y + s]))
    later = min(h, _ROUNDING * max(abs(time), 1e-3))
    later = (time + later) - time  # what the sum keeps of it
    EVALUATE(work, time + later, Y, exposure, moving)
    for s in range(wide):
        work[change + s] = (work[D + s] - work[slope + s]) / later if later > 0.0 else 0.0
    for s in range(STATES):
        work[NEW + s] = work[Y + s]
    for c in range(STATES):
        size = max(max(abs(work[Y + c]), h * abs(work[slope + c])), max(1e-8 * largest, 1e-3 * atol / rtol))
        work[NEW + c] = work[Y + c] + _ROUNDING * size
        off = work[NEW + c] - work[Y + c]
        EVALUATE(work, time, NEW, exposure, moving)
        for s in range(wide):
            work[jacobian + s * STATES + c] = (work[D + s] - work[slope + s]) / off
        work[NEW + c] = work[Y + c]


def factorise(work: Array) -> None:
    """LU factors, with rows exchanged, of 1 / (h gamma) less the Jacobian."""
    wide = STATES + 1
    jacobian = ROOM + (STAGES + 2) * wide
    factors = jacobian + wide * STATES
    order = factors + STATES * STATES
    for s in range(STATES):
        for c in range(STATES):
            work[factors + s * STATES + c] = -work[jacobian + s * STATES + c]
        work[factors + s * STATES + s] += 1.0 / (work[STEP] * GAMMA)
    for c in range(STATES):
        best = c
        for s in range(c + 1, STATES):
            if abs(work[factors + s * STATES + c]) > abs(work[factors + best * STATES + c]):
                best = s
        work[order + c] = best
        if best != c:
            for j in range(STATES):
                held = work[factors + c * STATES + j]
                work[factors + c * STATES + j] = work[factors + best * STATES + j]
                work[factors + best * STATES + j] = held
        for s in range(c + 1, STATES):
            share = work[factors + s * STATES + c] / work[factors + c * STATES + c]
            work[factors + s * STATES + c] = share
            for j in range(c + 1, STATES):
                work[factors + s * STATES + j] -= share * work[factors + c * STATES + j]


def attempt(work: Array, exposure: bool, moving: bool, rtol: float, atol: float) -> None:
    """NEW, the state a step on, with its ERROR relative to the tolerance."""
    wide = STATES + 1
    slope = ROOM + STAGES * wide
    change = slope + wide
    jacobian = change + wide
    factors = jacobian + wide * STATES
    order = factors + STATES * STATES
    valid = order + STATES
    h = work[STEP]
    work[TURN] = 0.0
    work[WAY] = 0.0
    if work[valid] == 0.0:
        DIFFERENTIATE(work, exposure, moving, rtol, atol)
        work[valid] = 1.0
    FACTORISE(work)
    for i in range(STAGES):
        own = ROOM + i * wide
        for s in range(wide):
            total = work[Y + s]
            for j in range(i):
                total += A[i, j] * work[ROOM + j * wide + s]
            work[NEW + s] = total
        if i == 0:
            for s in range(wide):
                work[D + s] = work[slope + s]
        else:
            EVALUATE(work, work[TIME] + NODES[i] * h, NEW, exposure, moving)
        for s in range(wide):
            total = work[D + s] + h * SLOPES[i] * work[change + s]
            for j in range(i):
                total += C[i, j] / h * work[ROOM + j * wide + s]
            work[own + s] = total
        for s in range(STATES):
            best = int(work[order + s])
            held = work[own + s]
            work[own + s] = work[own + best]
            work[own + best] = held
        for s in range(STATES):
            for c in range(s):
                work[own + s] -= work[factors + s * STATES + c] * work[own + c]
        for s in range(STATES - 1, -1, -1):
            for c in range(s + 1, STATES):
                work[own + s] -= work[factors + s * STATES + c] * work[own + c]
            work[own + s] /= work[factors + s * STATES + s]
        if exposure:
            for c in range(STATES):
                work[own + STATES] += work[jacobian + STATES * STATES + c] * work[own + c]
            work[own + STATES] *= h * GAMMA
        else:
            work[own + STATES] = 0.0
    error = 0.0
    last = ROOM + (STAGES - 1) * wide
    for s in range(wide):
        work[NEW + s] += work[last + s]
    for s in range(STATES):
        off = work[last + s] / (atol + rtol * max(abs(work[Y + s]), abs(work[NEW + s])))
        error += off * off / STATES
    work[ERROR] = error


def begin(work: Array, k: int, exposure: bool, moving: bool, rtol: float, atol: float, longest: float) -> float:
    """A first step for a segment, h, found as the explicit method does; the Jacobian is unknown."""
    work[ROOM + LAST_ROW] = 0.0
    return FIRST_STEP(work, k, exposure, moving, rtol, atol, longest)


def advance(work: Array, k: int, exposure: bool) -> None:
    """The lane moves to the end of its step."""
    for s in range(STATES + 1):
        work[Y + s] = work[NEW + s]
    work[ROOM + LAST_ROW] = 0.0


def between(work: Array, k: int, share: float, y: Array) -> float:
    """Fill y with the state at a share of the step; returns the area there."""
    wide = STATES + 1
    area = 0.0
    for s in range(wide):
        first = 0.0
        second = 0.0
        third = 0.0
        for i in range(STAGES):
            one = work[ROOM + i * wide + s]
            first += DENSE[0, i] * one
            second += DENSE[1, i] * one
            third += DENSE[2, i] * one
        bend = (1.0 - share) * (first + share * (second + share * third))
        now = (1.0 - share) * work[Y + s] + share * (work[NEW + s] + bend)
        if s < STATES:
            y[s] = now
        else:
            area = now
    return area

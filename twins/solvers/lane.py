"""Where a lane keeps its numbers: one work buffer for all lanes, a row of it for each quantity.

A kernel carries `lanes` subjects side by side. Quantity q of lane k is at work[q · lanes + k], so that a loop over the
lanes reads neighbours in memory and becomes vector instructions; one buffer with constant offsets lets the compiler see
that its rows do not overlap. Equations are written for plain arrays y, p and dy; `stack` gives each lane such arrays in
registers.
"""

# ruff: noqa: ARG001  # numba calls these functions with everything
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

TIME, STEP, WISH, END, NEXT, ANCHOR, BEFORE, AFTER, ERROR, GROWTH, TURN, WAY, TOP, PHASE, MOVED, SHRANK = range(16)
"""Rows of every lane: now and the step, h; the step wished for before it was cut to end at an event; when the segment
ends, and the interval within it; when the parameters hold; the memory of the step control before and after this step;
the step's error relative to the tolerance, squared, and what the step may grow by; how far the slopes and the states of
two stages at the same moment are apart, squared; the highest reading since the last output; the place within a steady
state's interval, h; how far its last cycle moved, and by what share that was less than the cycle before."""
FIXED = 16

ROW, AT, STOP, STEPS, STRAINED, EASY, LAST, REFUSED, CYCLE, UNTIL, SLOT, FRESH = range(12)
"""Whole numbers of every lane: the row it carries (-1: idle); the interval it is in and the last before the next event;
attempts; steps that stability limited and steps in a row that it did not; whether this step ends the segment; whether
the last attempt was refused; cycles towards a steady state (-1: none) and the last interval of its moment; which laid
schedule; whether the slope at the step's start is unknown."""
BOOKS = 12


def layout(states: int, parameters: int, lanes: int, room: int) -> dict[str, int]:
    """Offsets of the buffer's rows, by the global names that kernels use for them; `room` rows are the method's own."""
    rows = {
        "P": parameters,  # as they are at ANCHOR
        "DRIFT": parameters,  # their change per h
        "NOW": parameters,  # as they are at the moment of the last evaluation
        "RATE": states,  # infusions, mg/h
        "KEPT": states + 1,  # state before a steady state is sought; the area's row too
        "PAST": states,  # state a cycle before
        "Y": states + 1,  # state at TIME; the last row is the area under the output of exposure
        "NEW": states + 1,  # state at TIME + STEP, and of each stage on the way
        "D": states + 1,  # slopes of the last evaluation
        "ROOM": room,
    }
    found = {"STATES": states, "PARAMETERS": parameters, "LANES": lanes}
    at = FIXED
    for name, height in rows.items():
        found[name] = at * lanes
        at += height
    return found | {"SIZE": at * lanes}


@intrinsic(prefer_literal=True)
def stack(typing_context: Any, size: Any) -> Any:
    """An array of so many numbers on the stack, not set; good for as long as the function that asked for it runs."""
    if not isinstance(size, types.IntegerLiteral):
        return None
    length = max(size.literal_value, 1)
    array = types.Array(types.float64, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = context.get_value_type(types.intp)
        place = cgutils.alloca_once(builder, ir.DoubleType(), size=length)
        made = context.make_array(array)(context, builder)
        arrayobj.populate_array(
            made,
            data=place,
            shape=cgutils.pack_array(builder, [ir.Constant(whole, length)]),
            strides=cgutils.pack_array(builder, [ir.Constant(whole, 8)]),
            itemsize=ir.Constant(whole, 8),
            meminfo=None,
        )
        return made._getvalue()

    return array(size), generate


@intrinsic
def borrow(typing_context: Any, array: Any) -> Any:
    """The same array without a count of who holds it; whoever asks keeps the array itself for as long.

    Counting is an atomic addition at every call and every view, which costs more than a step of small equations.
    """
    if not isinstance(array, types.Array):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_array(array)(context, builder, arguments[0])
        held.meminfo = cgutils.get_null_value(held.meminfo.type)
        held.parent = cgutils.get_null_value(held.parent.type)
        return held._getvalue()

    return array(array), generate

"""Arithmetic on whole rows of a work buffer: 32 numbers side by side in the processor's vector units.

The compiler makes such instructions of a loop by itself only where it can see which rows the loop touches; where rows
are chosen while the kernel runs it works on one number at a time. These operations are therefore written as vector
instructions: a few by hand, and `across` writes those of any function of plain numbers. Rows are counted from the
buffer's start; a fused multiplication and addition is the only freedom that rounding has.
"""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic, overload

LANES = 32
COLUMNS = 8
"""How many columns of a matrix are written at a time: a cache line of each row."""

_LANE = ir.VectorType(ir.DoubleType(), LANES)
_WHOLE = ir.IntType(64)


def _row(context: Any, builder: Any, kind: Any, array: Any, number: Any) -> Any:
    """Address of a row as a vector's."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.gep(data, [builder.mul(number, ir.Constant(_WHOLE, LANES))], inbounds=True)
    return builder.bitcast(place, _LANE.as_pointer())


def _load(builder: Any, place: Any) -> Any:
    return builder.load(place, align=8)


def _spread(builder: Any, value: Any) -> Any:
    """One number in every lane."""
    nothing = ir.Constant(_LANE, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


class Numbers:
    """A row in registers while instructions are written: plain arithmetic on it writes what all lanes do at once."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def _with(self, write: str, other: Any, *, turned: bool = False) -> "Numbers":
        both = (self.value, _row_of(other))
        made = getattr(self.builder, write)(*(reversed(both) if turned else both), flags=("contract",))
        return Numbers(self.builder, made)

    def __add__(self, other: Any) -> "Numbers":
        return self._with("fadd", other)

    def __radd__(self, other: float) -> "Numbers":
        return self._with("fadd", other, turned=True)

    def __sub__(self, other: Any) -> "Numbers":
        return self._with("fsub", other)

    def __rsub__(self, other: float) -> "Numbers":
        return self._with("fsub", other, turned=True)

    def __mul__(self, other: Any) -> "Numbers":
        return self._with("fmul", other)

    def __rmul__(self, other: float) -> "Numbers":
        return self._with("fmul", other, turned=True)

    def __truediv__(self, other: Any) -> "Numbers":
        return self._with("fdiv", other)

    def __neg__(self) -> "Numbers":
        return Numbers(self.builder, self.builder.fneg(self.value))

    def __abs__(self) -> Any:
        return choose(self > 0.0, self, -self)

    def __lt__(self, other: Any) -> "Numbers":
        return Numbers(self.builder, self.builder.fcmp_ordered("<", self.value, _row_of(other)))

    def __gt__(self, other: Any) -> "Numbers":
        return Numbers(self.builder, self.builder.fcmp_ordered(">", self.value, _row_of(other)))


def _row_of(number: Any) -> Any:
    """A row's value; a plain number is the same in all lanes."""
    if isinstance(number, Numbers):
        return number.value
    return ir.Constant(_LANE, [ir.Constant(ir.DoubleType(), float(number))] * LANES)


def choose(which: Any, one: Any, other: Any) -> Any:
    """`one` where it is so, else `other`; both are worked out."""
    return Numbers(which.builder, which.builder.select(which.value, _row_of(one), _row_of(other)))


@overload(choose)
def _choose_one(which: Any, one: Any, other: Any) -> Any:  # noqa: ARG001
    def chosen(which: Any, one: Any, other: Any) -> Any:
        return one if which else other

    return chosen


def across(text: Callable[..., Any]) -> Any:
    """A function of plain numbers as an operation on rows: ``across(f)(work, into, rows)``.

    The function is written once, in arithmetic, comparisons, `choose` and functions of that kind, and decorated with
    `register_jitable`: kernels call it for one number, and here it is asked for all lanes. What it returns goes to the
    rows `into`, a tuple of as many numbers of rows.
    """

    @intrinsic
    def operation(typing: Any, work: Any, into: Any, rows: Any) -> Any:  # noqa: ARG001
        signature = types.void(
            work,
            types.UniTuple(types.int64, len(into)),  # type: ignore[attr-defined]
            types.UniTuple(types.int64, len(rows)),  # type: ignore[attr-defined]
        )

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = signature.args[0]
            array, targets, sources = arguments

            def place(packed: Any, number: int) -> Any:
                return _row(context, builder, kind, array, builder.extract_value(packed, number))

            given = [Numbers(builder, _load(builder, place(sources, number))) for number in range(len(rows))]
            found = text(*given)
            for number, one in enumerate(found if isinstance(found, tuple) else (found,)):
                builder.store(one.value, place(targets, number), align=8)
            return context.get_dummy_value()

        return signature, generate

    return operation


@intrinsic
def products(typing: Any, work: Any, into: Any, pairs: Any) -> Any:  # noqa: ARG001
    """Row `into` becomes the sum of products of rows, taken two by two from `pairs`: a·b + c·d + ..."""
    signature = types.void(work, types.int64, types.UniTuple(types.int64, len(pairs)))  # type: ignore[attr-defined]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        array, number, packed = arguments
        rows = [
            _load(builder, _row(context, builder, kind, array, builder.extract_value(packed, place)))
            for place in range(len(pairs))
        ]
        total = builder.fmul(rows[0], rows[1])
        for place in range(2, len(rows), 2):
            product = builder.fmul(rows[place], rows[place + 1], flags=("contract",))
            total = builder.fadd(total, product, flags=("contract",))
        builder.store(total, _row(context, builder, kind, array, number), align=8)
        return context.get_dummy_value()

    return signature, generate


def _choose(sign: str) -> Any:
    def typed(typing: Any, work: Any, into: Any, other: Any) -> Any:  # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, number, row = arguments
            place = _row(context, builder, signature.args[0], array, number)
            one = _load(builder, place)
            two = _load(builder, _row(context, builder, signature.args[0], array, row))
            builder.store(builder.select(builder.fcmp_ordered(sign, two, one), two, one), place, align=8)
            return context.get_dummy_value()

        return types.void(work, types.int64, types.int64), generate

    return typed


larger = intrinsic(_choose(">"))
"""``larger(work, into, other)``: row `into` becomes the larger of the two in each lane."""
smaller = intrinsic(_choose("<"))
"""``smaller(work, into, other)``: row `into` becomes the smaller of the two in each lane."""


@intrinsic
def above(typing: Any, work: Any, row: Any, level: Any) -> Any:  # noqa: ARG001
    """Which lanes of a row lie above a level: one bit each."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, number, level = arguments
        one = _load(builder, _row(context, builder, signature.args[0], array, number))
        bits = builder.bitcast(builder.fcmp_ordered(">", one, _spread(builder, level)), ir.IntType(LANES))
        return builder.zext(bits, _WHOLE)

    return types.int64(work, types.int64, types.float64), generate


@intrinsic
def fill(typing: Any, work: Any, row: Any, value: Any) -> Any:  # noqa: ARG001
    """Every lane of a row becomes one number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, number, value = arguments
        place = _row(context, builder, signature.args[0], array, number)
        builder.store(_spread(builder, value), place, align=8)
        return context.get_dummy_value()

    return types.void(work, types.int64, types.float64), generate


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Eight vectors of eight numbers, turned: pairs, then fours, then eights change places."""
    for reach in (1, 2, 4):
        taken = [place for place in range(COLUMNS) if not place & reach]
        turned = list(rows)
        for place in taken:
            one, other = rows[place], rows[place + reach]
            keep = [lane if not lane & reach else COLUMNS + lane - reach for lane in range(COLUMNS)]
            give = [lane + reach if not lane & reach else COLUMNS + lane for lane in range(COLUMNS)]
            turned[place], turned[place + reach] = (_picked(builder, one, other, lanes) for lanes in (keep, give))
        rows = turned
    return rows


def _picked(builder: Any, one: Any, other: Any, lanes: list[int]) -> Any:
    """The numbers at these places of two vectors laid end to end."""
    return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))


@intrinsic
def to_columns(typing: Any, work: Any, row: Any, out: Any, first: Any, column: Any) -> Any:  # noqa: ARG001
    """`COLUMNS` rows of the buffer into as many columns of a matrix whose rows lie one after the other.

    Lane k goes to the matrix's row ``first + k``: eight lanes of eight rows are turned in registers, so that whole
    cache lines are written.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, number, matrix, first, column = arguments
        kind = signature.args[0]
        target = context.make_array(signature.args[2])(context, builder, matrix)
        width = builder.extract_value(target.shape, 1)
        place = builder.add(builder.mul(first, width), column)
        eight = ir.VectorType(ir.DoubleType(), COLUMNS)
        numbers = context.make_array(kind)(context, builder, array).data
        for lanes in range(0, LANES, COLUMNS):
            rows = []
            for which in range(COLUMNS):
                at = builder.add(
                    builder.mul(number, ir.Constant(_WHOLE, LANES)), ir.Constant(_WHOLE, lanes + which * LANES)
                )
                source = builder.bitcast(builder.gep(numbers, [at], inbounds=True), eight.as_pointer())
                rows.append(builder.load(source, align=8))
            for turned in _transposed(builder, rows):
                aim = builder.bitcast(builder.gep(target.data, [place], inbounds=True), eight.as_pointer())
                builder.store(turned, aim, align=8)
                place = builder.add(place, width)
        return context.get_dummy_value()

    return types.void(work, types.int64, out, types.int64, types.int64), generate


def _extreme(sign: str, none: float) -> Any:
    def typed(typing: Any, work: Any, row: Any) -> Any:  # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, number = arguments
            values = _load(builder, _row(context, builder, signature.args[0], array, number))
            nothing = ir.Constant(_LANE, [ir.Constant(ir.DoubleType(), none)] * LANES)
            values = builder.select(builder.fcmp_ordered("ord", values, values), values, nothing)
            lanes = LANES
            while lanes > 1:
                lanes //= 2
                one = _picked(builder, values, values, list(range(lanes)))
                other = _picked(builder, values, values, list(range(lanes, 2 * lanes)))
                values = builder.select(builder.fcmp_ordered(sign, other, one), other, one)
            return builder.extract_element(values, ir.Constant(ir.IntType(32), 0))

        return types.float64(work, types.int64), generate

    return typed


least = intrinsic(_extreme("<", math.inf))
"""``least(work, row)``: the smallest number of a row, of those that are numbers; infinity where none is."""
greatest = intrinsic(_extreme(">", -math.inf))
"""``greatest(work, row)``: the largest; minus infinity where none is a number."""

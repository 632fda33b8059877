"""Arithmetic on whole rows of a work buffer: 32 numbers side by side in the processor's vector units.

The compiler makes such instructions of a loop by itself only where the loop is long; a short one it unrolls
into single steps. These few operations are therefore written as vector instructions. Rows are counted from the
buffer's start; a fused multiplication and addition is the only freedom that rounding has.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

LANES = 32

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


@intrinsic
def to_column(typing: Any, work: Any, row: Any, out: Any, first: Any, column: Any) -> Any:  # noqa: ARG001
    """A row into a column of a matrix whose rows lie one after the other, from its row `first` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, number, matrix, first, column = arguments
        values = _load(builder, _row(context, builder, signature.args[0], array, number))
        target = context.make_array(signature.args[2])(context, builder, matrix)
        width = builder.extract_value(target.shape, 1)
        place = builder.add(builder.mul(first, width), column)
        for lane in range(LANES):
            one = builder.extract_element(values, ir.Constant(ir.IntType(32), lane))
            builder.store(one, builder.gep(target.data, [place], inbounds=True))
            place = builder.add(place, width)
        return context.get_dummy_value()

    return types.void(work, types.int64, out, types.int64, types.int64), generate

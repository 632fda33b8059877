"""exp(-x) and 1 - exp(-x) without a branch, so that the compiler can work on several lanes at once.

`math.exp` is a call into the C library that is made for one number at a time. Here x is split into k ln 2 and a rest r
of at most ln 2 / 2 (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980); exp(r) - 1 is its
Taylor polynomial, and 2^k is put together from bits.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic, overload, register_jitable

from twins.solvers.rows import Numbers, choose

CONTRACT = {"contract"}
"""The one relaxation of floating point in this folder: a multiplication and an addition may be fused."""

_PER_LN2 = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # ln 2 in two parts, the first with trailing zeros
_ROUND = 6755399441055744.0  # 1.5 · 2^52: adding it leaves a whole number in the last bits
_ROUND_BITS = 0x4338000000000000
LARGEST = 708.39
"""exp(-x) is smaller than any normal number beyond this, and taken as 0."""


def _raised(builder: Any, turned: Any) -> Any:
    """2 to the whole power that lies in the last bits of `turned`, which `_ROUND` was added to; -1022 to 1023."""
    whole, one = ir.IntType(64), ir.DoubleType()
    shift: Any = [ir.Constant(whole, 1023 - _ROUND_BITS), ir.Constant(whole, 52)]
    if isinstance(turned.type, ir.VectorType):
        lanes = turned.type.count
        whole, one = ir.VectorType(whole, lanes), ir.VectorType(one, lanes)
        shift = [ir.Constant(whole, [number] * lanes) for number in shift]
    bits = builder.add(builder.bitcast(turned, whole), shift[0])
    return builder.bitcast(builder.shl(bits, shift[1]), one)


@intrinsic
def _raised_one(typing: Any, turned: Any) -> Any:  # noqa: ARG001
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return _raised(builder, arguments[0])

    return types.float64(types.float64), generate


def _power_of_two(turned: Any) -> Any:
    return Numbers(turned.builder, _raised(turned.builder, turned.value))


@overload(_power_of_two)
def _power_of_two_of_one(turned: Any) -> Any:  # noqa: ARG001
    def one(turned: Any) -> Any:
        return _raised_one(turned)

    return one


@register_jitable(fastmath=CONTRACT, error_model="numpy", inline="always")
def decayed(x: Any) -> tuple[Any, Any]:
    """exp(-x) and 1 - exp(-x) for x of 0 or more, each to 2 units in the last place; not a number stays so."""
    turned = _ROUND - x * _PER_LN2
    k = turned - _ROUND
    r = (-x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 0.0001984126984126984
    p = p * r + 0.001388888888888889
    p = p * r + 0.008333333333333333
    p = p * r + 0.041666666666666664
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    less = r + r * r * p
    power = _power_of_two(turned)
    left = power + power * less
    gone = (1.0 - power) - power * less
    beyond = x > LARGEST
    return choose(beyond, 0.0, left), choose(beyond, 1.0, gone)

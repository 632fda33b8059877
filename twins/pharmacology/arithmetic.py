"""Covariate equations written as text: arithmetic over arrays by name, and nothing else that Python can do."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from twins.quantities.sentence import ANY, Sentence

Array = NDArray[np.float64]
Value = Array | float
_Step = Callable[[Mapping[str, Value]], Value]

LONGEST = 2000
"""Characters of one expression; a longer one is a mistake."""
DEEPEST = 50
"""Levels of brackets and operations inside each other."""

_BINARY: dict[type[ast.operator], Callable[..., Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    # of NumPy, so that the root of a negative number is not a number, and never complex
    ast.Pow: lambda base, exponent: np.power(np.asarray(base, dtype=np.float64), exponent),
}
_COMPARISONS: dict[type[ast.cmpop], Callable[..., Value]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {
    "exp": (np.exp, 1, 1),
    "log": (np.log, 1, 1),
    "min": (lambda *parts: reduce(np.minimum, parts), 2, 8),
    "max": (lambda *parts: reduce(np.maximum, parts), 2, 8),
    "where": (np.where, 3, 3),
}
"""What can be called, with the least and the most that it takes. `log` is the natural logarithm."""
_ALLOWED = "write numbers, names, + - * / **, comparisons, and, or, not, if-else, exp, log, min, max and where"
_TOO_LONG = Sentence("the expression has {length:d} characters; write at most {most:d}")
_TOO_DEEP = Sentence("the expression is more than {most:d} levels deep; divide it under [let]")
_NO_EXPRESSION = Sentence(f"{{text}} is no expression; {_ALLOWED}")
_A_PART = Sentence("a part of it")
_NOT_ALLOWED = Sentence(f"{{part}} is not allowed here; {_ALLOWED}", part=ANY)
_TAKES = Sentence("{function} takes {count:d} values, not {given:d}")
_TAKES_FROM = Sentence("{function} takes {least:d} to {most:d} values, not {given:d}")
_TOO_LARGE = Sentence("a number is too large; write it with an exponent, below 1e308")


class ArithmeticTextError(ValueError):
    """An expression that is no arithmetic; says which part, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, ready to be computed.

    Attributes
    ----------
    text
        As written.
    names
        What it reads.
    """

    text: str
    names: frozenset[str]
    _step: _Step = field(repr=False, compare=False)

    def __call__(self, values: Mapping[str, Value]) -> Array:
        """The value, shaped as the arrays that it reads; what cannot be computed is not a number or infinite."""
        with np.errstate(all="ignore"):
            try:
                return np.asarray(self._step(values), dtype=np.float64)
            except (OverflowError, ZeroDivisionError):
                return np.asarray(np.nan)


def parse(text: str) -> Expression:
    """The expression that a text writes.

    Raises
    ------
    ArithmeticTextError
        If it is anything else than arithmetic.
    """
    if len(text) > LONGEST:
        raise ArithmeticTextError(_TOO_LONG(length=len(text), most=LONGEST))
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArithmeticTextError(_NO_EXPRESSION(text=repr(text))) from error
    names: set[str] = set()
    return Expression(text, *_finish(tree.body, names))


def _finish(node: ast.expr, names: set[str]) -> tuple[frozenset[str], _Step]:
    step = _compile(node, names, 0)
    return frozenset(names), step


def _compile(node: ast.expr, names: set[str], depth: int) -> _Step:
    if depth > DEEPEST:
        raise ArithmeticTextError(_TOO_DEEP(most=DEEPEST))

    def inside(part: ast.expr) -> _Step:
        return _compile(part, names, depth + 1)

    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return _number(number)
        case ast.Name(id=name):
            names.add(name)
            return lambda values: values[name]
        case ast.UnaryOp(op=ast.USub(), operand=part):
            minus = inside(part)
            return lambda values: -minus(values)
        case ast.UnaryOp(op=ast.UAdd(), operand=part):
            return inside(part)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            denied = inside(part)
            return lambda values: _truth(np.logical_not(denied(values)))
        case ast.BinOp(left=first, op=kind, right=second) if type(kind) in _BINARY:
            return _pair(_BINARY[type(kind)], inside(first), inside(second))
        case ast.Compare(left=first, ops=[kind], comparators=[second]) if type(kind) in _COMPARISONS:
            compared = _pair(_COMPARISONS[type(kind)], inside(first), inside(second))
            return lambda values: _truth(compared(values))
        case ast.BoolOp(op=ast.And(), values=parts):
            return _fold(np.logical_and, [inside(part) for part in parts])
        case ast.BoolOp(op=ast.Or(), values=parts):
            return _fold(np.logical_or, [inside(part) for part in parts])
        case ast.IfExp(test=test, body=body, orelse=other):
            return _call(np.where, [inside(test), inside(body), inside(other)])
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _FUNCTIONS:
            function, least, most = _FUNCTIONS[name]
            if not least <= len(parts) <= most:
                takes = _TAKES(function=name, count=least, given=len(parts)) if least == most else ""
                raise ArithmeticTextError(takes or _TAKES_FROM(function=name, least=least, most=most, given=len(parts)))
            return _call(function, [inside(part) for part in parts])
        case _:
            pass
    raise ArithmeticTextError(_NOT_ALLOWED(part=_written(node)))


def _written(node: ast.expr) -> str:
    try:
        return repr(ast.unparse(node))[:120]
    except RecursionError:
        return _A_PART()


def _truth(value: Value) -> Array:
    """1 where it holds and 0 where not, which can be added and multiplied like any number."""
    return np.asarray(value, dtype=np.float64)


def _number(number: float) -> _Step:
    try:
        value = float(number)
    except OverflowError as error:
        raise ArithmeticTextError(_TOO_LARGE()) from error
    return lambda _values: value


def _pair(function: Callable[..., Value], first: _Step, second: _Step) -> _Step:
    return lambda values: function(first(values), second(values))


def _fold(function: Callable[..., Value], parts: list[_Step]) -> _Step:
    return lambda values: _truth(reduce(function, [part(values) for part in parts]))


def _call(function: Callable[..., Value], parts: list[_Step]) -> _Step:
    return lambda values: function(*(part(values) for part in parts))

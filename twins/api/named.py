"""`ModelError`, and the check that names which names are known."""

import difflib
from collections.abc import Collection, Sequence
from enum import StrEnum
from numbers import Real
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = TypeVar("Kind", bound=StrEnum)


_LONG = 60
"""A value that takes more letters than this is told by its kind."""


class ModelError(ValueError):
    """A model that cannot be as described; names the argument, its value and the remedy."""


def needed(argument: str, value: object, kind: type, remedy: str) -> None:
    """Raise where an argument is of another kind, with what to give instead."""
    if not isinstance(value, kind) or (kind in (int, Real) and isinstance(value, bool)):
        said = repr(value)
        raise ModelError(f"{argument} is {said if len(said) <= _LONG else type(value).__name__}; {remedy}")


def number(argument: str, value: object) -> None:
    """Raise for what is no number at all; whether it is finite and positive its own place knows."""
    needed(argument, value, Real, "give a number")


def whole_seed(seed: object) -> None:
    """Raise for what is no seed."""
    needed("seed", seed, int, "give a whole number, 0 or more")
    if isinstance(seed, int) and seed < 0:
        raise ModelError(f"seed is {seed}; give a whole number, 0 or more")


def numbers(argument: str, values: ArrayLike) -> NDArray[np.float64]:
    """One number or many as an array without gaps; else ModelError."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"{argument} is {values!r}; give numbers") from None
    if not bool(np.isfinite(found).all()):
        raise ModelError(f"{argument} holds a number that is not finite; leave it out")
    return found


def refuse_others(argument: str, given: Collection[str], known: Sequence[str]) -> None:
    """Raise for the first name that is not among those known, with the nearest that is."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f"did you mean {near[0]!r}?" if near else "there is none to name"
            raise ModelError(f"{argument} names {name!r}, which is unknown here; {hint}")


def choice(kind: type[Kind], value: str, argument: str) -> Kind:
    """The member that `value` names, whatever its capitals; else ModelError with all there are."""
    for member in kind:
        if str(value).lower() == member.value.lower():
            return member
    near = difflib.get_close_matches(str(value).lower(), [member.value.lower() for member in kind], n=1)
    hint = f"did you mean {next(m.value for m in kind if m.value.lower() == near[0])!r}? " if near else ""
    raise ModelError(f"{argument} is {value!r}; {hint}give one of {', '.join(member.value for member in kind)}")

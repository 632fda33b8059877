"""`ModelError`, and the check that names which names are known."""

import difflib
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import TypeVar

Kind = TypeVar("Kind", bound=StrEnum)


class ModelError(ValueError):
    """A model that cannot be as described; names the argument, its value and the remedy."""


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

"""`ModelError`, and the check that names which names are known."""

import difflib
from collections.abc import Collection, Sequence


class ModelError(ValueError):
    """A model that cannot be as described; names the argument, its value and the remedy."""


def refuse_others(argument: str, given: Collection[str], known: Sequence[str]) -> None:
    """Raise for the first name that is not among those known, with the nearest that is."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f"did you mean {near[0]!r}?" if near else "there is none to name"
            raise ModelError(f"{argument} names {name!r}, which is unknown here; {hint}")

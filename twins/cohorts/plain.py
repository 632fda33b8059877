"""Numbers among plain data that anybody may have written."""

import math
from typing import Any


def number(value: Any) -> float | None:
    """A finite number, or None where it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def shown(value: Any) -> str:
    """How a mistake names the value."""
    return "missing" if value is None else f"is {value!r}"

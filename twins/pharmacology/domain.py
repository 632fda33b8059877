"""Which values an equation can take: checks that name the field, the value and the remedy."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class CovariateError(ValueError):
    """A covariate is missing or cannot be; names it, its value and the remedy."""


def positive(**fields: ArrayLike) -> list[Array]:
    """The fields as arrays of float64, all of whose values are positive and finite.

    Raises
    ------
    CovariateError
        Names the first value that is not.
    """
    return [_checked(name, values, above=0.0, remedy="give a positive number") for name, values in fields.items()]


def not_negative(**fields: ArrayLike) -> list[Array]:
    """As `positive`, but 0 is taken too."""
    return [_checked(name, values, least=0.0, remedy="give 0 or more") for name, values in fields.items()]


def within(low: float, high: float, **fields: ArrayLike) -> list[Array]:
    """As `positive`, for values from `low` to `high`, both taken."""
    remedy = f"give a value from {low:g} to {high:g}"
    return [_checked(name, values, least=low, most=high, remedy=remedy) for name, values in fields.items()]


def is_male(male: ArrayLike) -> NDArray[np.bool_]:
    """Where `male` is 1; it must be 1 or 0 everywhere."""
    values = _array("male", male, "give 1 for male or 0 for female")
    wrong = (values != 0.0) & (values != 1.0)
    if bool(np.any(wrong)):
        raise CovariateError(f"male is {_first(values, wrong):g}; give 1 for male or 0 for female")
    return np.asarray(values == 1.0)


def positive_result(found: Array, name: str, of: Array) -> Array:
    """What an equation gave, where it is positive; else the error names the largest value it was asked for."""
    if not bool(np.all(found > 0)):
        raise CovariateError(f"{name} is {float(np.max(of)):g}, which the equation was not made for; check the value")
    return np.asarray(found)


def _array(name: str, values: ArrayLike, remedy: str) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise CovariateError(f"{name} is {values!r}; {remedy}") from None


def _checked(
    name: str, values: ArrayLike, *, remedy: str, above: float = -np.inf, least: float = -np.inf, most: float = np.inf
) -> Array:
    found = _array(name, values, remedy)
    fine = np.isfinite(found) & (found > above) & (found >= least) & (found <= most)
    if not bool(np.all(fine)):
        raise CovariateError(f"{name} is {_first(found, ~fine):g}; {remedy}")
    return found


def _first(values: Array, where: NDArray[np.bool_]) -> Any:
    return np.atleast_1d(values)[np.atleast_1d(where)][0]

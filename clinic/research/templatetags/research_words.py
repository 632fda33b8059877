"""Numbers of a study in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django import template

from clinic.measures import numbers

if TYPE_CHECKING:
    from twins.cohorts.summarise import GroupExposure

register = template.Library()


@register.filter
def spread(quantiles: Sequence[float], digits: int) -> str:
    """Quantiles 5, 25, 50, 75 and 95 % as ``499 (238–1015)``."""
    low, _, middle, _, high = (numbers.fixed(value, digits) for value in quantiles)
    return f"{middle} ({low}–{high})"


@register.filter
def share(part: float, digits: int) -> str:
    """A fraction in percent, without the sign."""
    return numbers.fixed(part * 100, digits)


@register.filter
def by_group(rows: "Sequence[GroupExposure]") -> "list[GroupExposure]":
    """The rows of one group beside each other, the groups in their order."""
    order = list(dict.fromkeys(row.group for row in rows))
    return sorted(rows, key=lambda row: order.index(row.group))

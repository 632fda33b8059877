"""Stretches of time without a value where one was to be expected."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Gap:
    """No value in the open interval (from_h, to_h), hours since the course's start."""

    from_h: float
    to_h: float

    @property
    def hours(self) -> float:
        return self.to_h - self.from_h


def gaps(times_h: Iterable[float], *, start_h: float, until_h: float, allowed_h: float) -> tuple[Gap, ...]:
    """The stretches of [start_h, until_h] longer than `allowed_h` without a value.

    A channel without any value is one gap over the whole stretch. Times outside it are left
    out.
    """
    inside = sorted(time for time in times_h if start_h <= time <= until_h)
    edges = [start_h, *inside, until_h]
    return tuple(Gap(left, right) for left, right in pairwise(edges) if right - left > allowed_h)

"""Exposure of an output that the solver does not measure by itself: from a fine grid with a point at each event."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twins.forecasts.simulate import Pieces, Present, turns_of
from twins.pharmacology.regimen import Plan

Array = NDArray[np.float64]


def on_grid(
    present: Present,
    plan: Plan | None,
    output: int,
    edges_h: Array,
    threshold: float | None,
    upper: float | None,
    *,
    ends_only: bool = False,
) -> Pieces:
    """The pieces of output number `output` between ascending edges, from the course's end on.

    With `ends_only` the equations are not stopped between the edges: `at_end` alone has a meaning, the rest is 0.
    """
    if ends_only:
        last = present.follow(plan, edges_h, exposure=False).values[output][:, 1:]
        zero = np.zeros(last.shape)
        return Pieces(zero, zero, zero, np.ascontiguousarray(last), zero, zero)
    times = np.unique(np.concatenate((turns_of(present.course, plan, edges_h), edges_h)))
    values = present.follow(plan, times).values[output]
    middle = 0.5 * np.diff(times) * (values[:, 1:] + values[:, :-1])
    cuts = np.searchsorted(times, edges_h)
    pieces = [slice(int(first), int(last) + 1) for first, last in pairwise(cuts)]
    nothing = np.zeros((values.shape[0], edges_h.size - 1))
    return Pieces(
        auc=np.column_stack([summed(middle[:, piece.start : piece.stop - 1]) for piece in pieces]),
        highest=np.column_stack([values[:, piece].max(axis=1) for piece in pieces]),
        lowest=np.column_stack([values[:, piece].min(axis=1) for piece in pieces]),
        at_end=np.ascontiguousarray(values[:, cuts[1:]]),
        above_h=nothing if threshold is None else _hours_above(times, values, threshold, pieces),
        over_h=nothing if upper is None else _hours_above(times, values, upper, pieces),
    )


def summed(columns: Array) -> Array:
    """Sum of the columns, from the left: the same digits whatever the number of rows; shape (n,)."""
    total = np.zeros(columns.shape[0])
    for column in range(columns.shape[1]):
        total = total + columns[:, column]
    return total


def _hours_above(times: Array, values: Array, threshold: float, pieces: list[slice]) -> Array:
    """Hours above a threshold, each step's crossing on the straight line between its ends."""
    over = values - threshold
    left, right = over[:, :-1], over[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        rising = right / (right - left)
        falling = left / (left - right)
    share = np.where(left > 0, np.where(right > 0, 1.0, falling), np.where(right > 0, rising, 0.0))
    hours = np.diff(times) * share
    return np.column_stack([summed(hours[:, piece.start : piece.stop - 1]) for piece in pieces])

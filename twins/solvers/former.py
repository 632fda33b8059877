"""Until estimation and forecasts use timelines: intervals between events laid on one line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.quantities.dose import Dose
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intervals in order; arrays of one length unless said otherwise.

    Attributes
    ----------
    hours, rate_mg_per_h : ndarray
        Length and infusion rate of each interval.
    bolus_mg : ndarray
        Amount that enters the central compartment as the interval begins.
    epoch : ndarray of int
        Which set of parameters holds during the interval.
    output : ndarray of int
        Column of `times_h` that the interval's end is, or -1.
    output_epoch : ndarray of int
        Whose central volume the output is read with; differs from `epoch` where a covariate changes at that moment.
    times_h : ndarray
        The output times, ascending.
    """

    start_h: float
    hours: Array
    rate_mg_per_h: Array
    bolus_mg: Array
    epoch: NDArray[np.int64]
    output: NDArray[np.int64]
    output_epoch: NDArray[np.int64]
    times_h: Array


def build(
    doses: Sequence[Dose],
    epochs_h: Array,
    times_h: Array,
    *,
    start_h: float | None = None,
    rule: CarryRule = CarryRule.FORWARD,
) -> Schedule:
    """Lay doses, epochs and outputs on one line.

    Parameters
    ----------
    doses
        Infusions may overlap. What was given before `start_h` is left out, an infusion that is running then goes on.
    epochs_h : ndarray, shape (epochs,)
        Ascending times of the covariate records, one for each set of parameters. The first reaches back and the last
        forward without end.
    times_h : ndarray
        Output times, strictly ascending. Outputs before the first dose read the state as it was at the start.
    start_h : float, optional
        Where the schedule begins; the first event when left out.

    Raises
    ------
    ValueError
        If the output times or the epochs do not ascend, or an output lies before `start_h`.
    """
    times = np.asarray(times_h, dtype=np.float64)
    epochs = np.asarray(epochs_h, dtype=np.float64)
    if times.size and bool(np.any(np.diff(times) <= 0)):
        raise ValueError("times_h do not ascend strictly; sort them and drop duplicates")
    if epochs.size == 0 or bool(np.any(np.diff(epochs) <= 0)):
        raise ValueError("epochs_h must hold at least one time and ascend strictly")
    starts = np.array([dose.start_h for dose in doses], dtype=np.float64)
    ends = np.array([dose.end_h for dose in doses], dtype=np.float64)
    amounts = np.array([dose.amount_mg for dose in doses], dtype=np.float64)
    candidates = [values.min() for values in (starts, times) if values.size]
    begin = float(min(candidates, default=0.0)) if start_h is None else float(start_h)
    if times.size and times[0] < begin:
        raise ValueError(f"times_h begin at {times[0]} h, before start_h {begin} h; leave out the earlier times")
    finish = float(times[-1]) if times.size else begin

    lines = np.unique(np.concatenate(([begin, finish], times, starts, ends, epochs)))
    lines = lines[(lines >= begin) & (lines <= finish)]
    # An interval of no length at the start lets an output at the very first moment be read like any other.
    lines = np.concatenate(([begin], lines))
    left, right = lines[:-1], lines[1:]
    middle = 0.5 * (left + right)

    infused = ends > starts
    rates = np.zeros(starts.size)
    rates[infused] = amounts[infused] / (ends[infused] - starts[infused])
    running = (middle[:, None] > starts[None, :]) & (middle[:, None] < ends[None, :])
    rate = np.zeros(middle.size)
    for k in range(starts.size):  # added dose by dose, so that the sum's digits do not depend on blocking
        rate += np.where(running[:, k], rates[k], 0.0)
    bolus = np.zeros(middle.size)
    for dose in np.flatnonzero(~infused & (starts >= begin) & (starts < finish)):
        bolus[int(np.searchsorted(left[1:], starts[dose])) + 1] += amounts[dose]

    if rule is CarryRule.FORWARD:
        epoch = np.searchsorted(epochs, left, side="right") - 1
        output_epoch = np.searchsorted(epochs, right, side="right") - 1
    else:
        epoch = np.searchsorted(epochs, right, side="left")
        output_epoch = epoch
    output = np.full(middle.size, -1, dtype=np.int64)
    at = np.searchsorted(times, right)
    hit = at < times.size
    hit[hit] = times[at[hit]] == right[hit]
    # The zero-length first interval and the next one never end at the same line, so each output has one interval.
    output[hit] = at[hit]
    last = epochs.size - 1
    return Schedule(
        start_h=begin,
        hours=right - left,
        rate_mg_per_h=rate,
        bolus_mg=bolus,
        epoch=np.clip(epoch, 0, last).astype(np.int64),
        output=output,
        output_epoch=np.clip(output_epoch, 0, last).astype(np.int64),
        times_h=times,
    )

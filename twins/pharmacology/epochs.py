"""The moments at which what a model reads changes: chart records, occasions, dialysis, steps after the first dose."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.population import PopulationModel
from twins.quantities.dose import SteadyState
from twins.samples.course import Course
from twins.solvers.system import CarryRule

Array = NDArray[np.float64]

RAMP_H = 1e-6
"""Where parameters are interpolated, what jumps does so over 3.6 ms: long enough for a solver to see it as a ramp."""
_MOST = 100_000
"""More occasions than this come of a mistaken time."""


class EpochError(ValueError):
    """Times that occasions cannot be laid over; names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Epochs:
    """Arrays of one length; `times_h` as in `CovariateHistory`, the others hold in each epoch."""

    times_h: Array
    first_dose_h: float
    occasion: NDArray[np.int64]
    hours_since_first_dose: Array
    dialysis_l_per_h: Array


def lay_epochs(
    model: PopulationModel, course: Course, charted_h: Array, *, until_h: float, first_dose_h: float
) -> Epochs:
    """All epochs of a course, from the times of its chart records (ascending) and of all that jumps by itself.

    What jumps holds from its moment on under every carry rule: a dialysis session does not reach back to the record
    before it. A course that begins in steady state has had its first dose longer ago than any step of the model.
    """
    first = first_dose_h
    if course.doses:
        opening = course.doses[0]
        longest = max(model.steps_h, default=0.0)
        first = opening.start_h - (longest if opening.steady_state is not SteadyState.NO else 0.0)
    if not (model.steps_h or model.occasions or course.dialysis):
        return _charted(charted_h, first, course.carry)
    steps = first + np.array(sorted(model.steps_h))
    begins = _occasions(model, course, first, until_h)
    sessions = np.array([(s.start_h, s.end_h, s.clearance_l_per_h) for s in course.dialysis]).reshape(-1, 3)
    edges = np.unique(np.concatenate((steps, begins, sessions[:, 0], sessions[:, 1])))

    def jumping(from_h: Array) -> Array:
        """Occasion, dialysis and number of steps passed, just after each moment; shape (moments, 3)."""
        inside = (from_h[:, None] >= sessions[:, 0]) & (from_h[:, None] < sessions[:, 1])
        return np.column_stack(
            (
                np.searchsorted(begins, from_h, side="right"),
                np.where(inside, sessions[:, 2], 0.0).sum(axis=1),
                np.searchsorted(steps, from_h, side="right"),
            )
        )

    times, left = _lay(charted_h, edges, course.carry, jumping)
    held = jumping(left)
    occasion = held[:, 0].astype(np.int64)
    passed = held[:, 2].astype(np.int64)
    after = np.concatenate(([-np.inf], np.sort(model.steps_h)))
    before = np.concatenate((np.nextafter(np.sort(model.steps_h), -np.inf), [np.inf]))
    # Rounding of first + step must not put an epoch on the wrong side of the step.
    hours = np.clip(np.clip(left - first, after[passed], before[passed]), 0.0, None)
    return Epochs(times, first, occasion, hours, held[:, 1])


def _charted(charted_h: Array, first: float, carry: CarryRule) -> Epochs:
    """The epochs where nothing jumps by itself: those of the chart records."""
    times = charted_h if charted_h.size else np.zeros(1)
    left = times.copy()
    if carry is not CarryRule.INTERPOLATED:
        left[1:] = times[1:] if carry is CarryRule.FORWARD else times[:-1]
        left[0] = -np.inf
    hours = np.maximum(left - first, 0.0)
    return Epochs(times, first, np.zeros(times.size, dtype=np.int64), hours, np.zeros(times.size))


def _lay(charted: Array, edges: Array, carry: CarryRule, jumping: Callable[[Array], Array]) -> tuple[Array, Array]:
    """Times of the epochs, and the moment from which each one holds."""
    if carry is CarryRule.INTERPOLATED:
        times = np.unique(np.concatenate((charted, edges - RAMP_H, edges)))
        times = times if times.size else np.zeros(1)
        return times, times
    times = np.unique(np.concatenate((charted, edges)))
    if times.size == 0:
        times = np.zeros(1)
    never = np.array([-np.inf])
    if carry is CarryRule.FORWARD:
        if not np.array_equal(jumping(times[:1]), jumping(never)):  # the first epoch holds before its time, too
            times = np.concatenate((times[:1] - 1.0, times))
        left = np.concatenate((never, times[1:]))
        return times, left
    if not np.array_equal(jumping(times[-1:]), jumping(times[-2:-1] if times.size > 1 else never)):
        times = np.concatenate((times, times[-1:] + 1.0))  # the last epoch holds after its time, too
    return times, np.concatenate((never, times[:-1]))


def _occasions(model: PopulationModel, course: Course, first: float, until: float) -> Array:
    """When each occasion but the first begins: as the course names them, then every so often beyond its end."""
    if model.occasions is None:
        return np.zeros(0)
    every = model.occasions.every_h
    if not every > 0:
        raise EpochError(f"every_h of the occasions of {model.title} is {every}; give a positive number of hours")
    named = np.array(course.occasions_h, dtype=np.float64)
    origin = named[-1] if named.size else first
    if (until - origin) / every > _MOST:
        raise EpochError(f"until_h is {until:g}, {until - origin:g} h after the last occasion began; give a nearer end")
    later = origin + every * np.arange(1, max(int(np.ceil((until - origin) / every)), 1))
    if named.size:
        later = later[later >= course.until_h]
    return np.concatenate((named, later[later < until]))

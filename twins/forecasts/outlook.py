"""What one twin's outputs will be, or were: its posterior draws over time."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts.compare import CannotForecastError
from twins.forecasts.profiles import Profiles
from twins.forecasts.simulate import doses_of, profiles
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.samples.course import Course

Array = NDArray[np.float64]

MOST_TIMES = 100_000
"""House setting: a thousand draws at so many times are 0.8 GB."""


def forecast(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    plan: Plan | None = None,
    *,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    times_h: ArrayLike | None = None,
    with_residual: bool = False,
) -> Profiles:
    """Every output of the model for each posterior draw, over the time to come.

    Parameters
    ----------
    plan
        What is given from the course's end on; None: nothing more.
    horizon_h, step_h
        From the course's end; starts and ends of infusions are added to the grid.
    times_h
        Hours since the course's start instead, in the past or to come.
    with_residual
        Add the model's residual error, for intervals that a measurement should fall into.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    ValueError
        If there is no time to forecast for.
    """
    if fit.outcome is FitOutcome.CANNOT:
        raise CannotForecastError(fit.reason)
    times = _grid(course, plan, horizon_h, step_h) if times_h is None else np.unique(np.asarray(times_h, np.float64))
    if times.size == 0:
        raise ValueError("times_h is empty; give at least one time in hours since the course's start")
    values = profiles(model, course, fit.draws, plan, times, seed=fit.seed)
    return Profiles.of(model, times, values, seed=fit.seed, with_residual=with_residual)


def _grid(course: Course, plan: Plan | None, horizon_h: float, step_h: float) -> Array:
    if not (np.isfinite(horizon_h) and horizon_h > 0 and 0 < step_h <= horizon_h):
        raise ValueError(f"horizon_h is {horizon_h} and step_h {step_h}; give positive hours, the step not the longer")
    if horizon_h / step_h > MOST_TIMES:
        raise ValueError(
            f"horizon_h is {horizon_h:g} and step_h {step_h:g}; give a longer step, {MOST_TIMES} times at most"
        )
    now, end = course.until_h, course.until_h + horizon_h
    doses = doses_of(course, plan, end)
    turns = [time for dose in doses for time in (dose.start_h, dose.end_h) if now <= time <= end]
    even = now + step_h * np.arange(int(np.ceil(horizon_h / step_h)))
    return np.unique(np.concatenate((even, turns, [end])))

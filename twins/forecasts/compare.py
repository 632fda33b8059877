"""Two or more plans side by side on one twin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twins.estimation.averaging import Average
from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts import exposure
from twins.forecasts.explain import influences
from twins.forecasts.forecast import Attained, ComparisonResult, DayExposure, PastFit, PlanForecast
from twins.forecasts.simulate import AHEAD_H, Present, doses_of
from twins.forecasts.together import Together
from twins.forecasts.wording import sentence
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.quantities.sentence import Sentence
from twins.samples.course import Course

Array = NDArray[np.float64]

_PAST_POINTS = 400
"""A long course is drawn on a coarser grid, with the turns at each dose kept."""


_NO_PLANS = Sentence("plans is empty; give at least the current plan")
_HORIZON = Sentence("horizon_h is {horizon}; give at least {least:g} h, one day of exposure")
_STEP = Sentence("step_h is {step}; give a positive step of at most {most:g} h")


class CannotForecastError(ValueError):
    """There is no twin to forecast from; the message is the fit's reason."""


def compare(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    plans: Sequence[Plan],
    *,
    target: Target,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    also: Sequence[Target] = (),
    explained: bool = True,
) -> ComparisonResult:
    """Forecast each plan from the fit's posterior draws.

    Bands and probabilities are of the true concentration and exposure: residual error, which is of the measurement and
    the model, is not added. Covariates stay as they are last known; inter-occasion effects of the future are drawn from
    the fit's seed. The same course, fit and plans give the same result bit for bit.

    Parameters
    ----------
    plans
        The current plan first. Their doses from ``course.until_h`` on are given.
    horizon_h : float
        Length of the forecast, at least 24 h; whole days of it are tabulated.
    step_h : float
        Of the curves; starts and ends of infusions are added to the grid.
    also
        Further targets; how each plan lies to them is said beside the first.
    explained
        Whether the influences on the first plan are wanted. Each is a fit of its own, which takes nearly all of the
        time where the model's equations are stepped through.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    ValueError
        If there is no plan, or the horizon or the step cannot be.
    """
    if fit.outcome is FitOutcome.CANNOT:
        raise CannotForecastError(fit.reason)
    ahead = _ahead(plans, target, horizon_h, step_h, also)
    present = Present.reach(model, course, fit.draws, seed=fit.seed, ahead_h=ahead)
    return ComparisonResult(
        as_of_h=course.until_h,
        horizon_h=horizon_h,
        target=target,
        forecasts=tuple(_forecast(present, plan, target, horizon_h, step_h, also) for plan in plans),
        past=_past(present, step_h),
        influences=influences(model, course, fit, plans[0], target) if explained else (),
    )


def compare_together(
    average: Average,
    course: Course,
    plans: Sequence[Plan],
    *,
    target: Target,
    horizon_h: float = 72.0,
    step_h: float = 0.5,
    also: Sequence[Target] = (),
) -> ComparisonResult:
    """`compare` by several models at once, each with its weight's share of the draws.

    Bands and chances are of all draws together, so that where the models disagree the bands are wider than any one's.
    What moves the answer is not told: it differs from model to model.

    Raises
    ------
    CannotForecastError
        If no model has draws, with the reasons.
    ValueError
        As `compare`.
    """
    if not average.used:
        raise CannotForecastError(" ".join(average.sentences))
    ahead = _ahead(plans, target, horizon_h, step_h, also)
    together = Together.of(
        [
            Present.reach(member.model, course, member.draws, seed=member.fit.seed, ahead_h=ahead)
            for member in average.used
        ]
    )
    return ComparisonResult(
        as_of_h=course.until_h,
        horizon_h=horizon_h,
        target=target,
        forecasts=tuple(_forecast(together, plan, target, horizon_h, step_h, also) for plan in plans),
        past=_past(together, step_h),
        influences=(),
    )


def _ahead(plans: Sequence[Plan], target: Target, horizon_h: float, step_h: float, also: Sequence[Target]) -> float:
    """How far beyond the course's end the model is laid, after what was asked for was looked at."""
    if not plans:
        raise ValueError(_NO_PLANS())
    if not horizon_h >= exposure.DAY_H:
        raise ValueError(_HORIZON(horizon=horizon_h, least=exposure.DAY_H))
    if not 0 < step_h <= exposure.DAY_H:
        raise ValueError(_STEP(step=step_h, most=exposure.DAY_H))
    farthest = max((exposure.Window.of(plan, aim).to_h for plan in plans for aim in (target, *also)), default=0.0)
    return max(AHEAD_H, horizon_h, farthest)


def _forecast(
    present: Present, plan: Plan, target: Target, horizon_h: float, step_h: float, also: Sequence[Target]
) -> PlanForecast:
    now = present.course.until_h
    edges = now + exposure.DAY_H * np.arange(int(horizon_h // exposure.DAY_H) + 1)
    grid = np.append(now + step_h * np.arange(int(np.ceil(horizon_h / step_h))), now + horizon_h)
    turns = exposure.event_times(present, plan, now, now + horizon_h)
    times = np.unique(np.concatenate((grid, edges, turns)))
    run = present.follow(plan, times)
    table = exposure.days(present, run, times, plan, horizon_h, target)
    headline = exposure.over_window(present, plan, target)
    return PlanForecast(
        plan=plan,
        times_h=tuple(float(time) for time in times),
        quantiles=_plain(exposure.quantiles(run.concentration)),
        days=table,
        hours_to_target=_hours_to_target(table),
        sentence=sentence(exposure.Window.of(plan, target), headline, table, target),
        also=tuple(attained(present, plan, other) for other in also),
    )


def attained(present: Present, plan: Plan, target: Target) -> Attained:
    """How the draws lie to a target under a plan, over the window that its sentence would speak of."""
    window = exposure.Window.of(plan, target)
    found = exposure.over_window(present, plan, target, window)
    start, end = window.at(present.course.until_h)
    return Attained(target, start, end, exposure.band(found.values), found.p_in_target, found.p_above, found.p_below)


def _hours_to_target(table: Sequence[DayExposure]) -> float | None:
    reached = (number * exposure.DAY_H for number, day in enumerate(table, start=1) if day.p_in_target >= 0.5)
    return next(reached, None)


def _past(present: Present, step_h: float) -> PastFit:
    course = present.course
    given = doses_of(course, None, course.until_h)
    start = min(given[0].start_h if given else 0.0, course.until_h)
    step = max(step_h, (course.until_h - start) / _PAST_POINTS)
    grid = start + step * np.arange(int(np.ceil((course.until_h - start) / step)))
    turns = [time for dose in given for time in (dose.start_h, dose.end_h) if time <= course.until_h]
    times = np.unique(np.concatenate((grid, turns, [course.until_h])))
    return PastFit(tuple(float(time) for time in times), _plain(exposure.quantiles(present.look_back(times))))


def _plain(rows: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in rows)

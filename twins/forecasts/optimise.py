"""Practical regimens that most likely meet the target."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts import exposure
from twins.forecasts.compare import CannotForecastError
from twins.forecasts.exposure import DAY_H, Window
from twins.forecasts.simulate import Present
from twins.forecasts.wording import label
from twins.pharmacology.drug import Practice
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Target
from twins.samples.course import Course

_WORST_SHORTFALL = 0.25
"""A plan whose score is this much below the best one's is no alternative to it."""
_ODD_INTERVALS = (36.0, 72.0)
_ODD_PENALTY = 0.03
"""Intervals that shift the time of day are missed more easily: they must be better by this to be proposed."""
_LOADING_FROM = 0.7
"""A larger first dose is tried when the first day is this likely to stay below the target."""
_LOADING_GAIN = 0.15
"""And proposed when the first day's score gains this much by it."""
_HOLDS_H = (12.0, 24.0, 48.0)


@dataclass(frozen=True, slots=True)
class _Scored:
    plan: Plan
    score: float
    p_below_day_1: float


def propose(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    *,
    current: Plan | None,
    target: Target,
    practice: Practice,
    count: int = 3,
) -> tuple[Plan, ...]:
    """Up to `count` distinct plans, the best first, none of them the current one.

    Every amount and interval of the practice's grid is forecast from all posterior draws. A plan scores its probability
    in the target less its probability above it, averaged over the window that its sentence speaks of and the one after,
    so that a regimen that is right at first and accumulates does not win. The best of each interval comes first, then
    the next best of any. Where the levels are already above the target, waiting before the first dose is tried too;
    where they are far below, a larger first dose.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    """
    if fit.outcome is FitOutcome.CANNOT:
        raise CannotForecastError(fit.reason)
    present = Present.reach(model, course, fit.draws)
    scored = [_score(present, plan, target) for plan in _candidates(present, current, target, practice)]
    ranked = sorted(scored, key=lambda item: (-item.score, item.plan.label))
    ranked = [item for item in ranked if not _same(item.plan, current)]
    if not ranked:
        return ()
    loaded = _with_loading(present, ranked[0], target, practice)
    if loaded is not None:
        ranked.insert(0, loaded)
    worst = ranked[0].score - _WORST_SHORTFALL
    good = [item for item in ranked if item.score >= worst]
    firsts: dict[float, _Scored] = {}
    for item in good:
        firsts.setdefault(item.plan.regimen.interval_h if item.plan.regimen else math.inf, item)
    order = [*firsts.values(), *(item for item in good if item not in firsts.values())]
    return tuple(item.plan for item in order[:count])


def infusion_h(amount_mg: float, practice: Practice) -> float:
    """Length of an infusion: in half hours, at least one hour, no faster than the practice's rate."""
    return max(1.0, math.ceil(2.0 * amount_mg / practice.max_rate_mg_per_h - 1e-9) / 2.0)


def _candidates(present: Present, current: Plan | None, target: Target, practice: Practice) -> Iterator[Plan]:
    nothing = Plan("No further doses", None)
    yield nothing
    already_high = exposure.over_window(present, nothing, target, Window(0.0, DAY_H)).p_above > 0.5
    for interval in practice.intervals_h:
        start = _start(present.course, current, interval)
        for steps in range(1, int(practice.max_mg // practice.step_mg) + 1):
            amount = steps * practice.step_mg
            length = infusion_h(amount, practice)
            daily = amount * DAY_H / interval
            if amount < practice.min_mg or daily > practice.max_daily_mg or length > interval:
                continue
            regimen = Regimen(amount, interval, length, start)
            yield Plan(label(regimen), regimen)
            for hold in _HOLDS_H if already_high else ():
                held = Regimen(amount, interval, length, present.course.until_h + hold)
                if held.start_h > start:
                    yield Plan(label(held, hold), held)


def _start(course: Course, current: Plan | None, interval_h: float) -> float:
    """An interval after the last dose, but not in the past; without a dose, when the current plan begins."""
    given = [dose.start_h for dose in course.doses if dose.start_h <= course.until_h]
    if given:
        return max(course.until_h, given[-1] + interval_h)
    if current is not None and current.regimen is not None:
        return max(current.regimen.start_h, course.until_h)
    return course.until_h


def _score(present: Present, plan: Plan, target: Target) -> _Scored:
    window = Window.of(plan)
    length = window.to_h - window.from_h
    after = Window(window.to_h, window.to_h + length)
    one = exposure.over_window(present, plan, target, window)
    two = exposure.over_window(present, plan, target, after)
    first = exposure.over_window(present, plan, target, Window(0.0, DAY_H))
    odd = _ODD_PENALTY if plan.regimen is not None and plan.regimen.interval_h in _ODD_INTERVALS else 0.0
    score = 0.5 * (one.p_in_target - one.p_above + two.p_in_target - two.p_above) - odd
    return _Scored(plan, score, first.p_below)


def _with_loading(present: Present, best: _Scored, target: Target, practice: Practice) -> _Scored | None:
    """The best plan with a larger first dose, if that makes the first day clearly better and no later one worse."""
    regimen = best.plan.regimen
    if regimen is None or best.p_below_day_1 <= _LOADING_FROM:
        return None
    day = Window(0.0, DAY_H)
    plain = exposure.over_window(present, best.plan, target, day)
    gained = plain.p_in_target - plain.p_above + _LOADING_GAIN
    chosen = None
    for steps in range(int(regimen.amount_mg // practice.step_mg) + 1, int(practice.max_mg // practice.step_mg) + 1):
        amount = steps * practice.step_mg
        if regimen.duration_h * amount / regimen.amount_mg > regimen.interval_h:
            break
        loaded = Regimen(regimen.amount_mg, regimen.interval_h, regimen.duration_h, regimen.start_h, amount)
        plan = Plan(label(loaded), loaded)
        first = exposure.over_window(present, plan, target, day)
        scored = _score(present, plan, target)
        if first.p_in_target - first.p_above > gained and scored.score >= best.score - 0.05:
            gained = first.p_in_target - first.p_above
            chosen = scored
    return chosen


def _same(plan: Plan, current: Plan | None) -> bool:
    if current is None:
        return False
    one, other = plan.regimen, current.regimen
    if one is None or other is None:
        return one is other
    return (one.amount_mg, one.interval_h, one.loading_mg, one.start_h) == (
        other.amount_mg,
        other.interval_h,
        other.loading_mg,
        max(other.start_h, one.start_h),
    )

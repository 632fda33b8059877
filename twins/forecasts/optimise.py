"""Practical regimens that most likely meet the target."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts import exposure
from twins.forecasts.bounds import bound_by, held_by
from twins.forecasts.compare import CannotForecastError
from twins.forecasts.exposure import DAY_H, Window
from twins.forecasts.limits import Limits
from twins.forecasts.proposal import Proposal, Proposals
from twins.forecasts.score import Scored, Search, score_of, worth_of
from twins.forecasts.settling import settled_by
from twins.forecasts.simulate import AHEAD_H, Present
from twins.forecasts.wording import label
from twins.pharmacology.drug import Practice
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Target
from twins.quantities.dose import Route
from twins.samples.course import Course
from twins.solvers.system import Equations

_WORST_SHORTFALL = 0.25
"""A plan whose score is this much below the best one's is no alternative to it."""
_LOADING_FROM = 0.7
"""A larger first dose is tried when the first day is this likely to stay below the target."""
_LOADING_GAIN = 0.15
"""And proposed when the first day's score gains this much by it."""
_LATER_HARM = 0.05
"""Where a slow drug has settled, a larger first dose may add at most so much to the chance above the target."""
_HOLDS_H = (12.0, 24.0, 48.0)
_COARSE = 100
"""Draws that a first look at every plan takes where the equations are stepped through; the best are looked at again."""
_LOOKED_AGAIN = 6


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
    """`optimise` within a drug's practice, the plans alone."""
    limits = Limits.of(practice, route=way_in(model, course, current))
    search = _search(model, course, fit, current=current, target=target, limits=limits)
    return tuple(item.plan for item in _best(search, count))


def optimise(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    *,
    target: Target,
    limits: Limits,
    current: Plan | None = None,
    count: int = 3,
    horizon_h: float | None = None,
) -> Proposals:
    """Up to `count` distinct plans, the best first, none of them the current one.

    Every amount, interval and length of infusion that the limits allow is forecast from all posterior draws. A plan
    scores its probability in the target less its probability above it, averaged over the window that its sentence
    speaks of and the one after, so that a regimen that is right at first and accumulates does not win; where the target
    has no upper limit, less drug wins once the chance is enough. The best of each interval comes first, then the next
    best of any. Where the levels are already above the target, waiting before the first dose is tried too; where they
    are far below, a larger first dose. The same course, fit and limits give the same proposals.

    A drug that accumulates or acts for longer than that is judged again where the regimen has settled
    (`twins.forecasts.settling`): its chance in the target there counts as much as that of the first two windows
    together, and the harm is the greater of the two. No further doses are then judged there alone, since what lingers
    is not their merit. A target that holds at one time only cannot be served so and is judged at that time: an area
    over its own window (one course of busulfan or methotrexate), an effect within hours (an induction). A goal that
    changes with time, such as a higher trough in the first weeks, is to be asked for phase by phase.

    Where the model's equations are stepped through, every plan is first scored by 100 draws, evenly taken; the best six
    and what is proposed by all of them.

    Parameters
    ----------
    limits
        What can be given; ``Limits.of(practice)`` of a drug.
    current
        The plan in force, which says when the next dose is due.
    horizon_h
        Hours from the course's end by which a plan is taken to have settled; computed from the model where left out.
        Up to the end of the second window it makes no difference.

    Raises
    ------
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    ValueError
        If the horizon is not a positive number.
    """
    if horizon_h is not None and not (math.isfinite(horizon_h) and horizon_h > 0):
        raise ValueError(f"horizon_h is {horizon_h}; give a positive number of hours, or leave it out")
    search = _search(model, course, fit, current=current, target=target, limits=limits, horizon_h=horizon_h)
    return Proposals(
        Proposal(
            plan=item.plan,
            target=target,
            score=item.score,
            p_in_target=item.headline.p_in_target,
            p_above=item.headline.p_above,
            p_below=item.headline.p_below,
            bound_by=bound_by(search, item),
            held_by=held_by(search, item),
            settled_from_h=item.window.from_h,
            settled_to_h=item.window.to_h,
            settled_p_in_target=item.settled.p_in_target,
            settled_p_above=item.settled.p_above,
            settled_p_below=item.settled.p_below,
        )
        for item in _best(search, count)
    )


def way_in(model: PopulationModel, course: Course, current: Plan | None = None) -> Route:
    """How the next doses go in: as those of the current plan, else as the last dose given.

    Before any dose by mouth, where the model knows that way, else as it takes them.
    """
    if current is not None and current.regimen is not None:
        return current.regimen.route
    if course.doses:
        return course.doses[-1].route
    known = [route for route in (Route.ORAL, *Route) if route.value in model.system.inputs]
    return known[0] if known else Route.INTRAVENOUS


def _search(
    model: PopulationModel, course: Course, fit: Fit, *, current: Plan | None, target: Target, limits: Limits,
    horizon_h: float | None = None,
) -> Search:  # fmt: skip
    if fit.outcome is FitOutcome.CANNOT:
        raise CannotForecastError(fit.reason)
    longest = max(DAY_H, *limits.intervals_h)
    ahead = max(AHEAD_H, DAY_H + 2.0 * longest, target.window_h + DAY_H)
    settled = horizon_h
    if settled is None:
        starts = _start(course, current, min(limits.intervals_h))
        settled = settled_by(model, course, fit, target=target, limits=limits, starts_h=starts)
    if settled is not None:
        # A plan's window ends within one interval of it.
        ahead = max(ahead, settled + longest)
    present = Present.reach(model, course, fit.draws, seed=fit.seed, ahead_h=ahead)
    return Search(present, current, target, limits, settled, _coarser(present))


def _coarser(present: Present) -> Present | None:
    rows = present.parameters.shape[0]
    if not isinstance(present.model.system.equations, Equations) or rows <= _COARSE:
        return None
    some = (np.arange(_COARSE) * rows) // _COARSE
    state = None if present.state is None else np.ascontiguousarray(present.state[some])
    return replace(present, parameters=np.ascontiguousarray(present.parameters[some]), state=state)


def _best(search: Search, count: int) -> list[Scored]:
    scored = [score_of(search, plan) for plan in _candidates(search)]
    ranked = sorted(scored, key=lambda item: _rank(item, search.target))
    ranked = [item for item in ranked if not _same(item.plan, search.current)]
    if not ranked:
        return []
    fine = search
    if search.coarse is not None:
        few = [item.plan for item in ranked[: max(count, _LOOKED_AGAIN)]]
        fine = replace(search, coarse=None)
        ranked = sorted((score_of(fine, plan) for plan in few), key=lambda item: _rank(item, search.target))
    loaded = _with_loading(search, ranked[0] if fine is search else score_of(search, ranked[0].plan))
    if loaded is not None:
        ranked.insert(0, loaded if fine is search else score_of(fine, loaded.plan))
    worst = ranked[0].score - _WORST_SHORTFALL
    good = [item for item in ranked if item.score >= worst]
    firsts: dict[float, Scored] = {}
    for item in good:
        firsts.setdefault(item.plan.regimen.interval_h if item.plan.regimen else math.inf, item)
    order = [*firsts.values(), *(item for item in good if item not in firsts.values())]
    return order[:count]


def _rank(item: Scored, target: Target) -> tuple[float, float, str]:
    daily = item.plan.regimen.daily_mg if item.plan.regimen else 0.0
    return -item.score, 0.0 if target.has_limit else daily, item.plan.label


def _candidates(search: Search) -> Iterator[Plan]:
    present, limits = search.present, search.limits
    nothing = Plan("No further doses", None)
    yield nothing
    already_high = (
        exposure.over_window(search.coarse or present, nothing, search.target, Window(0.0, DAY_H)).p_above > 0.5
    )
    for interval in limits.intervals_h:
        start = _start(present.course, search.current, interval)
        for amount in limits.amounts_mg:
            for length in limits.lengths(amount, interval):
                if limits.refusal(amount, interval, length):
                    continue
                regimen = Regimen(amount, interval, length, start, route=limits.route)
                yield _plan(search, regimen)
                for hold in _HOLDS_H if already_high else ():
                    held = Regimen(amount, interval, length, present.course.until_h + hold, route=limits.route)
                    if held.start_h > start:
                        yield _plan(search, held, hold)


def _plan(search: Search, regimen: Regimen, hold_h: float = 0.0) -> Plan:
    """With the length of infusion in its label where several are tried."""
    words = label(regimen, hold_h)
    if search.limits.lengths_h and not regimen.continuous:
        words += f" over {regimen.duration_h:g} h"
    return Plan(words, regimen)


def _start(course: Course, current: Plan | None, interval_h: float) -> float:
    """An interval after the last dose, but not in the past; without a dose, when the current plan begins."""
    given = [dose.start_h for dose in course.doses if dose.start_h <= course.until_h]
    if given:
        return max(course.until_h, given[-1] + interval_h)
    if current is not None and current.regimen is not None:
        return max(current.regimen.start_h, course.until_h)
    return course.until_h


def _with_loading(search: Search, best: Scored) -> Scored | None:
    """The best plan with a larger first dose, if that makes the first day clearly better and no later one worse."""
    regimen = best.plan.regimen
    if regimen is None or best.first_day.p_below <= _LOADING_FROM:
        return None
    gained = worth_of(best.first_day, search.target) + _LOADING_GAIN
    chosen = None
    for amount in search.limits.amounts_mg:
        if amount <= regimen.amount_mg:
            continue
        length = search.limits.shortest(amount) if regimen.continuous else None
        if (length or regimen.duration_h * amount / regimen.amount_mg) > regimen.interval_h:
            break
        loaded = Regimen(
            regimen.amount_mg,
            regimen.interval_h,
            regimen.duration_h,
            regimen.start_h,
            amount,
            regimen.route,
            length,
        )
        scored = score_of(search, _plan(search, loaded))
        worth = worth_of(scored.first_day, search.target)
        harmless = search.settled_by_h is None or scored.settled.p_above <= best.settled.p_above + _LATER_HARM
        if worth > gained and scored.score >= best.score - 0.05 and harmless:
            gained = worth
            chosen = scored
    return chosen


def _same(plan: Plan, current: Plan | None) -> bool:
    if current is None:
        return False
    one, other = plan.regimen, current.regimen
    if one is None or other is None:
        return one is other
    return (one.amount_mg, one.interval_h, one.loading_mg, one.start_h, one.route) == (
        other.amount_mg,
        other.interval_h,
        other.loading_mg,
        max(other.start_h, one.start_h),
        other.route,
    )

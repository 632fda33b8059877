"""How good a plan is: its chance in the target less its chance of harm, over the windows that count."""

from dataclasses import dataclass

from twins.forecasts import exposure
from twins.forecasts.exposure import DAY_H, Attainment, Window
from twins.forecasts.limits import Limits
from twins.forecasts.settling import window_by
from twins.forecasts.simulate import Present
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Metric, Target

_ODD_INTERVALS = (36.0, 72.0)
_ODD_PENALTY = 0.03
"""Intervals that shift the time of day are missed more easily: they must be better by this to be proposed."""
_ENOUGH = 0.9
"""Of a target without an upper limit, as is customary for fT>MIC: beyond this chance less drug is better than more."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A plan and how it lies to the target: on the first day, in its sentence's window, and where it has settled."""

    plan: Plan
    score: float
    first_day: Attainment
    headline: Attainment
    settled: Attainment
    window: Window


@dataclass(frozen=True, slots=True)
class Search:
    """What plans are scored by; `coarse` holds fewer draws for a first look at every plan."""

    present: Present
    current: Plan | None
    target: Target
    limits: Limits
    settled_by_h: float | None = None
    coarse: Present | None = None


def score_of(search: Search, plan: Plan) -> Scored:
    """Chance in the target less the chance above it, over the windows that `optimise` tells of."""
    target = search.target
    window = Window.of(plan, target)
    second = _after(window, target)
    later = window_by(search.settled_by_h, second, target)
    windows = [Window(0.0, DAY_H), window, second]
    if later != second:
        windows.append(later)
    first, one, two, *more = exposure.over_windows(search.coarse or search.present, plan, target, windows)
    odd = _ODD_PENALTY if plan.regimen is not None and plan.regimen.interval_h in _ODD_INTERVALS else 0.0
    score = 0.5 * (worth_of(one, target) + worth_of(two, target))
    if search.settled_by_h is not None and more:
        score = _settled_worth(plan, one, two, more[0], target)
    return Scored(plan, score - odd, first, one, more[0] if more else two, later)


def _settled_worth(plan: Plan, one: Attainment, two: Attainment, settled: Attainment, target: Target) -> float:
    """Half for the first two windows and half for the settled one, less the greater harm."""
    counted = (settled, settled) if plan.regimen is None else (one, two)
    inside = [each.p_in_target for each in counted]
    if not target.has_limit:
        lots = [min(share, _ENOUGH) for share in (*inside, settled.p_in_target)]
        return 0.25 * (lots[0] + lots[1]) + 0.5 * lots[2]
    harm = max(0.5 * (one.p_above + two.p_above), settled.p_above)
    return 0.25 * (inside[0] + inside[1]) + 0.5 * settled.p_in_target - harm


def _after(window: Window, target: Target) -> Window:
    """The window that follows; an area over a window of its own has none."""
    if target.metric is Metric.AUC:
        return window
    return Window(window.to_h, window.to_h + window.to_h - window.from_h)


def worth_of(found: Attainment, target: Target) -> float:
    """Of one window."""
    if target.has_limit:
        return found.p_in_target - found.p_above
    return min(found.p_in_target, _ENOUGH)

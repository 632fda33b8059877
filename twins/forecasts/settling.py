"""When a repeated regimen has settled: from there on its exposure is no longer on the way to another."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twins.estimation.fit import Fit
from twins.forecasts.exposure import DAY_H, Window
from twins.forecasts.limits import Limits
from twins.forecasts.metrics import measured
from twins.forecasts.simulate import Present
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target
from twins.samples.course import Course
from twins.solvers.system import Equations

_FAST = 0.75
"""House setting: a regimen that has reached this share of what it comes to by its second window is judged there."""
_SETTLED = 0.95
"""House setting: where this share is reached, and kept, a regimen has settled."""
_LOOKED_AT = 40
"""Draws that are asked when they settle, evenly taken."""
_MOST = 0.9
"""House setting: the window lies where so many of them have settled, since harm comes from those that settle late."""
_MOST_WINDOWS = 8
_MOST_H = 42.0 * DAY_H
"""How far it is looked for: six weeks, or eight intervals where these are longer."""
_TRIED = 6
"""Amounts of which the one that ends nearest to the target is looked at, where equations are not linear."""


def settled_by(
    model: PopulationModel, course: Course, fit: Fit, *, target: Target, limits: Limits, starts_h: float
) -> float | None:
    """Hours from the course's end until a regimen that begins at `starts_h` has settled; None: by its second window.

    The fit's mode and some of its draws are carried through the shortest interval's regimen and through no further
    doses: what the regimen adds to the exposure (to the effect, where the target is of one), as a share of what it adds
    in the end, tells how far it has come, whatever was given before. The mode says whether a later window is needed,
    the slower draws where it lies. Where the equations are not linear that depends on the amount, and the
    one that ends nearest to the target is taken. Always None of a target whose time is its own: an area over its own
    window, or an effect within less than a day.
    """
    if not judged_later(target):
        return None
    interval = min(limits.intervals_h)
    length = max(DAY_H, interval)
    # An interval that does not divide a day is looked at over whole intervals, or its windows differ in their doses.
    length = interval * math.ceil(length / interval - 1e-9)
    count = math.ceil(max(_MOST_H, _MOST_WINDOWS * length) / length)
    some = (np.arange(min(_LOOKED_AT, fit.draws.shape[0])) * fit.draws.shape[0]) // _LOOKED_AT
    rows = np.vstack((np.atleast_2d(fit.eta), fit.draws[np.unique(some)]))
    present = Present.reach(model, course, rows, ahead_h=starts_h - course.until_h + count * length)
    windows = [(starts_h + k * length, starts_h + (k + 1) * length) for k in range(count)]
    plans = [_repeated(limits, amount, interval, starts_h) for amount in _amounts(model, limits)]
    plan = plans[0] if len(plans) == 1 else min(plans, key=lambda one: _distance(present, one, target, windows[-1]))
    first = target.output in ("", model.system.outputs[0].name)
    aim = replace(target, metric=Metric.AVERAGE if first else Metric.EFFECT, unbound=1.0)
    added = measured(present, plan, aim, windows).each - measured(present, None, aim, windows).each
    added = added[np.abs(added[:, -1]) > 0.0]
    if not added.shape[0]:
        return None
    away = np.abs(1.0 - added / added[:, -1:])
    if away[0, min(2, count - 1)] <= 1.0 - _FAST:
        return None
    # The last window is never away from itself: what has not settled by then is judged there.
    settled = count - np.argmax(away[:, ::-1] > 1.0 - _SETTLED, axis=1)
    settled = np.sort(np.where(np.any(away > 1.0 - _SETTLED, axis=1), settled, 0))
    last = min(int(settled[math.ceil(_MOST * settled.size) - 1]), count - 1)
    return starts_h - course.until_h + (last + 1) * length


def judged_later(target: Target) -> bool:
    """Whether a window later than the target's own has a meaning."""
    return target.metric is not Metric.AUC and not (target.metric is Metric.EFFECT and target.window_h < DAY_H)


def window_by(until_h: float | None, second: Window, target: Target) -> Window:
    """The window as long as `second`, whole windows after it, that ends at `until_h` or next before or after it.

    `second` itself where it is late enough, or nothing later has a meaning.
    """
    if until_h is None or not judged_later(target):
        return second
    length = second.to_h - second.from_h
    later = math.ceil((until_h - second.to_h) / length - 1e-9)
    return second if later <= 0 else Window(second.from_h + later * length, second.to_h + later * length)


def _amounts(model: PopulationModel, limits: Limits) -> Sequence[float]:
    amounts = limits.amounts_mg
    if not isinstance(model.system.equations, Equations):
        return amounts[len(amounts) // 2 :][:1]
    places = np.unique(np.round(np.geomspace(1, len(amounts), _TRIED)).astype(int) - 1)
    return [amounts[place] for place in places]


def _repeated(limits: Limits, amount_mg: float, interval_h: float, start_h: float) -> Plan:
    length = min(limits.shortest(amount_mg), interval_h)
    return Plan("", Regimen(amount_mg, interval_h, length, start_h, route=limits.route))


def _distance(present: Present, plan: Plan, target: Target, window: tuple[float, float]) -> float:
    value = float(measured(present, plan, target, [window]).each[0, 0])  # of the mode
    if not value > 0.0:
        return math.inf
    low = target.low if target.low > 0 else 0.5 * target.high
    high = target.high if target.has_limit else low
    return abs(math.log(value / math.sqrt(low * high))) if low > 0 else abs(value)

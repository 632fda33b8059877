"""Work back from a target: which dose, interval, rate or time leads to a value that is asked for.

Each answer is the root of a curve that rises or falls throughout: found on the solution itself, not on a grid. Over the
posterior draws the answer has a spread of its own; since the curves of all draws go the same way, the share q of the
draws whose answer lies below x is the share whose curve has passed the target at x, so the quantile of the answers is
the root of the quantile of the curves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from twins.estimation.fit import Fit, FitOutcome
from twins.forecasts.compare import CannotForecastError
from twins.forecasts.simulate import Present, doses_of
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.dose import Dose, Route, SteadyState
from twins.quantities.unit import readable
from twins.samples.course import Course
from twins.solvers.solve import solve
from twins.solvers.timeline import Timeline, tabulate

Array = NDArray[np.float64]
Curve = Callable[[Present, float], Array]
"""A number for each row of a twin, at a dose, rate, interval or time."""

_EDGES = (0.05, 0.95)
_FARTHER = 1.5
_MOST_DOUBLINGS = 60
_DAYS = 24.0
_LONGEST_H = 60 * _DAYS
"""Beyond two months no concentration is waited for."""
_LOOKS = 400
"""Where a curve is looked at before the last crossing is closed in on; absorption may still raise it at first."""


class BackwardsError(ValueError):
    """A value that no dose, interval or time leads to; says what is in its way."""


@dataclass(frozen=True, slots=True)
class Solved:
    """An answer: at the fit's mode, and 5 and 95 % over its draws (None where there are none).

    `words` say it as a sentence.
    """

    value: float
    unit: str
    low: float | None
    high: float | None
    words: str


def dose_for_auc(
    model: PopulationModel, course: Course, fit: Fit, *, auc: float, from_h: float, to_h: float, regimen: Regimen
) -> Solved:
    """The amount of `regimen` that gives this area under the first output's curve over [from_h, to_h).

    Parameters
    ----------
    auc
        In the output's unit times h; what was given before counts, too.
    from_h, to_h
        Hours since the course's start, from its end on.
    regimen
        What is repeated; its own amount is where the search begins, and a loading dose keeps its proportion to it. A
        single dose is a regimen whose interval ends after `to_h`.

    Raises
    ------
    BackwardsError
        If what was given already leads to more.
    CannotForecastError
        If the fit's outcome is `FitOutcome.CANNOT`.
    """
    _positive("auc", auc)

    def curve(present: Present, amount: float) -> Array:
        plan = Plan("", _scaled(regimen, amount)) if amount else None
        return present.measure(plan, np.array([from_h, to_h])).auc[:, 0]

    search = _Search(model, course, fit, curve, auc, "mg", ahead_h=max(to_h - course.until_h, 1.0))
    return _dose(search, regimen.amount_mg, f"AUC from {from_h:g} to {to_h:g} h")


def dose_for_concentration(
    model: PopulationModel, course: Course, fit: Fit, *, concentration: float, at_h: float, regimen: Regimen
) -> Solved:
    """The amount of `regimen` that gives this value of the first output at `at_h`, just before a dose due then.

    See `dose_for_auc`.
    """
    _positive("concentration", concentration)

    def curve(present: Present, amount: float) -> Array:
        plan = Plan("", _scaled(regimen, amount)) if amount else None
        return present.follow(plan, np.array([at_h])).concentration[:, 0]

    search = _Search(model, course, fit, curve, concentration, "mg", ahead_h=max(at_h - course.until_h, 1.0))
    return _dose(search, regimen.amount_mg, f"concentration at {at_h:g} h")


def interval_for_trough(
    model: PopulationModel,
    course: Course,
    fit: Fit,
    *,
    trough: float,
    amount_mg: float,
    duration_h: float = 0.0,
    route: Route = Route.INTRAVENOUS,
) -> Solved:
    """The interval at which this dose, at steady state, has fallen to `trough` when the next is due.

    Parameters are those at the course's end.

    Raises
    ------
    BackwardsError
        If no interval from the infusion's length to two months does.
    """
    _positive("trough", trough)
    least = max(duration_h, 1.0)

    def curve(present: Present, interval: float) -> Array:
        dose = Dose(0.0, amount_mg, duration_h, route, interval_h=interval, steady_state=SteadyState.REPLACES)
        return _steady(present, dose, interval)

    search = _Search(model, course, fit, curve, trough, "h", "every", rising=False, within=(least, _LONGEST_H))
    if not search.at_mode(least) > trough:
        raise BackwardsError(
            f"even every {least:g} h {amount_mg:g} mg leave a trough below {trough:g}; give a larger dose"
        )
    return search.answer(least, _LONGEST_H)


def time_to_fall_to(model: PopulationModel, course: Course, fit: Fit, *, concentration: float) -> Solved:
    """Hours from the start of the last dose given until the first output has fallen to this value, nothing more given.

    Raises
    ------
    BackwardsError
        If nothing was given, or the value is never reached from above.
    """
    _positive("concentration", concentration)
    given = doses_of(course, None, course.until_h)
    if not given:
        raise BackwardsError("nothing was given, so there is nothing to fall; wait for a first dose")
    last = max(given, key=lambda dose: dose.start_h + dose.additional * dose.interval_h)
    start = last.start_h + last.additional * last.interval_h
    early = replace(course, until_h=start)

    def curve(present: Present, hours: float) -> Array:
        return present.follow(None, np.array([start + hours])).concentration[:, 0]

    within = (last.duration_h, _LONGEST_H)
    search = _Search(model, early, fit, curve, concentration, "h", "reached after", rising=False, within=within)
    looks = last.duration_h + np.concatenate(([0.0], np.geomspace(0.01, _LONGEST_H - last.duration_h - 1.0, _LOOKS)))
    values = search.mode.follow(None, start + looks).concentration[0]
    above = np.flatnonzero(values > concentration)
    if above.size == 0:
        raise BackwardsError(f"the concentration does not rise above {concentration:g} after the last dose")
    return search.answer(float(looks[above[-1]]), _LONGEST_H)


def rate_for_steady_state(model: PopulationModel, course: Course, fit: Fit, *, concentration: float) -> Solved:
    """The rate of a continuous infusion, mg/h, that holds the first output at this value.

    Parameters are those at the course's end. See `dose_for_auc` for what is raised.
    """
    _positive("concentration", concentration)

    def curve(present: Present, rate: float) -> Array:
        dose = Dose(0.0, _DAYS * rate, _DAYS, interval_h=_DAYS, steady_state=SteadyState.REPLACES)
        return _steady(present, dose, _DAYS)

    search = _Search(model, course, fit, curve, concentration, "mg/h")
    return search.answer(*_rising(search.at_mode, concentration, 1.0))


def _dose(search: "_Search", first_mg: float, what: str) -> Solved:
    already = search.at_mode(0.0)
    if already >= search.aim:
        raise BackwardsError(
            f"what was given already leads to an {what} of {already:.4g}, not below the {search.aim:g} asked for; "
            "give nothing more, or ask for a later time"
        )
    return search.answer(*_rising(search.at_mode, search.aim, first_mg))


@dataclass(frozen=True, slots=True)
class _Search:
    """A curve and the value that it is to take."""

    model: PopulationModel
    course: Course
    fit: Fit
    curve: Curve
    aim: float
    unit: str
    what: str = ""
    rising: bool = True
    within: tuple[float, float] = (0.0, math.inf)
    ahead_h: float = _LONGEST_H
    mode: Present = field(init=False)

    def __post_init__(self) -> None:
        if self.fit.outcome is FitOutcome.CANNOT:
            raise CannotForecastError(self.fit.reason)
        # The point forecast, whose future occasions are as typical.
        point = Present.reach(self.model, self.course, self.fit.eta, ahead_h=self.ahead_h)
        object.__setattr__(self, "mode", point)

    def at_mode(self, x: float) -> float:
        return float(self.curve(self.mode, x)[0])

    def answer(self, below: float, above: float) -> Solved:
        """The root at the mode, between two places on either side of it, and of the quantiles of the draws."""
        value = _root(lambda x: self.at_mode(x) - self.aim, below, above)
        low = high = None
        if self.fit.draws.shape[0] > 1:
            draws = Present.reach(self.model, self.course, self.fit.draws, seed=self.fit.seed, ahead_h=self.ahead_h)
            low, high = (self._edge(draws, share, value) for share in _EDGES)
        words = f"{self.what} {value:.4g} {readable(self.unit)}".strip()
        if low is not None and high is not None:
            words += f" (90 % of the draws: {low:.4g} to {high:.4g})"
        return Solved(value, self.unit, low, high, words)

    def _edge(self, draws: Present, share: float, value: float) -> float | None:
        """The root of a quantile of the curves, near `value`; None where there is none within reach."""
        # Of a rising curve the answer is low where the curve is high.
        quantile = 1.0 - share if self.rising else share

        def gap(x: float) -> float:
            return float(np.quantile(self.curve(draws, x), quantile)) - self.aim

        here = gap(value)
        factor = _FARTHER if (here < 0.0) == self.rising else 1.0 / _FARTHER
        near = value
        for _ in range(_MOST_DOUBLINGS):
            far = min(max(near * factor, self.within[0]), self.within[1])
            if far == near:
                return None
            if gap(far) * here <= 0.0:
                return _root(gap, min(near, far), max(near, far))
            near = far
        return None


def _steady(present: Present, dose: Dose, at_h: float) -> Array:
    """The first output of each row `at_h` hours after a steady-state dose, with the parameters at the course's end."""
    now = int(np.searchsorted(present.chart.times_h, present.course.until_h, side="right")) - 1
    rows = np.ascontiguousarray(present.parameters[:, [max(now, 0)]])
    system = present.model.system
    run = solve(system, rows, Timeline(tabulate(system, [dose]), np.zeros(1), np.array([at_h]), start_h=0.0))
    # More than can be eliminated accumulates without end.
    return np.where(run.failed == 0, run.concentration[:, 0], np.inf)


def _scaled(regimen: Regimen, amount_mg: float) -> Regimen:
    loading = None if regimen.loading_mg is None else regimen.loading_mg * amount_mg / regimen.amount_mg
    return replace(regimen, amount_mg=amount_mg, loading_mg=loading)


def _rising(curve: Callable[[float], float], aim: float, first: float) -> tuple[float, float]:
    """Where a rising curve is below and above the aim, by halving and doubling."""
    low = high = first
    for _ in range(_MOST_DOUBLINGS):
        if curve(low) < aim:
            break
        low *= 0.5
    for _ in range(_MOST_DOUBLINGS):
        if curve(high) > aim:
            return low, high
        high *= 2.0
    raise BackwardsError(
        f"no amount leads to {aim:g}: nothing of the doses is there at that time; ask for another time"
    )


def _root(gap: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(gap, low, high, xtol=1e-12, rtol=1e-13))


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise BackwardsError(f"{name} is {value}; give a positive number")

"""What one twin, or many draws of it, have in the body over a course and the plan that follows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.covariates import CovariateHistory, history
from twins.pharmacology.individual import Individual
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.quantities.dose import Dose
from twins.quantities.sentence import ANY, Sentence
from twins.samples.course import Course
from twins.solvers.measure import measure
from twins.solvers.solve import solve
from twins.solvers.system import exposing
from twins.solvers.timeline import Timeline, tabulate
from twins.solvers.trajectory import Failure, Trajectory

Array = NDArray[np.float64]

AHEAD_H = 240.0
"""How far beyond the course's end occasions and steps of the model are laid, unless more is asked for."""


GRID_H = 0.25
LOOKS = 96
"""Between two looks at a curve for where it crosses a threshold: a quarter of an hour, and less where all of it is
shorter than so many of them, for what acts within minutes is asked for hours."""


_NO_ANSWER = Sentence("{model}: {failed} of {rows} rows have no answer: {why}", why=ANY)
_TOO_FAR = Sentence("a plan is followed to {end:g} h, but the twin is laid to {until:g} h; give a larger ahead_h")


class SimulationError(ValueError):
    """The equations could not be carried to the end; says why and for how many of the rows."""


def doses_of(course: Course, plan: Plan | None, end_h: float) -> tuple[Dose, ...]:
    """The course's doses up to its end, then the plan's from there on (those that start before `end_h`)."""
    given = tuple(_given(dose, course.until_h) for dose in course.doses if dose.start_h <= course.until_h)
    if plan is None or plan.regimen is None:
        return given
    planned = tuple(dose for dose in plan.regimen.doses(end_h) if dose.start_h >= course.until_h)
    return given + planned


def _given(dose: Dose, until_h: float) -> Dose:
    """A dose without those of its series that are still to come."""
    if not dose.additional:
        return dose
    passed = math.floor((until_h - dose.start_h) / dose.interval_h + 1e-9)
    return replace(dose, additional=min(dose.additional, passed))


def turns_of(course: Course, plan: Plan | None, edges_h: Array) -> Array:
    """An even grid between the first and the last edge, with the starts and ends of infusions; ascending."""
    start, end = float(edges_h[0]), float(edges_h[-1])
    step = min(GRID_H, (end - start) / LOOKS)
    even = start + step * np.arange(int(np.ceil((end - start) / step)))
    turns = [time for dose in doses_of(course, plan, end) for time in (dose.start_h, dose.end_h)]
    return np.unique(np.array([*even, *(time for time in turns if start < time < end)]))


def concentrations(
    model: PopulationModel, course: Course, etas: ArrayLike, plan: Plan | None, times_h: ArrayLike
) -> Array:
    """The first output for each row of `etas` at each time, in the unit that the model states (mg/L of most drugs).

    Parameters
    ----------
    etas : array_like, shape (n, p) or (p,)
        In the order of ``model.eta_on``, with the kappas of the occasions that are known; further ones are 0. All
        zeros are the typical patient.
    plan : Plan or None
        What follows the course; None, or a plan without a regimen: nothing more is given.
    times_h : array_like
        Hours since the course's start, in any order.

    Returns
    -------
    ndarray, shape (n, len(times_h))
        At a bolus, the concentration just before it. Covariates are carried forward into the future.

    Raises
    ------
    CovariateError
        If the course lacks a chart value that the model needs.
    SimulationError
        If the equations of a row cannot be carried to the end.
    """
    return np.asarray(profiles(model, course, etas, plan, times_h)[0])


def profiles(
    model: PopulationModel,
    course: Course,
    etas: ArrayLike,
    plan: Plan | None,
    times_h: ArrayLike,
    *,
    seed: int | None = None,
) -> Array:
    """As `concentrations`, of all outputs: shape (outputs, n, len(times_h)).

    With a `seed` the inter-occasion effects of the future are drawn from it, as for a posterior; without, they are 0.
    """
    times = np.asarray(times_h, dtype=np.float64).reshape(-1)
    until = max(course.until_h, float(times.max())) if times.size else course.until_h
    chart = history(model, course, until_h=until)
    parameters = parameters_of(model, chart, etas, seed=seed)
    if times.size == 0:
        return np.zeros((len(model.system.outputs), parameters.shape[0], 0))
    ordered, where = np.unique(times, return_inverse=True)
    doses = doses_of(course, plan, float(ordered[-1]))
    run = carry(model, course, chart, parameters, doses, ordered)
    return np.ascontiguousarray(run.values[:, :, where])


def parameters_of(
    model: PopulationModel, chart: CovariateHistory, etas: ArrayLike, *, seed: int | None = None
) -> Array:
    """Parameters of each row of effects over a covariate history, shape (n, epochs, parameters); see `profiles`."""
    individual = Individual.of(model, chart)
    return individual.parameters(individual.widen(etas, seed=seed))


def carry(
    model: PopulationModel, course: Course, chart: CovariateHistory, parameters: Array, doses: Sequence[Dose],
    times_h: Array, *, state: Array | None = None, start_h: float | None = None, exposure: bool = False,
) -> Trajectory:  # fmt: skip
    """Carry rows of parameters through doses to ascending times; from `state` at `start_h` where these are given."""
    run = solve(
        model.system,
        parameters,
        timeline_of(model, course, chart, doses, times_h, start_h),
        state=state,
        exposure=exposure,
    )
    refuse_failed(model, run.failed)
    return run


def timeline_of(
    model: PopulationModel,
    course: Course,
    chart: CovariateHistory,
    doses: Sequence[Dose],
    times_h: Array,
    start_h: float | None,
) -> Timeline:
    return Timeline(
        tabulate(model.system, doses),
        chart.times_h,
        times_h,
        resets_h=np.array(course.resets_h, dtype=np.float64),
        start_h=start_h,
        carry=course.carry,
    )


def refuse_failed(model: PopulationModel, failed: NDArray[np.int64]) -> None:
    """Raise `SimulationError` where a row could not be carried to the end."""
    rows = np.flatnonzero(failed)
    if rows.size:
        words = Failure(int(failed[rows[0]])).words
        raise SimulationError(_NO_ANSWER(model=model.title, failed=rows.size, rows=failed.size, why=words))


@dataclass(frozen=True, slots=True)
class Pieces:
    """What each stretch between two edges holds; arrays of shape (n, stretches), in the output's own unit.

    Attributes
    ----------
    at_end
        Just before what is given at the stretch's end.
    above_h, over_h
        Hours above the lower and above the upper threshold; without meaning where there is no such threshold.
    """

    auc: Array
    highest: Array
    lowest: Array
    at_end: Array
    above_h: Array
    over_h: Array


@dataclass(frozen=True, slots=True)
class Present:
    """Many draws of one twin at the course's end: where every plan starts from.

    Attributes
    ----------
    parameters : ndarray, shape (n, epochs, parameters)
    state : ndarray, shape (n, states), or None
        Amounts in the compartments at `course.until_h`, mg; None: as they are before any dose.
    until_h : float
        How far plans can be followed.
    """

    model: PopulationModel
    course: Course
    chart: CovariateHistory
    parameters: Array
    state: Array | None
    until_h: float

    @property
    def unit(self) -> str:
        """UCUM code of the first output."""
        return self.model.system.outputs[0].unit

    @classmethod
    def reach(
        cls,
        model: PopulationModel,
        course: Course,
        etas: ArrayLike,
        *,
        seed: int | None = None,
        ahead_h: float = AHEAD_H,
    ) -> "Present":
        """Carry draws of the effects, shape (n, p), through the course to its end.

        Parameters
        ----------
        seed
            Of the inter-occasion effects of the future, the fit's own; None: they are 0.
        ahead_h
            How far beyond the course's end plans will be followed.
        """
        until = course.until_h + ahead_h
        chart = history(model, course, until_h=until)
        parameters = parameters_of(model, chart, etas, seed=seed)
        now = np.array([course.until_h])
        run = carry(model, course, chart, parameters, doses_of(course, None, course.until_h), now)
        return cls(model, course, chart, parameters, run.state, until)

    def look_back(self, times_h: Array) -> Array:
        """The first output at ascending times up to the course's end, under what was given; shape (n, times)."""
        given = doses_of(self.course, None, self.course.until_h)
        return carry(self.model, self.course, self.chart, self.parameters, given, times_h).concentration

    def follow(self, plan: Plan | None, times_h: Array, *, exposure: bool = True) -> Trajectory:
        """All outputs, and with `exposure` of the first AUC from the course's end and highest value, at ascending times
        from there.
        """
        return carry(
            self.model,
            self.course,
            self.chart,
            self.parameters,
            doses_of(self.course, plan, self._within(float(times_h[-1]))),
            times_h,
            state=self.state,
            start_h=self.course.until_h,
            exposure=exposure,
        )

    def measure(
        self,
        plan: Plan | None,
        edges_h: Array,
        *,
        lower: float | None = None,
        upper: float | None = None,
        output: int = 0,
    ) -> Pieces:
        """Of an output in each stretch [edge k, edge k + 1) from the course's end on, without its profile.

        `lower` and `upper` are thresholds in the output's unit; `upper` needs `lower`.
        """
        doses = doses_of(self.course, plan, self._within(float(edges_h[-1])))
        looks = np.zeros(0) if lower is None else turns_of(self.course, plan, edges_h)
        found = measure(
            exposing(self.model.system, output),
            self.parameters,
            timeline_of(self.model, self.course, self.chart, doses, looks, self.course.until_h),
            edges_h,
            state=self.state,
            threshold=lower,
            low=None if upper is None else lower,
            high=upper,
        )
        refuse_failed(self.model, found.failed)
        over = found.hours_above - found.hours_within
        return Pieces(found.auc, found.highest, found.lowest, found.last, found.hours_above, over)

    def at_edges(self, plan: Plan | None, edges_h: Array, output: int) -> Pieces:
        """An output at the edges alone: nothing else has a meaning, and the equations are not stopped for it."""
        last = self.follow(plan, edges_h, exposure=False).values[output][:, 1:]
        unknown = np.full(last.shape, np.nan)
        return Pieces(unknown, unknown, unknown, np.ascontiguousarray(last), unknown, unknown)

    def _within(self, end_h: float) -> float:
        if end_h > self.until_h + 1e-9:
            raise ValueError(_TOO_FAR(end=end_h, until=self.until_h))
        return end_h

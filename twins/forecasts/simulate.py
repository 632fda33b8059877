"""Concentrations of one twin, or of many draws of it, over a course and the plan that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.covariates import CovariateHistory, history
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.quantities.dose import Dose
from twins.samples.course import Course
from twins.solvers import batch, schedule

Array = NDArray[np.float64]


def eta_columns(model: PopulationModel) -> NDArray[np.int64]:
    """Which column of the solver's parameters each eta belongs to."""
    return np.array([model.parameters.index(name) for name in model.eta_on], dtype=np.int64)


def doses_of(course: Course, plan: Plan | None, end_h: float) -> tuple[Dose, ...]:
    """The course's doses up to its end, then the plan's from there on (those that start before `end_h`)."""
    given = tuple(dose for dose in course.doses if dose.start_h <= course.until_h)
    if plan is None or plan.regimen is None:
        return given
    planned = tuple(dose for dose in plan.regimen.doses(end_h) if dose.start_h >= course.until_h)
    return given + planned


def concentrations(
    model: PopulationModel, course: Course, etas: ArrayLike, plan: Plan | None, times_h: ArrayLike
) -> Array:
    """Concentration in mg/L for each row of `etas` at each time.

    Parameters
    ----------
    etas : array_like, shape (n, p) or (p,)
        In the order of ``model.eta_on``; zeros are the typical patient.
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
    """
    rows = np.atleast_2d(np.asarray(etas, dtype=np.float64))
    times = np.asarray(times_h, dtype=np.float64).reshape(-1)
    if times.size == 0:
        return np.zeros((rows.shape[0], 0))
    chart = history(model, course)
    doses = doses_of(course, plan, float(times.max()))
    return at_times(model, chart, doses, rows, times)


def at_times(
    model: PopulationModel, chart: CovariateHistory, doses: Sequence[Dose], etas: Array, times: Array
) -> Array:
    """As `concentrations`, from a covariate history and doses; `times` in any order, shape (n, len(times))."""
    ordered, where = np.unique(times, return_inverse=True)
    events = schedule.build(doses, chart.times_h, ordered)
    parameters = batch.scale(chart.typical, eta_columns(model), etas)
    return np.ascontiguousarray(batch.run(parameters, events).concentration[:, where])


@dataclass(frozen=True, slots=True)
class Present:
    """Many draws of one twin at the course's end: where every plan starts from.

    Attributes
    ----------
    parameters : ndarray, shape (n, epochs, 4)
    state : ndarray, shape (n, 2)
        Amounts in the two compartments at `course.until_h`, mg.
    """

    course: Course
    chart: CovariateHistory
    parameters: Array
    state: Array

    @classmethod
    def reach(cls, model: PopulationModel, course: Course, etas: Array) -> "Present":
        """Carry draws of eta, shape (n, p), through the course to its end."""
        chart = history(model, course)
        parameters = batch.scale(chart.typical, eta_columns(model), etas)
        events = schedule.build(course.doses, chart.times_h, np.array([course.until_h]))
        return cls(course, chart, parameters, batch.run(parameters, events).state)

    def follow(self, plan: Plan, times_h: Array) -> batch.Trajectory:
        """Concentration, AUC from the course's end and highest concentration at ascending times from there on."""
        doses = doses_of(self.course, plan, float(times_h[-1]))
        events = schedule.build(doses, self.chart.times_h, times_h, start_h=self.course.until_h)
        return batch.run(self.parameters, events, state=self.state, exposure=True)

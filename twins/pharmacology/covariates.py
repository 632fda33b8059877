"""From chart values to the covariates and typical parameters that a model has over time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.domain import CovariateError
from twins.pharmacology.epochs import RAMP_H, Epochs, lay_epochs
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.reading import (
    CLEARANCE,
    DIALYSIS,
    FIRST_DOSE,
    HOURS,
    UNITS,
    Reading,
    attempt,
    chart_name,
    missing_names,
    read,
    renal_clearance,
    typical_parameters,
)
from twins.pharmacology.renal import cockcroft_gault
from twins.quantities.sentence import NAME, Sentence
from twins.samples.course import Course, CovariateValue
from twins.solvers.system import CarryRule

__all__ = [
    "CLEARANCE",
    "DIALYSIS",
    "FIRST_DOSE",
    "HOURS",
    "RAMP_H",
    "CovariateError",
    "CovariateHistory",
    "Reading",
    "chart_name",
    "cockcroft_gault",
    "histories",
    "history",
    "missing_inputs",
    "read",
    "renal_clearance",
    "typical_parameters",
]

Array = NDArray[np.float64]

_ASSUMED = Sentence("No {name} is on the chart; the model's default of {value:g} was assumed.", name=NAME)
_IMPOSSIBLE = Sentence("{name} is {value:g} at {time:g} h; correct or question that value", name=NAME)
_NO_PLACE_FOR_DIALYSIS = Sentence(
    "a dialysis session from {time:g} h is on the chart; {model} has no clearance that it could add to: leave the "
    "session out or use another model"
)
REMOVED = "clearance_l_per_h"
"""The parameter that a dialysis session adds its clearance to."""


@dataclass(frozen=True, slots=True)
class CovariateHistory:
    """What the model reads, at each moment that one of its covariates changes.

    Attributes
    ----------
    times_h : ndarray, shape (epochs,)
        Ascending. Under `carry` FORWARD a set of values holds from its time on, under BACKWARD until its time, and
        the first also holds before it, the last for all that comes after. Under INTERPOLATED parameters move linearly
        from one to the next; what jumps does so within `RAMP_H`.
    values : mapping of str to ndarray, shape (epochs,)
        The model's covariates by name, and the chart values that they were computed from.
    typical : ndarray, shape (epochs, components)
        Typical values in the order of ``model.components``.
    estimated : ndarray of bool, shape (epochs,)
        Where the creatinine clearance was computed, not given.
    occasion : ndarray of int64, shape (epochs,)
        0 for the first occasion; all 0 for a model without inter-occasion variability.
    added : ndarray, shape (epochs, parameters)
        What is added to the individual parameters, in the order of ``model.parameters``: dialysis to clearance.
    assumed : mapping of str to float
        Covariates that nothing was charted of, with the model's default that was used.
    computed : mapping of str to str
        Covariates that were computed, with the equation in words.
    """

    times_h: Array
    values: dict[str, Array]
    typical: Array
    estimated: NDArray[np.bool_]
    occasion: NDArray[np.int64]
    added: Array
    assumed: Mapping[str, float] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    carry: CarryRule = CarryRule.FORWARD

    @property
    def sentences(self) -> tuple[str, ...]:
        """Which defaults were assumed, for the page."""
        return tuple(_ASSUMED(name=chart_name(name), value=value) for name, value in self.assumed.items())


def missing_inputs(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Names of the chart values without which the model cannot be used for this course; empty when all are there."""
    chart = {value.name: np.array([value.value]) for value in course.covariates}
    reading, _ = attempt(model, {**chart, HOURS: np.zeros(1)}, (1,))
    return missing_names(model, reading, chart)


def history(
    model: PopulationModel, course: Course, *, until_h: float | None = None, first_dose_h: float | None = None
) -> CovariateHistory:
    """The model's covariates and typical values over a course, carried as ``course.carry`` says.

    A creatinine clearance that was given is used as it is, but for the model's cap; otherwise it is computed from age,
    sex, weight and creatinine by the model's own rule. What the chart lacks is computed where the model says how, or
    has the model's default (see `CovariateHistory.assumed`). Without a record of haemodialysis there is none.

    Parameters
    ----------
    until_h : float, optional
        Occasions are laid until then; the course's end where left out.
    first_dose_h : float, optional
        What ``hours_since_first_dose`` and the model's occasions are counted from where no dose is charted; the
        course's end where left out, which is when a plan begins.

    Raises
    ------
    CovariateError
        If a chart value is missing, or one is outside what the model's equations can take.
    """
    until = course.until_h if until_h is None else until_h
    first = course.until_h if first_dose_h is None else first_dose_h
    return _read_all(model, [_lay(model, course, _readable(model), until, first)])[0]


def histories(model: PopulationModel, courses: Sequence[Course]) -> list[CovariateHistory]:
    """As `history` of each course, in order: the model's equations are asked once for all that have the same records.

    Raises
    ------
    CovariateError
        Of the first course that has no history.
    """
    known = _readable(model)
    laid = [_lay(model, course, known, course.until_h, course.until_h) for course in courses]
    groups: dict[tuple[str, ...], list[int]] = {}
    for k, one in enumerate(laid):
        groups.setdefault(tuple(one.carried), []).append(k)
    found: dict[int, CovariateHistory] = {}
    try:
        for places in groups.values():
            found |= zip(places, _read_all(model, [laid[k] for k in places]), strict=True)
    except CovariateError:
        return [_read_all(model, [one])[0] for one in laid]  # one by one the error is of the right patient
    return [found[k] for k in range(len(laid))]


@dataclass(frozen=True, slots=True)
class _Laid:
    """A course's epochs, and in each what the chart has by name."""

    course: Course
    epochs: Epochs
    carried: dict[str, Array]


def _lay(model: PopulationModel, course: Course, known: tuple[set[str], set[str]], until: float, first: float) -> _Laid:
    chart = _series(course, *known)
    charted = np.array(sorted({value.time_h for series in chart.values() for value in series}))
    epochs = lay_epochs(model, course, charted, until_h=until, first_dose_h=first)
    return _Laid(course, epochs, {name: _carry(series, epochs.times_h, course.carry) for name, series in chart.items()})


def _read_all(model: PopulationModel, laid: Sequence[_Laid]) -> list[CovariateHistory]:
    """Histories of courses whose charts have the same names."""
    edges = np.cumsum([0, *(one.epochs.times_h.size for one in laid)]).tolist()
    chart = {name: np.concatenate([one.carried[name] for one in laid]) for name in laid[0].carried}
    chart[HOURS] = np.concatenate([one.epochs.hours_since_first_dose for one in laid])
    chart[FIRST_DOSE] = np.repeat([one.epochs.first_dose_h for one in laid], np.diff(edges))
    reading, typical = read(model, chart, shape=(edges[-1],))
    return [
        CovariateHistory(
            times_h=one.epochs.times_h,
            values={name: values[first:last] for name, values in reading.found.items()},
            typical=typical[first:last],
            estimated=np.full(last - first, CLEARANCE in reading.computed, dtype=np.bool_),
            occasion=one.epochs.occasion,
            added=_dialysis(model, one.course, one.epochs),
            assumed=reading.assumed,
            computed=reading.computed,
            carry=one.course.carry,
        )
        for one, first, last in zip(laid, edges[:-1], edges[1:], strict=True)
    ]


def _readable(model: PopulationModel) -> tuple[set[str], set[str]]:
    """Names of the chart values that the model can read, and of those among them that may be negative."""
    known = {*model.clinical_inputs, *model.derived, CLEARANCE, DIALYSIS}
    known |= {item.name for item in model.covariates} | {part for d in model.derived.values() for part in d.inputs}
    if CLEARANCE in {item.name for item in model.covariates}:
        known |= {"age_y", "male", "weight_kg", "creatinine_mg_per_dl"}
    return known, {item.name for item in model.covariates if item.low is not None and item.low < 0}


def _series(course: Course, known: set[str], signed: set[str]) -> dict[str, list[CovariateValue]]:
    """The charted values of known names, by name and in order of time."""
    found: dict[str, list[CovariateValue]] = {}
    for value in course.covariates:
        if value.name not in known:
            continue
        least = -math.inf if value.name in signed else 0.0
        impossible = value.value == 0 and value.name.endswith(UNITS) and value.name not in signed
        if not math.isfinite(value.value) or value.value < least or impossible or not math.isfinite(value.time_h):
            raise CovariateError(_IMPOSSIBLE(name=chart_name(value.name), value=value.value, time=value.time_h))
        found.setdefault(value.name, []).append(value)
    return {name: sorted(series, key=lambda value: value.time_h) for name, series in found.items()}


def _carry(series: list[CovariateValue], times: Array, rule: CarryRule) -> Array:
    """One covariate's values at each epoch; before its first record and after its last these two hold."""
    if len(series) == 1:
        return np.full(times.size, series[0].value, dtype=np.float64)
    at = np.array([value.time_h for value in series])
    values = np.array([value.value for value in series])
    if rule is CarryRule.FORWARD:
        return np.asarray(values[np.clip(np.searchsorted(at, times, side="right") - 1, 0, None)])
    if rule is CarryRule.BACKWARD:
        return np.asarray(values[np.clip(np.searchsorted(at, times, side="left"), None, at.size - 1)])
    return np.asarray(np.interp(times, at, values))


def _dialysis(model: PopulationModel, course: Course, epochs: Epochs) -> Array:
    added = np.zeros((epochs.times_h.size, len(model.parameters)))
    if not course.dialysis:
        return added
    if REMOVED not in model.parameters:
        raise CovariateError(_NO_PLACE_FOR_DIALYSIS(time=course.dialysis[0].start_h, model=model.title))
    added[:, model.parameters.index(REMOVED)] = epochs.dialysis_l_per_h
    return added

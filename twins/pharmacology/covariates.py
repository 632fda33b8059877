"""From chart values to the covariates that a model reads, over time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.population import PopulationModel, RenalRule
from twins.samples.course import Course

Array = NDArray[np.float64]

CLEARANCE = "creatinine_clearance_ml_per_min"
_CHART_NAMES = {
    "age_y": "age",
    "male": "sex",
    "weight_kg": "body weight",
    "height_cm": "height",
    "creatinine_mg_per_dl": "serum creatinine",
    CLEARANCE: "creatinine clearance",
    "haemodialysis": "haemodialysis",
}


class CovariateError(ValueError):
    """A covariate is missing or cannot be; names it, its value and the remedy."""


def chart_name(name: str) -> str:
    """The words a clinician uses for a covariate: ``body weight`` for ``weight_kg``."""
    return _CHART_NAMES.get(name, name)


def cockcroft_gault(age_y: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike) -> Array:
    """Creatinine clearance in mL/min: (140 - age) · weight / (72 · creatinine), times 0.85 in women.

    Parameters broadcast against each other; `male` is 1 or 0. Ages of 140 years and more give 0.

    Raises
    ------
    CovariateError
        If a weight or a creatinine is not positive, or an age is negative.

    References
    ----------
    Cockcroft DW, Gault MH. Nephron 1976;16:31-41, doi 10.1159/000180580.
    """
    age = np.asarray(age_y, dtype=np.float64)
    weight = np.asarray(weight_kg, dtype=np.float64)
    creatinine = np.asarray(creatinine_mg_per_dl, dtype=np.float64)
    for name, values, low in (("weight_kg", weight, 0.0), ("creatinine_mg_per_dl", creatinine, 0.0)):
        if not np.all(values > low):
            raise CovariateError(f"{name} is {values.min():g}; give a positive number")
    if not np.all(age >= 0):
        raise CovariateError(f"age_y is {age.min():g}; give the age in years")
    sex = np.where(np.asarray(male, dtype=np.float64) > 0.5, 1.0, 0.85)
    return np.asarray(np.maximum(140.0 - age, 0.0) * weight / (72.0 * creatinine) * sex)


def renal_clearance(
    rule: RenalRule, age_y: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike
) -> Array:
    """Cockcroft-Gault clearance in mL/min under a model's own floor of creatinine and cap of clearance."""
    creatinine = np.asarray(creatinine_mg_per_dl, dtype=np.float64)
    if rule.creatinine_floor_mg_per_dl is not None:
        over = np.asarray(age_y, dtype=np.float64) > (rule.floor_over_age_y or 0.0)
        creatinine = np.where(over, np.maximum(creatinine, rule.creatinine_floor_mg_per_dl), creatinine)
    clearance = cockcroft_gault(age_y, weight_kg, creatinine, male)
    return clearance if rule.cap_ml_per_min is None else np.minimum(clearance, rule.cap_ml_per_min)


@dataclass(frozen=True, slots=True)
class CovariateHistory:
    """What the model reads, at each moment that one of the chart values changes.

    Attributes
    ----------
    times_h : ndarray, shape (epochs,)
        Ascending; the first set of values also holds before it, the last for all that comes after.
    values : mapping of str to ndarray, shape (epochs,)
        The model's covariates by name.
    typical : ndarray, shape (epochs, parameters)
        Typical parameters in the order of ``model.parameters``.
    estimated : ndarray of bool, shape (epochs,)
        Where the creatinine clearance was computed from creatinine, not given.
    """

    times_h: Array
    values: dict[str, Array]
    typical: Array
    estimated: NDArray[np.bool_]


def missing_inputs(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Names of the chart values without which the model cannot be used for this course; empty when all are there."""
    given = {value.name for value in course.covariates}
    wanted = set(model.clinical_inputs)
    if CLEARANCE in given:
        wanted -= {"age_y", "male", "creatinine_mg_per_dl"}
    return tuple(name for name in model.clinical_inputs if name in wanted - given)


def history(model: PopulationModel, course: Course) -> CovariateHistory:
    """The model's covariates and typical parameters over a course, last observation carried forward.

    A creatinine clearance that was given is used from its time on as it is, but for the model's cap; otherwise it is
    estimated from age, sex, weight and creatinine by the model's own rule. Without a record of haemodialysis
    there is none.

    Raises
    ------
    CovariateError
        If a chart value is missing, or one is outside what the model's equations can take.
    """
    missing = missing_inputs(model, course)
    if missing:
        raise CovariateError(
            f"no {' and no '.join(chart_name(name) for name in missing)} on the chart; {model.title} needs it"
        )
    read = {*model.clinical_inputs, CLEARANCE, "haemodialysis"}
    used = [value for value in course.covariates if value.name in read]
    for value in used:
        positive = value.name not in ("male", "haemodialysis", "age_y")
        if not math.isfinite(value.value) or value.value < 0 or (positive and value.value == 0):
            raise CovariateError(
                f"{chart_name(value.name)} is {value.value:g} at {value.time_h:g} h; correct or question that value"
            )
    times = np.unique(np.array([value.time_h for value in used] or [0.0]))
    chart: dict[str, Array] = {}
    for name in read:
        series = sorted((value for value in used if value.name == name), key=lambda value: value.time_h)
        if not series:
            continue
        at = np.array([value.time_h for value in series])
        index = np.clip(np.searchsorted(at, times, side="right") - 1, 0, None)
        chart[name] = np.array([value.value for value in series])[index]
    rule = model.renal
    if CLEARANCE in chart:
        clearance = chart[CLEARANCE]
        estimated = np.zeros(times.size, dtype=np.bool_)
        if rule.cap_ml_per_min is not None:
            clearance = np.minimum(clearance, rule.cap_ml_per_min)
    else:
        estimated = np.ones(times.size, dtype=np.bool_)
        clearance = renal_clearance(
            rule, chart["age_y"], chart["weight_kg"], chart["creatinine_mg_per_dl"], chart["male"]
        )
    values = {name: chart[name] for name in chart if name not in (CLEARANCE, "creatinine_mg_per_dl")}
    values[CLEARANCE] = clearance
    values.setdefault("haemodialysis", np.zeros(times.size))
    return CovariateHistory(times, values, typical_parameters(model, values), estimated)


def typical_parameters(model: PopulationModel, values: dict[str, Array]) -> Array:
    """Typical parameters, shape (epochs, parameters) in the order of ``model.parameters``.

    Raises
    ------
    CovariateError
        If the model's equations give a parameter that is not positive.
    """
    by_name = model.typical(values)
    length = values[CLEARANCE].size
    typical = np.column_stack([np.broadcast_to(by_name[name], (length,)) for name in model.parameters])
    for column, name in enumerate(model.parameters):
        low = float(typical[:, column].min())
        if not (math.isfinite(low) and low > 0):
            raise CovariateError(
                f"{model.title} gives {name} {low:g} for a creatinine clearance of "
                f"{values[CLEARANCE][int(typical[:, column].argmin())]:.3g} mL/min; "
                "its equations do not reach this patient"
            )
    return np.ascontiguousarray(typical)

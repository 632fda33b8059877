"""From chart values to the covariates and typical parameters that a model has over time."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.domain import CovariateError
from twins.pharmacology.epochs import RAMP_H, Epochs, lay_epochs
from twins.pharmacology.population import Link, PopulationModel, RenalRule
from twins.pharmacology.renal import cockcroft_gault
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
    "history",
    "missing_inputs",
    "read",
    "renal_clearance",
    "typical_parameters",
]

Array = NDArray[np.float64]

CLEARANCE = "creatinine_clearance_ml_per_min"
DIALYSIS = "haemodialysis"
HOURS = "hours_since_first_dose"
"""A covariate that is always there: 0 until the first dose."""
FIRST_DOSE = "first_dose_h"
"""Another: when the first dose was given, h since the course's start."""
REMOVED = "clearance_l_per_h"
"""The parameter that a dialysis session adds its clearance to."""

_CHART_NAMES = {
    "age_y": "age",
    "male": "sex",
    "weight_kg": "body weight",
    "height_cm": "height",
    "creatinine_mg_per_dl": "serum creatinine",
    "creatinine_umol_per_l": "serum creatinine",
    "albumin_g_per_l": "serum albumin",
    "albumin_g_per_dl": "serum albumin",
    CLEARANCE: "creatinine clearance",
    DIALYSIS: "haemodialysis",
}
_UNITS = (
    "_ml_per_min_per_1_73m2",
    "_ml_per_min",
    "_umol_per_l",
    "_mg_per_dl",
    "_mg_per_l",
    "_g_per_dl",
    "_g_per_l",
    "_l_per_h",
    "_kg",
    "_cm",
    "_m2",
)
"""Endings of names whose values are amounts of something that no living patient has none of."""
_TIMES = ("_weeks", "_days", "_h", "_d", "_y")
_CREATININE_INPUTS = frozenset({"age_y", "male", "creatinine_mg_per_dl"})


def chart_name(name: str) -> str:
    """The words a clinician uses for a covariate: ``body weight`` for ``weight_kg``."""
    if name in _CHART_NAMES:
        return _CHART_NAMES[name]
    ending = next((unit for unit in (*_UNITS, *_TIMES) if name.endswith(unit)), "")
    return name.removesuffix(ending).replace("_", " ")


def renal_clearance(
    rule: RenalRule, age_y: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike
) -> Array:
    """Cockcroft-Gault clearance in mL/min under a model's own floor of creatinine and cap of clearance."""
    creatinine = np.asarray(creatinine_mg_per_dl, dtype=np.float64)
    if rule.creatinine_floor_mg_per_dl is not None:
        over = np.asarray(age_y, dtype=np.float64) > (rule.floor_over_age_y or 0.0)
        creatinine = np.where(over, np.maximum(creatinine, rule.creatinine_floor_mg_per_dl), creatinine)
    return _capped(rule, cockcroft_gault(age_y, weight_kg, creatinine, male))


def _capped(rule: RenalRule, clearance: Array) -> Array:
    return clearance if rule.cap_ml_per_min is None else np.asarray(np.minimum(clearance, rule.cap_ml_per_min))


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
        return tuple(
            f"No {chart_name(name)} is on the chart; the model's default of {value:g} was assumed."
            for name, value in self.assumed.items()
        )


class Reading(Mapping[str, Array]):
    """The covariates of one model, computed as they are asked for, from chart values of one shape.

    Attributes
    ----------
    found : dict of str to ndarray
        All that was asked for so far, and what it was computed from.
    assumed, computed
        As in `CovariateHistory`.
    missing : dict of str to None
        Names, in order, that nothing on the chart leads to; ones stand in for them.
    """

    def __init__(self, model: PopulationModel, chart: Mapping[str, Array], shape: tuple[int, ...]) -> None:
        self._model = model
        self._chart = chart
        self._ranges = {known.name: known for known in model.covariates}
        self._shape = shape
        self._under_way: list[str] = []
        self.found: dict[str, Array] = {}
        self.assumed: dict[str, float] = {}
        self.computed: dict[str, str] = {}
        self.missing: dict[str, None] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self.found:
            if name in self._under_way:
                raise CovariateError(
                    f"{self._model.title} computes {name} from itself, by way of {', '.join(self._under_way)}; "
                    "correct the model's derived covariates"
                )
            self._under_way.append(name)
            found = self._find(name)
            self._under_way.pop()
            if name in self.missing:
                return found
            self.found[name] = np.ascontiguousarray(np.broadcast_to(found, self._shape), dtype=np.float64)
        return self.found[name]

    def _find(self, name: str) -> Array:
        model = self._model
        if name in self._chart:
            return _capped(model.renal, self._chart[name]) if name == CLEARANCE else self._chart[name]
        if name in model.derived:
            rule = model.derived[name]
            self.computed[name] = rule.words
            found = np.asarray(rule.compute(**{part: self[part] for part in rule.inputs}), dtype=np.float64)
            return _capped(model.renal, found) if name == CLEARANCE else found
        if name in (DIALYSIS, FIRST_DOSE):
            return np.asarray(0.0)
        known = self._ranges.get(name)
        if known is not None and known.default is not None:
            self.assumed[name] = known.default
            return np.asarray(known.default)
        if name == CLEARANCE:
            self.computed[name] = "Cockcroft–Gault on total body weight, doi 10.1159/000180580"
            return renal_clearance(
                model.renal, self["age_y"], self["weight_kg"], self["creatinine_mg_per_dl"], self["male"]
            )
        self.missing[name] = None
        return np.ones(self._shape)

    def __contains__(self, name: object) -> bool:
        return name in self.found or name in self._chart

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def read(model: PopulationModel, chart: Mapping[str, Array], *, shape: tuple[int, ...]) -> tuple[Reading, Array]:
    """A model's covariates and typical values from chart values: moments of one patient, or patients beside each other.

    Parameters
    ----------
    chart
        Chart values by name, each of `shape`; with `HOURS` where the model reads it, and with `FIRST_DOSE` where that is
        not 0.
    shape : tuple of one int

    Returns
    -------
    Reading
    ndarray, shape (\\*shape, components)

    Raises
    ------
    CovariateError
        If a chart value is missing, or the model's equations do not reach a value.
    """
    reading, typical = _try(model, chart, shape)
    missing = _missing(model, reading, chart)
    if missing:
        raise CovariateError(
            f"no {' and no '.join(chart_name(name) for name in missing)} on the chart; {model.title} needs it"
        )
    return reading, _checked(model, reading.found, typical)


def _try(
    model: PopulationModel, chart: Mapping[str, Array], shape: tuple[int, ...]
) -> tuple[Reading, Mapping[str, Array]]:
    reading = Reading(model, chart, shape)
    typical: Mapping[str, Array] = {}
    try:
        with np.errstate(all="ignore"):
            typical = model.typical(reading)
            for known in model.covariates:  # the page shows these, whether or not the equations read them
                _look(reading, known.name)
            for name in (*model.clinical_inputs, DIALYSIS):
                if name in chart or name == DIALYSIS:
                    reading[name]
    except (ValueError, ArithmeticError):
        if not reading.missing:  # else it came of the ones that stand in for what is missing
            raise
    return reading, typical


def _look(reading: Reading, name: str) -> None:
    """Read what the page shows but no equation needs; nothing is missing where it cannot be had."""
    before = dict(reading.missing)
    reading[name]
    if reading.missing.keys() - before.keys():
        reading.missing = before
        reading.found.pop(name, None)
        reading.computed.pop(name, None)


def _missing(model: PopulationModel, reading: Reading, chart: Mapping[str, Array]) -> tuple[str, ...]:
    """What equations asked for in vain, and clinical inputs that nothing on the chart stands in for."""
    spared = {known.name for known in model.covariates if known.default is not None}
    spared |= {name for given, rule in model.derived.items() if given in chart for name in rule.inputs}
    spared |= model.derived.keys()
    if CLEARANCE in chart:
        spared |= _CREATININE_INPUTS
    wanted = [
        name
        for name in model.clinical_inputs
        if name in reading.missing or (name not in chart and name not in reading.found and name not in spared)
    ]
    return (*wanted, *(name for name in reading.missing if name not in wanted))


def missing_inputs(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Names of the chart values without which the model cannot be used for this course; empty when all are there."""
    chart = {value.name: np.array([value.value]) for value in course.covariates}
    reading, _ = _try(model, {**chart, HOURS: np.zeros(1)}, (1,))
    return _missing(model, reading, chart)


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
    chart = _series(model, course)
    epochs = lay_epochs(
        model,
        course,
        np.array(sorted({value.time_h for series in chart.values() for value in series})),
        until_h=course.until_h if until_h is None else until_h,
        first_dose_h=course.until_h if first_dose_h is None else first_dose_h,
    )
    carried = {name: _carry(series, epochs.times_h, course.carry) for name, series in chart.items()}
    shape = epochs.times_h.shape
    timed = {HOURS: epochs.hours_since_first_dose, FIRST_DOSE: np.full(shape, epochs.first_dose_h)}
    reading, typical = read(model, {**carried, **timed}, shape=shape)
    return CovariateHistory(
        times_h=epochs.times_h,
        values=reading.found,
        typical=typical,
        estimated=np.full(epochs.times_h.size, CLEARANCE in reading.computed, dtype=np.bool_),
        occasion=epochs.occasion,
        added=_dialysis(model, course, epochs),
        assumed=reading.assumed,
        computed=reading.computed,
        carry=course.carry,
    )


def _series(model: PopulationModel, course: Course) -> dict[str, list[CovariateValue]]:
    """The charted values that the model can read, by name and in order of time."""
    known = {*model.clinical_inputs, *model.derived, CLEARANCE, DIALYSIS}
    known |= {item.name for item in model.covariates} | {part for d in model.derived.values() for part in d.inputs}
    signed = {item.name for item in model.covariates if item.low is not None and item.low < 0}
    found: dict[str, list[CovariateValue]] = {}
    for value in course.covariates:
        if value.name not in known:
            continue
        least = -math.inf if value.name in signed else 0.0
        impossible = value.value == 0 and value.name.endswith(_UNITS) and value.name not in signed
        if not math.isfinite(value.value) or value.value < least or impossible or not math.isfinite(value.time_h):
            raise CovariateError(
                f"{chart_name(value.name)} is {value.value:g} at {value.time_h:g} h; correct or question that value"
            )
        found.setdefault(value.name, []).append(value)
    return {name: sorted(series, key=lambda value: value.time_h) for name, series in found.items()}


def _carry(series: list[CovariateValue], times: Array, rule: CarryRule) -> Array:
    """One covariate's values at each epoch; before its first record and after its last these two hold."""
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
        raise CovariateError(
            f"a dialysis session from {course.dialysis[0].start_h:g} h is on the chart; {model.title} has no clearance "
            "that it could add to: leave the session out or use another model"
        )
    added[:, model.parameters.index(REMOVED)] = epochs.dialysis_l_per_h
    return added


def typical_parameters(model: PopulationModel, values: Mapping[str, Array]) -> Array:
    """Typical values, shape (epochs, components) in the order of ``model.components``, from the model's covariates.

    Raises
    ------
    CovariateError
        If the model's equations give a value that its parameter cannot have.
    """
    return _checked(model, values, model.typical(values))


def _checked(model: PopulationModel, values: Mapping[str, Array], by_name: Mapping[str, Array]) -> Array:
    absent = [name for name in model.components if name not in by_name]
    if absent:
        raise CovariateError(
            f"the equations of {model.title} give no {' and no '.join(absent)}; let typical return each component"
        )
    length = next((array.size for array in values.values()), 1)
    typical = np.column_stack([np.broadcast_to(by_name[name], (length,)) for name in model.components])
    zero = model.system.zero_allowed | {part for parts in model.sums.values() for part in parts}
    for column, name in enumerate(model.components):
        found = typical[:, column]
        link = model.links.get(name, Link.LOG)
        if link is Link.LOGIT:
            fine = (found > 0) & (found < 1)
        elif link is Link.IDENTITY:
            fine = np.isfinite(found)
        else:
            fine = np.isfinite(found) & ((found >= 0) if name in zero else (found > 0))
        if not bool(np.all(fine)):
            _refuse(model, values, name, found, int(np.argmin(fine)))
    return np.ascontiguousarray(typical)


def _refuse(model: PopulationModel, values: Mapping[str, Array], name: str, found: Array, row: int) -> None:
    if CLEARANCE in values:
        where = f"a creatinine clearance of {values[CLEARANCE][row]:.3g} mL/min"
    else:
        read_ = [known.name for known in model.covariates if known.name in values]
        where = ", ".join(f"{chart_name(item)} {values[item][row]:.3g}" for item in read_) or "this patient"
    raise CovariateError(
        f"{model.title} gives {name} {found[row]:g} for {where}; its equations do not reach this patient"
    )

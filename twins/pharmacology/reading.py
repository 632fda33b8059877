"""`Reading`: a model's covariates and typical values from chart values, computed as the model asks for them."""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twins.pharmacology.domain import CovariateError
from twins.pharmacology.population import Derived, Link, PopulationModel, RenalRule
from twins.pharmacology.renal import cockcroft_gault
from twins.quantities.sentence import ANY, Listed, Sentence, names

Array = NDArray[np.float64]

CLEARANCE = "creatinine_clearance_ml_per_min"
DIALYSIS = "haemodialysis"
HOURS = "hours_since_first_dose"
"""A covariate that is always there: 0 until the first dose."""
FIRST_DOSE = "first_dose_h"
"""Another: when the first dose was given, h since the course's start."""

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
    "cyp2c19_reduced": "CYP2C19 genotype",
    "cyp3a4_22_carrier": "genotype of CYP3A4*22",
    "cyp3a5_expresser": "CYP3A5 genotype",
}
CHART_NAMES = names(
    *dict.fromkeys(_CHART_NAMES.values()),
    "body surface area",
    "fat free mass",
    "lean body weight",
    "haematocrit",
    "postmenstrual age",
    "postnatal age",
    "sepsis",
    "trauma",
    "continuous dialysis",
    "usual creatinine",
    "spironolactone",
    "calcium channel blocker",
    "hours since first dose",
)
_AND_NO = " and no "
_MISSING = Sentence("no {names} on the chart; {model} needs it", names=Listed(_AND_NO))
_FROM_ITSELF = Sentence("{model} computes {name} from itself, by way of {way}; correct the model's derived covariates")
_NO_COMPONENT = Sentence("the equations of {model} give no {components}; let typical return each component")
_A_CLEARANCE = Sentence("a creatinine clearance of {value:.3g} mL/min")
_THIS_PATIENT = Sentence("this patient")
_OUT_OF_REACH = Sentence(
    "{model} gives {parameter} {value:g} for {where}; its equations do not reach this patient", where=ANY
)
UNITS = (
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
    ending = next((unit for unit in (*UNITS, *_TIMES) if name.endswith(unit)), "")
    return name.removesuffix(ending).replace("_", " ")


def renal_clearance(
    rule: RenalRule, age_y: ArrayLike, weight_kg: ArrayLike, creatinine_mg_per_dl: ArrayLike, male: ArrayLike
) -> Array:
    """Cockcroft-Gault clearance in mL/min under a model's own floor of creatinine and cap of clearance."""
    creatinine = np.asarray(creatinine_mg_per_dl, dtype=np.float64)
    if rule.creatinine_floor_mg_per_dl is not None:
        over = np.asarray(age_y, dtype=np.float64) > (rule.floor_over_age_y or 0.0)
        creatinine = np.where(over, np.maximum(creatinine, rule.creatinine_floor_mg_per_dl), creatinine)
    return capped(rule, cockcroft_gault(age_y, weight_kg, creatinine, male))


def capped(rule: RenalRule, clearance: Array) -> Array:
    return clearance if rule.cap_ml_per_min is None else np.asarray(np.minimum(clearance, rule.cap_ml_per_min))


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
                raise CovariateError(_FROM_ITSELF(model=self._model.title, name=name, way=", ".join(self._under_way)))
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
            return capped(model.renal, self._chart[name]) if name == CLEARANCE else self._chart[name]
        if name in (DIALYSIS, FIRST_DOSE):
            return np.asarray(0.0)
        known = self._ranges.get(name)
        default = None if known is None else known.default
        rule = model.derived.get(name, self._cockcroft_gault if name == CLEARANCE else None)
        if rule is not None:
            found = self._computed(name, rule, needed=default is None)
            if found is not None:
                return capped(model.renal, found) if name == CLEARANCE else found
        if default is not None:
            self.assumed[name] = default
            return np.asarray(default)
        self.missing[name] = None
        return np.ones(self._shape)

    def _computed(self, name: str, rule: Derived, *, needed: bool) -> Array | None:
        """By its rule; None where the chart lacks one of the inputs and there is a default to fall back to."""
        before = self._kept()
        parts = {part: self[part] for part in rule.inputs}
        if self.missing.keys() == before[3].keys():
            self.computed[name] = rule.words
            return np.asarray(rule.compute(**parts), dtype=np.float64)
        if needed:
            return np.ones(self._shape)
        self.found, self.assumed, self.computed, self.missing = before
        return None

    def glance(self, name: str) -> None:
        """Read what the page shows but no equation needs; nothing is missing where it cannot be had."""
        before = self._kept()
        self[name]
        if self.missing.keys() != before[3].keys():
            self.found, self.assumed, self.computed, self.missing = before

    def _kept(self) -> tuple[dict[str, Array], dict[str, float], dict[str, str], dict[str, None]]:
        return dict(self.found), dict(self.assumed), dict(self.computed), dict(self.missing)

    @property
    def _cockcroft_gault(self) -> Derived:
        return Derived(
            ("age_y", "weight_kg", "creatinine_mg_per_dl", "male"),
            partial(renal_clearance, self._model.renal),
            "Cockcroft–Gault on total body weight, doi 10.1159/000180580",
        )

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
        Chart values by name, each of `shape`; with `HOURS` where the model reads it, and `FIRST_DOSE` where that is not
        0.
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
    reading, typical = attempt(model, chart, shape)
    missing = missing_names(model, reading, chart)
    if missing:
        raise CovariateError(_MISSING(names=_AND_NO.join(chart_name(name) for name in missing), model=model.title))
    return reading, _checked(model, reading.found, typical)


def attempt(
    model: PopulationModel, chart: Mapping[str, Array], shape: tuple[int, ...]
) -> tuple[Reading, Mapping[str, Array]]:
    reading = Reading(model, chart, shape)
    typical: Mapping[str, Array] = {}
    try:
        with np.errstate(all="ignore"):
            typical = model.typical(reading)
            for known in model.covariates:  # the page shows these, whether or not the equations read them
                reading.glance(known.name)
            for name in (*model.clinical_inputs, DIALYSIS):
                if name in chart or name == DIALYSIS:
                    reading[name]
    except (ValueError, ArithmeticError):
        if not reading.missing:  # else it came of the ones that stand in for what is missing
            raise
    return reading, typical


def missing_names(model: PopulationModel, reading: Reading, chart: Mapping[str, Array]) -> tuple[str, ...]:
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
        raise CovariateError(_NO_COMPONENT(model=model.title, components=", ".join(absent)))
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
        where = _A_CLEARANCE(value=values[CLEARANCE][row])
    else:
        read_ = [known.name for known in model.covariates if known.name in values]
        where = ", ".join(f"{chart_name(item)} {values[item][row]:.3g}" for item in read_) or _THIS_PATIENT()
    raise CovariateError(_OUT_OF_REACH(model=model.title, parameter=name, value=found[row], where=where))

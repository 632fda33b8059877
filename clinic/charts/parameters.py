"""A twin's parameters in rows: the population's value and spread beside this patient's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from numpy.typing import NDArray

from clinic.charts import words
from clinic.charts.names import named
from twins.estimation.fit import Fit
from twins.pharmacology.population import Link, PopulationModel
from twins.pharmacology.structures.names import FIRST_DOSE

Array = NDArray[np.float64]

CLEARANCE_OF_DRUG: Final = "clearance_l_per_h"
_UNITS = (
    ("_ml_per_min_per_1_73m2", "mL/min/1.73 m²"),
    ("_ml_per_min", "mL/min"),
    ("_umol_per_l", "µmol/L"),
    ("_mg_per_dl", "mg/dL"),
    ("_mg_per_l", "mg/L"),
    ("_g_per_dl", "g/dL"),
    ("_g_per_l", "g/L"),
    ("_mg_per_h", "mg/h"),
    ("_l_per_h", "L/h"),
    ("_per_h", "1/h"),
    ("_m2", "m²"),
    ("_kg", "kg"),
    ("_cm", "cm"),
    ("_l", "L"),
    ("_y", "years"),
    ("_h", "h"),
)
Z_95 = 1.6449
"""95th percentile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter: the population's value and the range of 90 % of people, this patient's and its 90 % interval."""

    label: str
    unit: str
    population: str
    population_range: str
    individual: str
    individual_range: str
    learned: str
    """How much of the uncertainty the patient's own levels removed, in words."""


def split_unit(name: str) -> tuple[str, str]:
    """``clearance_l_per_h`` to (``Clearance``, ``L/h``)."""
    for ending, unit in _UNITS:
        if name.endswith(ending):
            return named(name.removesuffix(ending).replace("_", " ").capitalize()), _unit(unit)
    return named(name.replace("_", " ").capitalize()), ""


def _unit(unit: str) -> str:
    return pgettext("unit of age", "years") if unit == "years" else unit


def parameter_rows(fit: Fit, model: PopulationModel) -> tuple[ParameterRow, ...]:
    """A row for each parameter of the model, in its order; nothing where there is no fit.

    When the first dose was given is none, though models that change from then on compute with it: nothing of the
    patient is learned by it, nor of other people known.
    """
    rows = []
    for name in model.parameters:
        if name == FIRST_DOSE or name not in fit.parameters or name not in fit.typical:
            continue
        label, unit = split_unit(name)
        population_range = individual_range = ""
        learned = _("same for everybody")
        acting = _acting(fit, model, name)
        values = individual_values(fit, model, name) if acting else None
        if values is not None:
            low, high = (_typically(fit, model, name, acting, side * Z_95) for side in (-1.0, 1.0))
            population_range = _range(min(low, high), max(low, high))
            individual_range = _range(*np.quantile(values, (0.05, 0.95)))
            learned = (
                learned_words(max(fit.shrinkage[k] for k in acting)) if fit.residuals else _("no level to learn from")
            )
        rows.append(
            ParameterRow(
                label,
                unit,
                words.significant(fit.typical[name]),
                population_range,
                words.significant(fit.parameters[name]),
                individual_range,
                learned,
            )
        )
    return tuple(rows)


def individual_values(fit: Fit, model: PopulationModel, name: str) -> Array | None:
    """A parameter in each posterior draw, without inter-occasion effects; None where that is not to be had."""
    if name not in fit.typical or not len(fit.draws) or not _acting(fit, model, name):
        return None

    def drawn(k: int) -> Array:
        known = model.etas[k].name
        return fit.draws[:, fit.eta_names.index(known)] if known in fit.eta_names else np.zeros(1)

    return _moved(fit, model, name, drawn)


def _acting(fit: Fit, model: PopulationModel, name: str) -> list[int]:
    """Numbers of the fit's etas that move a parameter, or a part of it."""
    parts = model.sums.get(name, (name,))
    return [
        k
        for k, eta in enumerate(model.etas)
        if eta.name in fit.eta_names and any(target in parts for target, _factor in eta.targets)
    ]


def _typically(fit: Fit, model: PopulationModel, name: str, acting: list[int], deviations: float) -> float:
    """The parameter where all that moves it is so many standard deviations off, each by its share of the whole."""
    covariance = model.omega[np.ix_(acting, acting)]
    weights = np.array([next(factor for _target, factor in model.etas[k].targets) for k in acting])
    spread = float(np.sqrt(weights @ covariance @ weights))
    # The point of highest density among those where the weighted sum of the etas is that far off.
    shift = covariance @ weights * (deviations / spread) if spread else np.zeros(len(acting))
    place = {k: shift[position] for position, k in enumerate(acting)}
    return float(_moved(fit, model, name, lambda k: np.array([place.get(k, 0.0)]))[0])


def _moved(fit: Fit, model: PopulationModel, name: str, effect: Callable[[int], Array]) -> Array:
    """The parameter where eta number k has the values ``effect(k)``."""
    total: Array = np.zeros(1)
    for part in model.sums.get(name, (name,)):
        x: Array = np.zeros(1)
        for k, eta in enumerate(model.etas):
            for target, factor in eta.targets:
                if target == part:
                    value = effect(k)
                    x = x + factor * (np.expm1(eta.box_cox * value) / eta.box_cox if eta.box_cox else value)
        total = total + _linked(model.links.get(part, Link.LOG), fit.typical[part], x)
    return total


def _linked(link: Link, typical: float, x: Array) -> Array:
    if link is Link.IDENTITY:
        return typical + x
    if link is Link.LOGIT:
        return np.asarray(typical * np.exp(x) / (1.0 - typical + typical * np.exp(x)))
    return np.asarray(typical * np.exp(x))


def _range(low: float, high: float) -> str:
    return f"{words.significant(float(low))}–{words.significant(float(high))}"


def learned_words(shrinkage: float) -> str:
    """What the levels say of a parameter: 1 - posterior sd / prior sd, in words."""
    if shrinkage < 0.05:
        return _("the levels say almost nothing")
    return _("uncertainty {share} smaller by the levels").format(share=words.percent(min(shrinkage, 1.0)))

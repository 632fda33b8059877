"""Go through everything once with a made-up patient, so that every kernel is compiled before it matters.

The numbers mean nothing: they are in the middle of what a model was fitted in.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from twins.estimation.individualise import individualise
from twins.forecasts.compare import compare
from twins.forecasts.limits import Limits
from twins.forecasts.optimise import optimise, way_in
from twins.forecasts.outlook import forecast
from twins.forecasts.simulate import concentrations
from twins.pharmacology.drug import Drug
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan, Regimen
from twins.pharmacology.target import Metric, Target
from twins.quantities.dose import Dose, Route
from twins.samples.course import Course, CovariateValue, Level
from twins.solvers.measure import measure
from twins.solvers.solve import solve
from twins.solvers.system import System
from twins.solvers.timeline import Timeline, tabulate

_START = datetime(2000, 1, 1, tzinfo=UTC)
_PERSON = {
    "age_y": 60.0,
    "male": 1.0,
    "weight_kg": 75.0,
    "height_cm": 175.0,
    "creatinine_mg_per_dl": 1.0,
    "cystatin_c_mg_per_l": 1.0,
}
_DOSES_H = (0.0, 12.0, 24.0)
_LEVELS_H = (11.0, 23.0)
_DISAGREEING = ((1.0, 1.1), (6.0, 0.2))
"""Times what the typical patient would have: levels that agree with the model, and levels that no patient has, which
take the search for a second mode and the chains."""


def carry_once(system: System) -> None:
    """Carry a system for an hour, with exposure and with measures."""
    way = next(iter(system.inputs))
    known = {route.value: route for route in Route}
    route = known.get(way, Route.INTRAVENOUS)
    dose = Dose(0.0, 1.0, 0.0 if route in (Route.ORAL, Route.RECTAL) else 0.5, route, into="" if way in known else way)
    table = tabulate(system, [dose])
    parameters = np.ones((2, 1, len(system.parameters)))
    solve(system, parameters, Timeline(table, np.zeros(1), np.array([0.5, 1.0]), start_h=0.0), exposure=True)
    edges = np.array([0.0, 1.0])
    measure(system, parameters, Timeline(table, np.zeros(1), np.zeros(0), start_h=0.0), edges)


def rehearse(model: PopulationModel, drug: Drug) -> None:
    """Fit, search, compare and forecast a made-up patient of this model.

    Raises
    ------
    CovariateError
        If the middle of the model's ranges is nobody that its equations reach.
    """
    patient = made_up(model)
    outputs = model.system.outputs[0]
    typical = concentrations(model, patient, np.zeros(len(model.etas)), None, _LEVELS_H)[0]
    target = drug.targets[0] if drug.targets else Target("", 0.0, 1.0, "", Metric.TROUGH, outputs.unit)
    for factors in _DISAGREEING:
        levels = tuple(
            Level(time, float(factor * value)) for time, value, factor in zip(_LEVELS_H, typical, factors, strict=True)
        )
        _through(model, replace(patient, levels=levels), target, drug)
    _through(model, patient, target, drug)


def _through(model: PopulationModel, patient: Course, target: Target, drug: Drug) -> None:
    fit = individualise(model, patient, seed=1, draws=50)
    if not fit.draws.shape[0]:
        return
    limits = Limits.of(drug.practice, route=way_in(model, patient))
    few = replace(limits, amounts_mg=limits.amounts_mg[:1], intervals_h=limits.intervals_h[:2])
    proposed = [item.plan for item in optimise(model, patient, fit, target=target, limits=few)]
    regimen = Regimen(patient.doses[0].amount_mg, 12.0, patient.doses[0].duration_h, 36.0, route=patient.doses[0].route)
    compare(model, patient, fit, [Plan("", regimen), *proposed], target=target)
    forecast(model, patient, fit, Plan("", regimen))


def made_up(model: PopulationModel) -> Course:
    """The patient: three doses, and what the model needs of the chart, from the middle of its population."""
    route = way_in(model, Course(model.drug, _START, 0.0))
    length = 1.0 if route is Route.INTRAVENOUS else 0.0
    return Course(
        drug=model.drug,
        start=_START,
        until_h=36.0,
        doses=tuple(Dose(hour, 100.0, length, route) for hour in _DOSES_H),
        covariates=tuple(CovariateValue(name, 0.0, value) for name, value in _chart(model).items()),
    )


def _chart(model: PopulationModel) -> dict[str, float]:
    """What the chart must hold, each value from the middle of the model's population."""
    wanted: Sequence[str] = (
        *model.clinical_inputs,
        *(part for rule in model.derived.values() for part in rule.inputs),
    )
    chart = {name: _PERSON[name] for name in wanted if name in _PERSON}
    for known in model.covariates:
        if known.name in model.derived or known.name.startswith("hours_since"):
            continue
        low, high = known.low or 0.0, known.high
        middle = known.median if known.median is not None else known.default
        if middle is None and known.low is None and high is None:
            middle = _PERSON.get(known.name)
        if middle is None:
            middle = 0.5 * (low + (high if high is not None else 2.0 * max(low, 1.0)))
        if known.name in wanted or known.name not in _computed(model):
            chart[known.name] = middle
    return chart


def _computed(model: PopulationModel) -> set[str]:
    """Covariates that follow from others by a rule of every model."""
    by_creatinine = {"age_y", "weight_kg", "creatinine_mg_per_dl", "male"} <= set(model.clinical_inputs)
    return {"creatinine_clearance_ml_per_min"} if by_creatinine else set()

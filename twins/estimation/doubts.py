"""Why a fit may not be trusted as it stands: sentences for the page."""

from collections.abc import Sequence

import numpy as np

from twins.estimation.fit import LevelResidual
from twins.pharmacology.covariates import CLEARANCE, CovariateHistory, chart_name, cockcroft_gault
from twins.pharmacology.population import PopulationModel
from twins.samples.course import Course

_LARGE_RESIDUAL = 3.0
_LARGE_ETA_SD = 2.5
RISE_MG_PER_DL, RISE_WITHIN_H = 0.3, 48.0
RISE_RATIO, RATIO_WITHIN_H = 1.5, 7 * 24.0
"""Acute kidney injury by creatinine: a rise of 0.3 mg/dL within 48 h, or to 1.5 times the baseline within 7 days.

KDIGO Clinical Practice Guideline for Acute Kidney Injury. Kidney Int Suppl 2012;2:1-138. doi:10.1038/kisup.2012.1
"""
_ROUNDING = 1e-9
"""A rise from 0.9 to 1.2 mg/dL is one of 0.3, whatever its last binary digit."""


def outside_population(model: PopulationModel, course: Course, chart: CovariateHistory) -> tuple[str, ...]:
    """Where the patient lies outside the population that the model was fitted in, or its rules changed a value."""
    said = []
    for known in model.covariates:
        values = chart.values.get(known.name)
        if values is None:
            continue
        low, high = float(values.min()), float(values.max())
        words = chart_name(known.name)
        if known.low is not None and low < known.low:
            said.append(
                f"{_title(words)} of {low:.3g} {known.unit} is below the {known.low:g} of the model's population."
            )
        if known.high is not None and high > known.high:
            said.append(
                f"{_title(words)} of {high:.3g} {known.unit} is above the {known.high:g} of the model's population."
            )
    said += _rules_applied(model, course)
    said += _kidneys_failing(course)
    dialysis = chart.values["haemodialysis"]
    if bool(np.any(dialysis > 0.5)):
        if all(known.name != "haemodialysis" for known in model.covariates):
            said.append(f"The patient is on haemodialysis, which {model.title} does not know of.")
        else:
            said.append(
                f"The patient is on haemodialysis: {model.title} lowers clearance and volume throughout and does not "
                "follow single sessions."
            )
    return tuple(said)


def _title(words: str) -> str:
    return words[:1].upper() + words[1:]


def _rules_applied(model: PopulationModel, course: Course) -> list[str]:
    """The model's floor of creatinine and cap of clearance, where they changed the latest value."""
    at = course.until_h
    latest = {
        name: value.value
        for name in ("age_y", "weight_kg", "creatinine_mg_per_dl", "male", CLEARANCE)
        if (value := course.covariate_at(name, at)) is not None
    }
    rule = model.renal
    said = []
    if CLEARANCE in latest:
        raw = latest[CLEARANCE]
    else:
        age, creatinine = latest["age_y"], latest["creatinine_mg_per_dl"]
        floor = rule.creatinine_floor_mg_per_dl
        if floor is not None and age > (rule.floor_over_age_y or 0.0) and creatinine < floor:
            said.append(
                f"Serum creatinine of {creatinine:g} mg/dL is used as {floor:g}, the model's rule above "
                f"{rule.floor_over_age_y:g} years."
            )
            creatinine = floor
        raw = float(cockcroft_gault(age, latest["weight_kg"], creatinine, latest["male"]))
    cap = rule.cap_ml_per_min
    if cap is not None and raw > cap:
        said.append(
            f"Creatinine clearance of {raw:.0f} mL/min is used as {cap:g}, the model's cap; "
            "in augmented renal clearance true exposure may be lower than forecast; in obesity it is overestimated."
        )
    return said


def _kidneys_failing(course: Course) -> list[str]:
    """A rise of creatinine that Cockcroft-Gault, which assumes a steady one, cannot follow.

    On haemodialysis creatinine rises from session to session, which says nothing new of the kidneys.
    """
    dialysis = course.covariate_at("haemodialysis", course.until_h)
    if dialysis is not None and dialysis.value == 1.0:
        return []
    charted = sorted(
        (value.time_h, value.value)
        for value in course.covariates
        if value.name == "creatinine_mg_per_dl" and value.time_h <= course.until_h
    )
    if not charted or any(value.name == CLEARANCE for value in course.covariates):
        return []
    time, latest = charted[-1]
    for before, value in charted[:-1]:
        soon = time - before <= RISE_WITHIN_H and latest - value >= RISE_MG_PER_DL - _ROUNDING
        steep = time - before <= RATIO_WITHIN_H and latest >= RISE_RATIO * value - _ROUNDING
        if soon or steep:
            return [
                f"Serum creatinine rose from {value:g} to {latest:g} mg/dL in {time - before:.0f} h: kidney function "
                "may be lower than the estimate from it; measure a level soon."
            ]
    return []


def of_fit(
    model: PopulationModel,
    eta: Sequence[float],
    residuals: Sequence[LevelResidual],
    effective: float,
    moves: int,
    draws: int,
) -> tuple[str, ...]:
    """Levels that the model cannot follow, individuals far from the population, and draws that are too few."""
    said = [
        f"The level of {r.observed:g} mg/L at {r.time_h:.1f} h lies {abs(r.weighted_residual):.1f} standard "
        f"deviations {'above' if r.weighted_residual > 0 else 'below'} the fit; check it and the doses before it."
        for r in residuals
        if abs(r.weighted_residual) > _LARGE_RESIDUAL
    ]
    for k, name in enumerate(model.eta_on):
        distance = eta[k] / float(np.sqrt(model.omega[k, k]))
        if abs(distance) > _LARGE_ETA_SD:
            said.append(
                f"{_title(_without_unit(name))} is {np.exp(eta[k]):.2g} times the typical value, {abs(distance):.1f} "
                "standard deviations from the model's population; check the data."
            )
    if moves:
        said.append(
            f"Only {effective:.0f} effective of {draws} draws by importance sampling; {moves} Metropolis moves "
            "were added. Read the bands with care."
        )
    return tuple(said)


def _without_unit(name: str) -> str:
    for ending in ("_l_per_h", "_l"):
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " ")
    return name.replace("_", " ")

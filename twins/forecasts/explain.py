"""Which input moves the answer most: the forecast again, with one input left out or changed."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import individualise
from twins.forecasts import exposure
from twins.forecasts.forecast import Influence
from twins.forecasts.simulate import Present
from twins.pharmacology.covariates import CLEARANCE, chart_name
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.samples.course import Course
from twins.samples.quality import usable_levels

_LATEST_LEVELS = 12
"""In a long course only the latest levels are left out one by one; older ones hardly move the forecast."""
_CHANGES = ((CLEARANCE, 0.2), ("creatinine_mg_per_dl", 0.2), ("weight_kg", 0.1))
"""House settings: how wrong a charted covariate may well be, as a fraction."""


def influences(model: PopulationModel, course: Course, fit: Fit, plan: Plan, target: Target) -> tuple[Influence, ...]:
    """How the plan's AUC24 in its sentence's window moves with each input, the greatest first.

    Every variant is fitted anew with the fit's own seed and number of draws, so that what differs is the input alone.
    """
    before = _answer(model, course, fit, plan, target)
    found = []
    for what, changed, variant in _variants(model, course):
        again = individualise(model, variant, seed=fit.seed, draws=fit.draws.shape[0])
        if again.outcome is FitOutcome.CANNOT:
            continue
        # The variant is what the twin would have believed; the plan starts from the same moment.
        after = _answer(model, variant, again, plan, target)
        found.append(Influence(what, changed, before[0], after[0], before[1], after[1]))
    return tuple(sorted(found, key=lambda item: -abs(item.auc24_after - item.auc24_before)))


def _answer(model: PopulationModel, course: Course, fit: Fit, plan: Plan, target: Target) -> tuple[float, float]:
    exposed = exposure.over_window(Present.reach(model, course, fit.draws), plan, target)
    return float(np.median(exposed.auc24)), exposed.p_in_target


def _variants(model: PopulationModel, course: Course) -> Iterator[tuple[str, str, Course]]:
    levels = usable_levels(course)
    for level in levels[-_LATEST_LEVELS:] if len(levels) > 1 else ():
        rest = tuple(other for other in levels if other is not level)
        yield (
            f"Level of {level.value:g} mg/L at {level.time_h:.1f} h",
            "left out",
            replace(course, levels=rest),
        )
    if levels:
        yield "All levels" if len(levels) > 1 else "The only level", "left out", replace(course, levels=())
    charted = {value.name for value in course.covariates}
    read = {*model.clinical_inputs, CLEARANCE}
    for name, fraction in _CHANGES:
        if name not in charted & read or (name == "creatinine_mg_per_dl" and CLEARANCE in charted):
            continue
        for words, factor in (("higher", 1.0 + fraction), ("lower", 1.0 - fraction)):
            values = tuple(
                replace(value, value=value.value * factor) if value.name == name else value
                for value in course.covariates
            )
            title = chart_name(name)
            yield title[:1].upper() + title[1:], f"{100 * fraction:.0f} % {words}", replace(course, covariates=values)

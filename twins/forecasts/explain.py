"""Which input moves the answer most: the forecast again, with one input left out or changed."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twins.estimation.fit import Fit, FitOutcome
from twins.estimation.individualise import Options, individualise
from twins.forecasts import exposure
from twins.forecasts.forecast import Influence
from twins.forecasts.simulate import AHEAD_H, Present
from twins.pharmacology.covariates import CLEARANCE, chart_name
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.regimen import Plan
from twins.pharmacology.target import Target
from twins.quantities.sentence import MEASURED, Sentence, names
from twins.samples.course import Course, Level
from twins.samples.quality import usable_levels

_LEFT_OUT, _WIDER = Sentence("left out"), Sentence("twice as wide")
_HIGHER, _LOWER = Sentence("{percent:.0f} % higher"), Sentence("{percent:.0f} % lower")
_ALL_LEVELS, _ONLY_LEVEL, _SPREAD = names("All levels", "The only level", "The population's spread")
LEVEL = Sentence("Level of {value:g} {unit} at {time:.1f} h", value=MEASURED)
_LATEST_LEVELS = 12
"""In a long course only the latest levels are left out one by one; older ones hardly move the forecast."""
_CHANGES = {
    CLEARANCE: 0.2,
    "creatinine_mg_per_dl": 0.2,
    "creatinine_umol_per_l": 0.2,
    "weight_kg": 0.1,
    "height_cm": 0.03,
}
"""House settings: how wrong a charted covariate may well be, as a fraction."""
_OTHERWISE = 0.1
_CERTAIN = frozenset({"age_y", "male", "haemodialysis"})
"""Known to the day, or yes or no, which cannot be a little wrong."""
_INSTEAD = frozenset({"creatinine_mg_per_dl", "creatinine_umol_per_l"})
"""Not read where a clearance is charted."""
_PUBLISHED = Options()
_FLATTENED = 4.0
"""A prior of four times the variance: twice as wide, which takes most of its say from it."""


def influences(model: PopulationModel, course: Course, fit: Fit, plan: Plan, target: Target) -> tuple[Influence, ...]:
    """How the target's metric under the plan, in its sentence's window, moves with each input, the greatest first.

    Each level and all of them are left out, each charted covariate that the model reads is moved up and down by as much
    as it may well be wrong, and the prior is widened (where there is a level to set against it). Every variant is
    fitted anew with the fit's own seed and number of draws, so that what differs is the input alone.
    """
    before = _answer(model, course, fit, plan, target)
    found = []
    for what, changed, variant, options in _variants(model, course):
        again = individualise(model, variant, seed=fit.seed, draws=fit.draws.shape[0], options=options)
        if again.outcome is FitOutcome.CANNOT:
            continue
        # The variant is what the twin would have believed; the plan starts from the same moment.
        after = _answer(model, variant, again, plan, target)
        found.append(Influence(what, changed, before[0], after[0], before[1], after[1]))
    return tuple(sorted(found, key=lambda item: -abs(item.after - item.before)))


def _answer(model: PopulationModel, course: Course, fit: Fit, plan: Plan, target: Target) -> tuple[float, float]:
    ahead = max(AHEAD_H, exposure.Window.of(plan, target).to_h)
    present = Present.reach(model, course, fit.draws, seed=fit.seed, ahead_h=ahead)
    exposed = exposure.over_window(present, plan, target)
    return float(np.median(exposed.values)), exposed.p_in_target


def _variants(model: PopulationModel, course: Course) -> Iterator[tuple[str, str, Course, Options]]:
    levels = usable_levels(course)
    for level in levels[-_LATEST_LEVELS:] if len(levels) > 1 else ():
        rest = tuple(other for other in levels if other is not level)
        yield _named(model, level), _LEFT_OUT(), replace(course, levels=rest), _PUBLISHED
    if levels:
        title = _ALL_LEVELS() if len(levels) > 1 else _ONLY_LEVEL()
        yield title, _LEFT_OUT(), replace(course, levels=()), _PUBLISHED
        yield _SPREAD(), _WIDER(), course, Options(flatten=_FLATTENED)
    for name, fraction in _movable(model, course):
        for moved, factor in ((_HIGHER, 1.0 + fraction), (_LOWER, 1.0 - fraction)):
            values = tuple(
                replace(value, value=value.value * factor) if value.name == name else value
                for value in course.covariates
            )
            title = chart_name(name)
            changed = replace(course, covariates=values)
            yield title[:1].upper() + title[1:], moved(percent=100 * fraction), changed, _PUBLISHED


def _named(model: PopulationModel, level: Level) -> str:
    units = {output.name: output.unit for output in model.system.outputs}
    unit = units.get(level.output, model.system.outputs[0].unit)
    return LEVEL(value=level.value, unit=unit, time=level.time_h)


def _movable(model: PopulationModel, course: Course) -> list[tuple[str, float]]:
    """Charted covariates that the model reads, each with the fraction it may well be wrong by."""
    charted: dict[str, list[float]] = {}
    for value in course.covariates:
        charted.setdefault(value.name, []).append(value.value)
    read = {*model.clinical_inputs, *(known.name for known in model.covariates), CLEARANCE}
    read |= {part for rule in model.derived.values() for part in rule.inputs}
    kinds = {known.name for known in model.covariates if known.unit in ("", "1")}
    names = [
        name
        for name, values in charted.items()
        if name in read - _CERTAIN and not (name in kinds and all(value.is_integer() for value in values))
    ]
    if CLEARANCE in charted:
        names = [name for name in names if name not in _INSTEAD]
    order = list(_CHANGES)
    names.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
    return [(name, _CHANGES.get(name, _OTHERWISE)) for name in names]

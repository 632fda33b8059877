"""Why a fit may not be trusted as it stands: sentences for the page."""

from collections.abc import Iterable, Sequence

import numpy as np

from twins.estimation.chains import AGREE
from twins.estimation.fit import Fit, LevelResidual
from twins.estimation.meant import DIALYSIS_UNKNOWN, out_of_range, titled
from twins.estimation.posterior import Posterior, Sampler
from twins.pharmacology.covariates import CLEARANCE, CovariateHistory, cockcroft_gault
from twins.pharmacology.individual import Individual
from twins.pharmacology.kdigo import rise
from twins.pharmacology.population import Eta, Link, PopulationModel
from twins.quantities.dose import Route
from twins.quantities.sentence import CREATININE, MEASURED, NAME, Sentence
from twins.samples.channel import Channel
from twins.samples.course import Course

_LESS_THAN, _EXACTLY = Sentence("less than {value:g}", value=MEASURED), Sentence("{value:g}", value=MEASURED)
_ONE_INTO_A_VEIN = Sentence("1 dose is taken as given into a vein; if by mouth, state the route.")
_INTO_A_VEIN = Sentence("{count:d} doses are taken as given into a vein; if by mouth, state the route.")
_SESSIONS = Sentence("The patient is on haemodialysis: the charted sessions add to the clearance while they last.")
_SESSIONS_BESIDE = Sentence(
    "The patient is on haemodialysis: the charted sessions add to the clearance, which the model lowers throughout, "
    "while they last."
)
_LOWERED = Sentence(
    "The patient is on haemodialysis: {model} lowers clearance and volume throughout and does not follow single "
    "sessions."
)
_FLOOR = Sentence(
    "Serum creatinine of {creatinine:g} {unit} is used as {floor:g}, the model's rule above {age:g} years.",
    creatinine=CREATININE,
    floor=CREATININE,
)
_CAP = Sentence(
    "Creatinine clearance of {clearance:.0f} mL/min is used as {cap:g}, the model's cap; in augmented renal clearance "
    "true exposure may be lower than forecast; in obesity it is overestimated."
)
_RISING = Sentence(
    "Serum creatinine rose from {before:g} to {latest:g} {unit} in {hours:.0f} h: kidney function may be lower than "
    "the estimate from it; measure a level soon.",
    before=CREATININE,
    latest=CREATININE,
)
_FAR_ABOVE = Sentence(
    "The level of {value} {unit} at {time:.1f} h lies {apart:.1f} standard deviations above the fit; check it and the "
    "doses before it.",
    value=(_LESS_THAN, _EXACTLY),
)
_FAR_BELOW = Sentence(
    "The level of {value} {unit} at {time:.1f} h lies {apart:.1f} standard deviations below the fit; check it and the "
    "doses before it.",
    value=(_LESS_THAN, _EXACTLY),
)
_TIMES_TYPICAL = Sentence(
    "{name} is {factor:.2g} times the typical value, {apart:.1f} standard deviations from the model's population; "
    "check the data.",
    name=NAME,
)
_EFFECT = Sentence(
    "The effect on {name} is {apart:.1f} standard deviations from the model's population; check the data.", name=NAME
)
_CHAINS = Sentence(
    "Importance weights were not reliable, so the draws are of Markov chains ({effective:.0f} effective of {draws:d}, "
    "R-hat {r_hat:.2f})."
)
_CHAINS_APART = Sentence(
    "Importance weights were not reliable, so the draws are of Markov chains ({effective:.0f} effective of {draws:d}, "
    "R-hat {r_hat:.2f}), which do not agree; do not rely on the bands."
)
_LARGE_RESIDUAL = 3.0
_LARGE_ETA_SD = 2.5
_CONTRADICTS_SD = 3.0
"""House setting: from here on a level contradicts the model. By the model itself, whose errors and effects are normally
distributed, one level or one patient in 370 lies so far off; a mistyped level or a wrong time or dose is likelier.
"""


def outside_population(model: PopulationModel, course: Course, chart: CovariateHistory) -> tuple[str, ...]:
    """Where the patient lies outside the population that the model was fitted in, or its rules changed a value."""
    said = out_of_range(model, chart)
    said += chart.sentences
    said += _rules_applied(model, course, chart)
    if CLEARANCE in chart.values or "creatinine_mg_per_dl" in chart.values:
        said += _kidneys_failing(course)
    if bool(np.any(chart.values.get("haemodialysis", np.zeros(1)) > 0.5)):
        said.append(_dialysed(model, course))
    said += _into_a_vein(model, course)
    return tuple(said)


def _into_a_vein(model: PopulationModel, course: Course) -> list[str]:
    """Doses of a drug that is also taken by mouth, which are intravenous perhaps only because nothing else was said."""
    if Route.ORAL.value not in model.system.inputs:
        return []
    count = sum(1 + dose.additional for dose in course.doses if dose.route is Route.INTRAVENOUS and not dose.into)
    if count == 0:
        return []
    return [_INTO_A_VEIN(count=count) if count > 1 else _ONE_INTO_A_VEIN()]


def _dialysed(model: PopulationModel, course: Course) -> str:
    known = any(item.name == "haemodialysis" for item in model.covariates)
    if course.dialysis:
        return _SESSIONS_BESIDE() if known else _SESSIONS()
    if known:
        return _LOWERED(model=model.title)
    return DIALYSIS_UNKNOWN(model=model.title)


def _rules_applied(model: PopulationModel, course: Course, chart: CovariateHistory) -> list[str]:
    """The model's floor of creatinine and cap of clearance, where they changed the latest value."""
    if CLEARANCE not in chart.values:
        return []
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
    elif CLEARANCE in model.derived or len(latest) < 4:
        return []
    else:
        age, creatinine = latest["age_y"], latest["creatinine_mg_per_dl"]
        floor = rule.creatinine_floor_mg_per_dl
        if floor is not None and age > (rule.floor_over_age_y or 0.0) and creatinine < floor:
            said.append(
                _FLOOR(creatinine=creatinine, unit=Channel.CREATININE.unit, floor=floor, age=rule.floor_over_age_y)
            )
            creatinine = floor
        raw = float(cockcroft_gault(age, latest["weight_kg"], creatinine, latest["male"]))
    cap = rule.cap_ml_per_min
    if cap is not None and raw > cap:
        said.append(_CAP(clearance=raw, cap=cap))
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
    found = rise([time for time, _ in charted], [value for _, value in charted])
    if found is None:
        return []
    latest, unit = charted[-1][1], Channel.CREATININE.unit
    return [_RISING(before=found.before_mg_per_dl, latest=latest, unit=unit, hours=found.hours)]


def of_fit(individual: Individual, eta: Sequence[float], residuals: Sequence[LevelResidual]) -> tuple[str, ...]:
    """Levels that the model cannot follow, and individuals far from the population."""
    far = _far(residuals, _LARGE_RESIDUAL)
    return far + _unusual(individual.model, individual.names, eta, np.diag(individual.omega), _LARGE_ETA_SD)


def contradicting(model: PopulationModel, fit: Fit) -> tuple[str, ...]:
    """Why the levels of a fit contradict its model: sentences; empty where they do not.

    A level does so that the fit cannot follow (3 residual standard deviations off), and one that it follows only by a
    patient far outside the population (an effect 3 of its standard deviations off).
    """
    variances = list(np.diag(model.omega))
    while model.occasions is not None and len(variances) < len(fit.eta):
        variances += list(np.diag(model.occasions.omega))
    return _far(fit.residuals, _CONTRADICTS_SD) + _unusual(model, fit.eta_names, fit.eta, variances, _CONTRADICTS_SD)


def _far(residuals: Sequence[LevelResidual], beyond: float) -> tuple[str, ...]:
    return tuple(
        (_FAR_ABOVE if r.weighted_residual > 0 else _FAR_BELOW)(
            value=(_LESS_THAN if r.below_limit else _EXACTLY)(value=r.observed),
            unit=r.unit,
            time=r.time_h,
            apart=abs(r.weighted_residual),
        )
        for r in residuals
        if abs(r.weighted_residual) > beyond
    )


def _unusual(
    model: PopulationModel, names: Sequence[str], eta: Sequence[float], variances: Iterable[float], beyond: float
) -> tuple[str, ...]:
    said = []
    for k, (name, value, variance) in enumerate(zip(names, eta, variances, strict=False)):
        distance = value / float(np.sqrt(variance)) if variance > 0.0 else 0.0
        if abs(distance) <= beyond:
            continue
        title = titled(plain_name(name))
        if k < len(model.etas) and _is_factor(model, model.etas[k]):
            said.append(_TIMES_TYPICAL(name=title, factor=float(np.exp(value)), apart=abs(distance)))
        else:
            said.append(_EFFECT(name=title[:1].lower() + title[1:], apart=abs(distance)))
    return tuple(said)


def _is_factor(model: PopulationModel, eta: Eta) -> bool:
    """Whether exp(eta) is what its one component is multiplied by."""
    return eta.box_cox is None and eta.targets == ((eta.name, 1.0),) and model.links.get(eta.name, Link.LOG) is Link.LOG


def of_draws(posterior: Posterior) -> tuple[str, ...]:
    """Draws that are fewer or less certain than they look."""
    if posterior.sampler is not Sampler.CHAINS:
        return ()
    agreed = posterior.r_hat <= AGREE
    said = _CHAINS if agreed else _CHAINS_APART
    return (said(effective=posterior.effective_sample_size, draws=posterior.draws.shape[0], r_hat=posterior.r_hat),)


_TIME_AND_SIZE = ("per", "l", "dl", "ml", "h", "min", "d", "m2", "percent", "iu")
_UNIT_WORDS = frozenset((*_TIME_AND_SIZE, "kg", "g", "mg", "ug", "ng", "mmol", "umol", "nmol"))


def plain_name(name: str) -> str:
    """A parameter's name without its unit: ``clearance`` for ``clearance_l_per_h``."""
    name, comma, rest = name.partition(", ")
    parts = name.split("_")
    while len(parts) > 1 and parts[-1] in _UNIT_WORDS:
        parts.pop()
    return " ".join(parts) + comma + rest

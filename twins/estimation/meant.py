"""Whether a model was made for a patient at all: where it was not, its numbers are no advice."""

from twins.pharmacology.covariates import CLEARANCE, CovariateError, CovariateHistory, chart_name, history
from twins.pharmacology.population import CovariateRange, PopulationModel
from twins.quantities.dose import Route
from twins.quantities.sentence import ANY, NAME, Measured, Sentence, names
from twins.samples.course import Course

_CHARTED = Measured(of="name")
_LOW = Sentence(
    "{name} of {value:.3g} {unit} is below the {low:g} of the model's population.",
    name=NAME,
    value=_CHARTED,
    unit=ANY,
    low=_CHARTED,
)
_HIGH = Sentence(
    "{name} of {value:.3g} {unit} is above the {high:g} of the model's population.",
    name=NAME,
    value=_CHARTED,
    unit=ANY,
    high=_CHARTED,
)
_YEARS, _DAYS = Sentence("{value:g} years"), Sentence("{value:.0f} days")
_TO = Sentence("ages up to {high}", high=(_YEARS, _DAYS))
_FROM = Sentence("ages from {low}", low=(_YEARS, _DAYS))
_BETWEEN = Sentence("ages from {low} to {high}", low=(_YEARS, _DAYS), high=(_YEARS, _DAYS))
_AGES = (_BETWEEN, _FROM, _TO)
_NO_AGE = Sentence("The patient's age is not known; {model} was made for {ages}.", ages=_AGES)
_OTHER_AGE = Sentence("The patient is {age:g} years old; {model} was made for {ages}.", ages=_AGES)
_ROUTE = Sentence("{model} does not know doses given by the {route} route.", route=names(Route))
_MOUTH_ALONE = Sentence("{model} was made of doses by mouth alone; what a dose into a vein does, it does not say.")
DIALYSIS_UNKNOWN = Sentence("The patient is on haemodialysis, which {model} does not know of.")

_AGE = "age_y"
_KIDNEYS = frozenset({CLEARANCE, "creatinine_mg_per_dl"})


def not_meant_for(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Why the model says nothing of this patient: sentences; empty where it was made for such.

    Another age is another physiology; haemodialysis is a clearance that the kidneys' says nothing of; and a model of
    doses by mouth alone has volumes and clearances divided by a bioavailability that nobody knows.
    """
    said = [sentence for sentence in (_age(model, course), _dialysis(model, course)) if sentence]
    said += [sentence for way in sorted({dose.route for dose in course.doses}) if (sentence := wrong_way(model, way))]
    return tuple(said)


def wrong_way(model: PopulationModel, route: Route) -> str:
    """Why a dose of this way in cannot be computed with the model, or nothing."""
    if route.value not in model.system.inputs:
        return _ROUTE(model=model.title, route=route.value)
    oral = model.system.inputs.get(Route.ORAL.value, ())
    if route is Route.INTRAVENOUS and oral and not any(way.fraction for way in oral):
        return _MOUTH_ALONE(model=model.title)
    return ""


def beyond_ranges(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Where a charted value, or one computed from it, lies outside those of the model's population: sentences."""
    try:
        return tuple(out_of_range(model, history(model, course)))
    except CovariateError:
        return ()


def titled(words: str) -> str:
    """With a capital, as at a sentence's beginning."""
    return words[:1].upper() + words[1:]


def out_of_range(model: PopulationModel, chart: CovariateHistory) -> list[str]:
    """The same, of a history that is there."""
    said = []
    for known in model.covariates:
        values = chart.values.get(known.name)
        if values is None:
            continue
        words = titled(chart_name(known.name))
        low, high = float(values.min()), float(values.max())
        if known.low is not None and low < known.low:
            said.append(_LOW(name=words, value=low, unit=known.unit, low=known.low))
        if known.high is not None and high > known.high:
            said.append(_HIGH(name=words, value=high, unit=known.unit, high=known.high))
    return said


def _age(model: PopulationModel, course: Course) -> str:
    known = next((item for item in model.covariates if item.name == _AGE), None)
    if known is None or (known.low is None and known.high is None):
        return ""
    charted = course.covariate_at(_AGE, course.until_h)
    if charted is None:
        return _NO_AGE(model=model.title, ages=_ages(known))
    below = known.low is not None and charted.value < known.low
    above = known.high is not None and charted.value > known.high
    if not (below or above):
        return ""
    return _OTHER_AGE(age=charted.value, model=model.title, ages=_ages(known))


def _ages(known: CovariateRange) -> str:
    if known.low is None:
        return _TO(high=_years(known.high or 0.0))
    if known.high is None:
        return _FROM(low=_years(known.low))
    return _BETWEEN(low=_years(known.low), high=_years(known.high))


def _years(value: float) -> str:
    return _YEARS(value=value) if value >= 1.0 else _DAYS(value=value * 365.25)


def _dialysis(model: PopulationModel, course: Course) -> str:
    now = course.covariate_at("haemodialysis", course.until_h)
    known = {item.name for item in model.covariates}
    if now is None or now.value != 1.0 or "haemodialysis" in known or not known & _KIDNEYS:
        return ""
    return DIALYSIS_UNKNOWN(model=model.title)

"""Whether a model was made for a patient at all: where it was not, its numbers are no advice."""

from twins.pharmacology.covariates import CLEARANCE, CovariateError, CovariateHistory, chart_name, history
from twins.pharmacology.population import CovariateRange, PopulationModel
from twins.quantities.dose import Route
from twins.samples.course import Course

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
        return f"{model.title} does not know doses given by the {route.value} route."
    oral = model.system.inputs.get(Route.ORAL.value, ())
    if route is Route.INTRAVENOUS and oral and not any(way.fraction for way in oral):
        return f"{model.title} was made of doses by mouth alone; what a dose into a vein does, it does not say."
    return ""


def beyond_ranges(model: PopulationModel, course: Course) -> tuple[str, ...]:
    """Where a charted value, or one computed from it, lies outside those of the model's population: sentences."""
    try:
        return tuple(out_of_range(model, history(model, course)))
    except CovariateError:
        return ()


def out_of_range(model: PopulationModel, chart: CovariateHistory) -> list[str]:
    """The same, of a history that is there."""
    said = []
    for known in model.covariates:
        values = chart.values.get(known.name)
        if values is None:
            continue
        words = chart_name(known.name)
        words = words[:1].upper() + words[1:]
        low, high = float(values.min()), float(values.max())
        if known.low is not None and low < known.low:
            said.append(f"{words} of {low:.3g} {known.unit} is below the {known.low:g} of the model's population.")
        if known.high is not None and high > known.high:
            said.append(f"{words} of {high:.3g} {known.unit} is above the {known.high:g} of the model's population.")
    return said


def _age(model: PopulationModel, course: Course) -> str:
    known = next((item for item in model.covariates if item.name == _AGE), None)
    if known is None or (known.low is None and known.high is None):
        return ""
    charted = course.covariate_at(_AGE, course.until_h)
    if charted is None:
        return f"The patient's age is not known; {model.title} was made for {_ages(known)}."
    below = known.low is not None and charted.value < known.low
    above = known.high is not None and charted.value > known.high
    if not (below or above):
        return ""
    return f"The patient is {charted.value:g} years old; {model.title} was made for {_ages(known)}."


def _ages(known: CovariateRange) -> str:
    if known.low is None:
        return f"ages up to {_years(known.high or 0.0)}"
    if known.high is None:
        return f"ages from {_years(known.low)}"
    return f"ages from {_years(known.low)} to {_years(known.high)}"


def _years(value: float) -> str:
    return f"{value:g} years" if value >= 1.0 else f"{value * 365.25:.0f} days"


def _dialysis(model: PopulationModel, course: Course) -> str:
    now = course.covariate_at("haemodialysis", course.until_h)
    names = {item.name for item in model.covariates}
    if now is None or now.value != 1.0 or "haemodialysis" in names or not names & _KIDNEYS:
        return ""
    return f"The patient is on haemodialysis, which {model.title} does not know of."

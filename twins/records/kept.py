"""Of which drugs a twin is kept, and of the others why none is."""

from django.conf import settings

from twins.pharmacology import formulary
from twins.pharmacology.covariates import chart_name
from twins.pharmacology.population import PopulationModel
from twins.records.courses import COVARIATE_CHANNELS

FROM_THE_CHART = frozenset({*COVARIATE_CHANNELS.values(), "age_y", "male", "haemodialysis"})
"""Covariates that come in at the doors, by measurements or with the person."""

_BESIDES = {
    "busulfan": "no public table gave a code for its levels, and it is not given by the population alone",
    "methotrexate": "its one target is for lymphoma of the central nervous system, and no order says the disease",
    "carboplatin": "its model serves to estimate an area from levels, not to choose the next dose",
    "infliximab": "its doses lie further apart than a twin follows as one course",
    "propofol": "it is titrated at the bedside to its effect, which is not followed here",
}


def why_none(drug: str) -> str:
    """Why no twin is kept of a drug of the formulary, as a sentence; empty where one is.

    Raises
    ------
    UnknownDrugError
        If the formulary has no such drug.
    """
    known = formulary.drug(drug)
    if drug in settings.TWIN_MODELS:
        return ""
    return f"No twin of {known.title} is kept: {_reason(drug, formulary.model(known.models[0]))}."


def _reason(drug: str, model: PopulationModel) -> str:
    if drug in _BESIDES:
        return _BESIDES[drug]
    known = formulary.drug(drug)
    if not known.targets:
        return "no target that could be cited ships with it"
    if not model.residuals:
        return f"its first model, {model.title}, only simulates and learns from no level"
    missing = sorted(map(chart_name, missing_at_doors(model)))
    if missing:
        return f"its first model, {model.title}, needs {' and '.join(missing)}, which no door brings"
    return "it was not chosen here (TWIN_MODELS)"


def missing_at_doors(model: PopulationModel) -> frozenset[str]:
    """Inputs without which the model cannot be used and that never come in."""
    return frozenset(model.clinical_inputs) - FROM_THE_CHART

"""Which drugs and models a twin can be kept of at all, and why none is kept of the others."""

from twins.pharmacology import formulary
from twins.pharmacology.covariates import chart_name
from twins.pharmacology.drug import Drug
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.target import Metric
from twins.quantities.sentence import ANY, Listed, Sentence, names, ours
from twins.records.courses import COVARIATE_CHANNELS
from twins.records.followed import followed

FROM_THE_CHART = frozenset({*COVARIATE_CHANNELS.values(), "age_y", "male", "haemodialysis"})
"""Covariates that come in at the doors, by measurements or with the person."""

_BESIDES = {
    "busulfan": ours("no public table gave a code for its levels, and it is not given by the population alone"),
    "methotrexate": ours("its one target is for lymphoma of the central nervous system, and no order says the disease"),
    "carboplatin": ours("its model serves to estimate an area from levels, not to choose the next dose"),
    "infliximab": ours("its doses lie further apart than a twin follows as one course"),
    "propofol": ours("it is titrated at the bedside to its effect, which is not followed here"),
}
_NOT_KEPT = Sentence("No twin of {drug} is kept: {reason}.", drug=ANY, reason=ANY)
_NO_TARGET = Sentence("no target that could be cited ships with it")
_NO_LEVELS = Sentence("no door takes in levels of it, and it is not given by the population alone")
_SIMULATES = Sentence("{model} only simulates and learns from no level")
_AND = " and "
_NEEDS = Sentence("{model} needs {inputs}, which no door brings", inputs=Listed(_AND))
_UNCHARTED = names("cystatin c")
"""Inputs that no model has as a covariate with a meaning."""
_NO_MODEL = Sentence("none of its models can be used: {reason}", reason=(_SIMULATES, _NEEDS))
_NOT_CHOSEN = Sentence("it was not chosen here")


def why_none(drug: str) -> str:
    """Why no twin is kept of a drug of the formulary, as a sentence; empty where one is.

    Raises
    ------
    UnknownDrugError
        If the formulary has no such drug.
    """
    known = formulary.drug(drug)
    if drug in followed():
        return ""
    return _NOT_KEPT(drug=known.title, reason=why_not_drug(drug) or _NOT_CHOSEN())


def why_not_drug(drug: str) -> str:
    """Why no twin of it could be kept, whoever chose it, as the end of a sentence; empty where one could.

    Raises
    ------
    UnknownDrugError
        If the formulary has no such drug.
    """
    known = formulary.drug(drug)
    if drug in _BESIDES:
        return _BESIDES[drug]
    if not known.targets:
        return _NO_TARGET()
    reasons = [why_not_model(model) for model in map(formulary.model, known.models)]
    if all(reasons):
        return _NO_MODEL(reason=reasons[0])
    return _NO_LEVELS() if known.level_channel is None and needs_levels(known) else ""


def why_not_model(model: PopulationModel) -> str:
    """Why no twin could be kept by this model, as the end of a sentence; empty where one could."""
    if not model.residuals:
        return _SIMULATES(model=model.title)
    meanings = {known.name: known.meaning for known in model.covariates}
    missing = sorted(meanings.get(name, chart_name(name)) for name in missing_at_doors(model))
    return _NEEDS(model=model.title, inputs=_AND.join(missing)) if missing else ""


def needs_levels(drug: Drug) -> bool:
    """Whether nobody is given it by the population alone.

    House setting: what is aimed at a pathogen's MIC, a share of the time above it, is also given without any level;
    whatever is aimed at a range of concentrations or of their area is not.
    """
    return drug.target.metric is not Metric.TIME_ABOVE


def missing_at_doors(model: PopulationModel) -> frozenset[str]:
    """Inputs without which the model cannot be used and that never come in."""
    return frozenset(model.clinical_inputs) - FROM_THE_CHART

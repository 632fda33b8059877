"""Each estimate of a twin as an Observation: one for each subject, drug, model and parameter.

Each twin version makes one version of it, of the same number.

The value is the individual estimate (the mode of the posterior), the components are the 5th and 95th percentile of the
posterior draws, between which nine tenths of them lie, and what is typical for the patient's covariates.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from integrations.fhir.publish.basis import Basis
from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import (
    ABSENT,
    CATEGORY,
    PARAMETER,
    STATISTIC,
    TWIN_VERSION,
    concept,
    lasting_id,
    method,
    quantity,
)
from integrations.fhir.publish.units import unit_of, words_of
from twins.estimation.describe import of_draws
from twins.estimation.fit import Fit, FitOutcome
from twins.pharmacology import formulary
from twins.pharmacology.population import PopulationModel
from twins.records.models import TwinVersion
from twins.records.standing import FORECASTABLE
from twins.samples.course import Course

_INTERVAL = (("p5", 0.05, "5th percentile of the posterior"), ("p95", 0.95, "95th percentile of the posterior"))


def estimate_id(version: TwinVersion, parameter: str) -> str:
    return lasting_id("estimate", version.subject_id, version.drug, version.model_id, parameter)


def estimates(version: TwinVersion, course: Course, fit: Fit, *, patient: str, device: str, basis: Basis) -> list[Made]:
    """An Observation for every parameter; `patient` and `device` are references."""
    model = model_of(version)
    names = parameters_of(fit, model)
    ends = interval_of(model, course, fit)
    found = []
    for name in names:
        content: dict[str, Any] = {
            "resourceType": "Observation",
            "identifier": [{"system": TWIN_VERSION, "value": str(version.pk)}],
            "status": "final",
            "category": [concept(CATEGORY, "estimate", "Estimate of a patient's twin")],
            "code": concept(PARAMETER, name, words_of(name), f"{words_of(name).capitalize()} of {version.drug}"),
            "subject": {"reference": patient},
            "effectiveDateTime": version.data_until.isoformat(),
            "issued": version.created_at.isoformat(),
            **_value(fit, name),
            "note": [{"text": text} for text in remarks(fit)],
            "method": method(version.model_id, version.model_version, version.code_version),
            "device": {"reference": device},
            "derivedFrom": basis.of_levels(course),
            "component": _components(fit, name, ends),
        }
        content = {key: value for key, value in content.items() if value != []}
        made = Made(estimate_id(version, name), str(version.number), content, version.subject_id, version.data_until)
        found.append(made)
    return found


def model_of(version: TwinVersion) -> PopulationModel | None:
    """The model that the twin was made with; None where it has changed since, or is gone."""
    try:
        model = formulary.model(version.model_id)
    except formulary.UnknownModelError:
        return None
    return model if model.version == version.model_version else None


def parameters_of(fit: Fit, model: PopulationModel | None) -> list[str]:
    """Names of all that is estimated, whether the fit has it or not."""
    known = (*model.parameters, *model.components) if model is not None else ()
    return list(dict.fromkeys((*fit.parameters, *known)))


def interval_of(model: PopulationModel | None, course: Course, fit: Fit) -> Mapping[str, tuple[float, float]]:
    """Where nine tenths of the draws of each parameter lie; empty where the draws are not of the model as it is."""
    etas = model.eta_on if model is not None else ()
    if model is None or fit.outcome not in FORECASTABLE or not len(fit.draws) or fit.eta_names[: len(etas)] != etas:
        return {}
    drawn = of_draws(model, course, fit.draws)
    return {
        name: (float(low), float(high))
        for name, (low, high) in ((name, np.quantile(values, (0.05, 0.95))) for name, values in drawn.items())
    }


def remarks(fit: Fit) -> list[str]:
    """How far to trust the fit, in sentences."""
    return [
        text for text in dict.fromkeys((str(fit.outcome.value), fit.reason, *fit.warnings, *fit.assumptions)) if text
    ]


def _value(fit: Fit, name: str) -> dict[str, Any]:
    value = fit.parameters.get(name)
    if fit.outcome in FORECASTABLE and value is not None and math.isfinite(value):
        return {"valueQuantity": quantity(value, unit_of(name))}
    if fit.outcome in FORECASTABLE:
        return {"dataAbsentReason": concept(ABSENT, "unknown", "Unknown", "The fit holds no value of it.")}
    code, display = (
        ("error", "Error") if fit.outcome is FitOutcome.NOT_CONVERGED else ("not-performed", "Not Performed")
    )
    return {"dataAbsentReason": concept(ABSENT, code, display, fit.reason or str(fit.outcome.value))}


def _components(fit: Fit, name: str, ends: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    if fit.outcome not in FORECASTABLE:
        return []
    found = []
    if name in ends:
        for (code, _, words), end in zip(_INTERVAL, ends[name], strict=True):
            found.append({"code": concept(STATISTIC, code, words), **_quantity(end, name)})
    if name in fit.typical:
        words = "Typical for the patient's covariates"
        found.append({"code": concept(STATISTIC, "typical", words), **_quantity(fit.typical[name], name)})
    return found


def _quantity(value: float, name: str) -> dict[str, Any]:
    if math.isfinite(value):
        return {"valueQuantity": quantity(value, unit_of(name))}
    return {"dataAbsentReason": concept(ABSENT, "error", "Error", "It could not be computed.")}

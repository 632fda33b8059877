"""``Patient/[id]/$twin-state``: what the twins say of a patient now, or said at a past time."""

from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.operations.twins import date_of, versions_at
from integrations.fhir.operations.whose import Whose, patient_of
from integrations.fhir.publish.basis import Basis
from integrations.fhir.publish.estimates import estimate_id, estimates, model_of, parameters_of, remarks
from integrations.fhir.publish.naming import MODEL, here, quantity
from integrations.readings.models import Resource
from integrations.readings.ours import TWIN
from twins.estimation.fit import Fit
from twins.quantities.clock import moment_at
from twins.records.models import TwinVersion
from twins.records.twins import course_of, fit_of
from twins.samples.course import Course

_json = msgspec.json.Encoder(decimal_format="number").encode


def twin_state(ask: Ask, inputs: Inputs) -> Answer:
    """A ``twin`` for each drug and model, the one that comparisons are made with first.

    Raises
    ------
    Refusal
        404 for a patient who is not there for this caller, 403 where the scope does not cover all Observations.
    """
    inputs.only(("drug", "date"))
    whose = patient_of(ask, "Observation")
    at = date_of(inputs)
    versions = versions_at(inputs, whose, at)
    parameters: list[dict[str, Any]] = [{"name": "patient", "valueReference": {"reference": whose.reference}}]
    if at is not None:
        parameters.append({"name": "date", "valueDateTime": at.isoformat()})
    parameters += [_twin(version, whose, at) for version in versions]
    body = _json({"resourceType": "Parameters", "parameter": parameters})
    detail = {"twin_versions": [str(version.pk) for version in versions]}
    return Answer(200, body, shown=[whose.served], activity="fhir.operation.twin-state", detail=detail)


def _twin(version: TwinVersion, whose: Whose, at: datetime | None) -> dict[str, Any]:
    course, fit = course_of(version), fit_of(version)
    age_h = ((at or timezone.now()) - version.data_until).total_seconds() / 3600.0
    coding = {"system": MODEL, "version": version.model_version, "code": version.model_id}
    parts: list[dict[str, Any]] = [
        {"name": "drug", "valueCode": version.drug},
        {"name": "model", "valueCoding": coding},
        {"name": "version", "valuePositiveInt": version.number},
        {"name": "outcome", "valueCode": version.outcome.lower().replace("_", "-")},
        {"name": "computed", "valueDateTime": version.created_at.isoformat()},
        {"name": "data-until", "valueDateTime": version.data_until.isoformat()},
        {"name": "data-age", "valueQuantity": quantity(round(age_h, 2), "h")},
        {"name": "levels", "valueInteger": len(course.levels)},
        *_last_level(course),
        *_quality(fit),
        *({"name": "remark", "valueString": text} for text in remarks(fit)),
        *(_finding(one, course) for one in course.findings),
        *_estimates(version, course, fit, whose),
    ]
    return {"name": "twin", "part": parts}


def _last_level(course: Course) -> list[dict[str, Any]]:
    if not course.levels:
        return []
    last = max(level.time_h for level in course.levels)
    return [{"name": "last-level", "valueDateTime": moment_at(course.start, last).isoformat()}]


def _quality(fit: Fit) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"name": "effective-sample-size", "valueDecimal": fit.effective_sample_size},
        {"name": "draws", "valueInteger": len(fit.draws)},
    ]
    if fit.sampler:
        parts.append({"name": "sampler", "valueString": fit.sampler})
    if fit.pareto_k is not None:
        parts.append({"name": "pareto-k", "valueDecimal": fit.pareto_k})
    for name, share in zip(fit.eta_names, fit.shrinkage, strict=False):
        parts.append(
            {
                "name": "shrinkage",
                "part": [{"name": "effect", "valueCode": name}, {"name": "share", "valueDecimal": share}],
            }
        )
    for residual in fit.residuals:
        said = [
            {"name": "observed", "valueQuantity": quantity(residual.observed, residual.unit)},
            {"name": "predicted", "valueQuantity": quantity(residual.individual, residual.unit)},
            {"name": "weighted", "valueDecimal": residual.weighted_residual},
        ]
        parts.append({"name": "residual", "part": said})
    return [{"name": "quality", "part": parts}]


def _finding(finding: Any, course: Course) -> dict[str, Any]:
    parts = [
        {"name": "code", "valueCode": str(finding.code)},
        {"name": "sentence", "valueString": finding.sentence},
    ]
    if finding.time_h is not None:
        parts.append({"name": "time", "valueDateTime": moment_at(course.start, finding.time_h).isoformat()})
    return {"name": "finding", "part": parts}


def _estimates(version: TwinVersion, course: Course, fit: Fit, whose: Whose) -> list[dict[str, Any]]:
    """Each as it was published; made now where it was not published yet."""
    names = {estimate_id(version, name): name for name in parameters_of(fit, model_of(version))}
    keys = {f"{TWIN}/Observation/{identifier}": identifier for identifier in names}
    rows = Resource.objects.filter(source_key__in=list(keys), version=str(version.number))
    stored = {keys[key]: msgspec.json.decode(text) for key, text in rows.values_list("source_key", "text")}
    if len(stored) < len(names):
        made = estimates(version, course, fit, patient=whose.reference, device="", basis=Basis({}))
        stored = {**{one.identifier: one.content for one in made}, **stored}
    published = {keys[key] for key in rows.values_list("source_key", flat=True)}
    return [
        _estimate(identifier, name, stored[identifier], version, identifier in published)
        for identifier, name in names.items()
        if identifier in stored
    ]


def _estimate(
    identifier: str, name: str, content: dict[str, Any], version: TwinVersion, is_published: bool
) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": "parameter", "valueCode": name}]
    if "valueQuantity" in content:
        parts.append({"name": "value", "valueQuantity": content["valueQuantity"]})
    if "dataAbsentReason" in content:
        parts.append({"name": "absent", "valueCodeableConcept": content["dataAbsentReason"]})
    for component in content.get("component", ()):
        if "valueQuantity" in component:
            code = component["code"]["coding"][0]["code"]
            parts.append({"name": code, "valueQuantity": component["valueQuantity"]})
    if is_published:
        reference = here("Observation", identifier, str(version.number))
        parts.append({"name": "observation", "valueReference": {"reference": reference}})
    return {"name": "estimate", "part": parts}


TWIN_STATE = Operation(
    name="twin-state",
    title="State of a patient's twins",
    description="The newest estimates of each twin with their intervals, how recent the data are, how good the fit "
    "is, what is doubtful in the data, and the model; or all of that as it was at a past time.",
    types=("Patient",),
    of_instance=True,
    slots=(
        Slot("drug", "code", "Only the twins of this drug"),
        Slot("date", "dateTime", "As it was then"),
        Slot("twin", "Element", "A twin, with its parts", most="*", use="out"),
    ),
    do=twin_state,
)

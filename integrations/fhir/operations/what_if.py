"""``Patient/[id]/$what-if``: plans side by side on the newest twin, computed now or by a worker.

With ``Prefer: respond-async`` the comparison is asked for and kept as one that a person asks for: 202, and the address
in Content-Location tells how far it is, then the answer; DELETE there cancels it. Without, it is computed while the
caller waits, and nothing is kept.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from clinic.access.permissions import granted
from clinic.access.roles import Permission
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.operations.inputs import Inputs
from integrations.fhir.operations.operation import Operation, Slot
from integrations.fhir.operations.outlook import STEP_H, outlook
from integrations.fhir.operations.plans import plans_of
from integrations.fhir.operations.twins import DEFAULT_H, forecastable, horizon_of, is_stepped, step_of
from integrations.fhir.operations.whose import Whose, patient_of
from integrations.fhir.outcome import Refusal
from integrations.fhir.publish.basis import Basis
from integrations.fhir.publish.forecasts import assessment, forecast_id
from integrations.fhir.publish.naming import MODEL, here
from integrations.readings.models import Resource
from integrations.readings.ours import TWIN
from twins.forecasts.compare import compare
from twins.forecasts.forecast import ComparisonResult
from twins.jobs.comparison import request_comparison
from twins.pharmacology.formulary import UnknownModelError
from twins.pharmacology.regimen import Plan
from twins.records.models import Comparison, Job
from twins.records.runtime import code_version
from twins.records.standing import Standing, standing
from twins.records.twins import result_of

_json = msgspec.json.Encoder(decimal_format="number").encode


def what_if(ask: Ask, inputs: Inputs) -> Answer:
    """The current plan first, then those asked for.

    Raises
    ------
    Refusal
        404 for a patient or twin that is not there for this caller, 403 where the scope does not cover forecasts, 400
        and 422 for plans that cannot be compared.
    """
    inputs.only(("drug", "plan", "order", "horizon", "step"))
    if ask.caller.is_person and Permission.COMPARISON_ASK not in granted(ask.caller.actor.roles):
        raise Refusal(403, "forbidden", f"The role of the person does not permit {Permission.COMPARISON_ASK}.")
    whose = patient_of(ask, "RiskAssessment", "Observation")
    twin = forecastable(inputs, whose)
    asked = plans_of(inputs, twin, ask.base, whose.reference)
    plans = (twin.current, *(plan for plan in asked if plan.regimen != twin.current.regimen))
    if not asked:
        raise Refusal(400, "required", "plan is missing; give at least one plan or order", expression="http.plan")
    if "respond-async" in ask.headers.get("prefer", "").lower():
        return _asked(ask, inputs, whose, twin, plans)
    refuse_long(twin, "Prefer: respond-async")
    horizon = horizon_of(inputs)
    step = step_of(inputs, horizon, STEP_H)
    result = compare(
        twin.model, twin.course, twin.fit, plans, target=twin.drug.target, horizon_h=horizon, step_h=step,
        explained=False,
    )  # fmt: skip
    body = answered(twin, whose, result, step)
    detail = {"twin_version": str(twin.version.pk), "plans": len(plans)}
    return Answer(200, body, shown=[whose.served], activity="fhir.operation.what-if", detail=detail)


def _asked(ask: Ask, inputs: Inputs, whose: Whose, twin: Standing, plans: Sequence[Plan]) -> Answer:
    """Ask a worker; what comes of it is kept and published, so a system needs the scope to add it."""
    if not ask.caller.is_person and not ask.caller.may("RiskAssessment", "c"):
        raise Refusal(
            403,
            "forbidden",
            "With Prefer: respond-async the comparison is kept and published; ask for "
            "system/RiskAssessment.c, or leave the preference out.",
        )
    for name in ("horizon", "step"):
        if inputs.one(name) is not None:
            raise Refusal(
                400, "not-supported", f"{name} is not taken with Prefer: respond-async, which always looks "
                f"{DEFAULT_H:g} h ahead; leave it out", expression=f"http.{name}",
            )  # fmt: skip
    if len(plans) < 2:
        raise Refusal(422, "business-rule", "the plan is the current one; give another to compare it with")
    job = request_comparison(twin.version, plans, asked_by=ask.caller.actor.key)
    headers = {"Content-Location": status_address(ask.base, job), "Retry-After": "1"}
    detail = {"twin_version": str(twin.version.pk), "plans": len(plans), "job": str(job.pk)}
    return Answer(202, b"", headers, [whose.served], activity="fhir.operation.what-if", detail=detail)


def status_address(base: str, job: Job) -> str:
    return f"{base}$what-if-status/{job.pk}"


def refuse_long(twin: Standing, way: str) -> None:
    """Raise 422 where the equations are stepped through: that takes longer than a caller should wait."""
    if is_stepped(twin):
        raise Refusal(422, "too-costly", f"{twin.model.title} takes long to compute; ask by {way}")


def header(twin: Standing, whose: Whose) -> list[dict[str, Any]]:
    """Whose, by which twin version, on what data."""
    version = twin.version
    coding = {"system": MODEL, "version": version.model_version, "code": version.model_id}
    return [
        {"name": "patient", "valueReference": {"reference": whose.reference}},
        {"name": "drug", "valueCode": version.drug},
        {"name": "model", "valueCoding": coding},
        {"name": "version", "valuePositiveInt": version.number},
        {"name": "data-until", "valueDateTime": version.data_until.isoformat()},
        {"name": "target", "valueString": twin.drug.target.name},
    ]


def answered(
    twin: Standing, whose: Whose, result: ComparisonResult, step_h: float, comparison: Comparison | None = None
) -> bytes:
    """The Parameters of a comparison; of one that was kept, with the names of what was published of it."""
    unit = twin.model.system.outputs[0].unit
    slug = whose.patient.source_key.split("/", 1)[0]
    basis = Basis.of(twin.version.subject, twin.course, slug)
    parameters = header(twin, whose)
    for position, forecast in enumerate(result.forecasts):
        parts = outlook(
            forecast, result.target, twin.course.start, as_of_h=result.as_of_h, horizon_h=result.horizon_h,
            step_h=step_h, unit=unit,
        )  # fmt: skip
        code = comparison.code_version if comparison else code_version()
        said = assessment(twin.version, forecast, result, twin.course, code=code, patient=whose.reference, basis=basis)
        if comparison is not None and _is_published(comparison, position):
            name = forecast_id(comparison, position)
            parts += [
                {"name": "published", "valueReference": {"reference": here(kind, name, "1")}}
                for kind in ("RiskAssessment", "CarePlan")
            ]
        parts.append({"name": "assessment", "resource": {"resourceType": "RiskAssessment", **said}})
        parameters.append({"name": "plan", "part": parts})
    return _json({"resourceType": "Parameters", "parameter": parameters})


def kept(comparison: Comparison, whose: Whose) -> bytes:
    """The answer of a comparison that a worker made; 422 where the formulary no longer has its model."""
    try:
        twin = standing(comparison.twin_version)
    except UnknownModelError as error:
        raise Refusal(422, "business-rule", str(error)) from error
    return answered(twin, whose, result_of(comparison), STEP_H, comparison)


def _is_published(comparison: Comparison, position: int) -> bool:
    key = f"{TWIN}/RiskAssessment/{forecast_id(comparison, position)}"
    return Resource.objects.filter(source_key=key).exists()


WHAT_IF = Operation(
    name="what-if",
    title="What if: plans side by side",
    description="The current plan and up to six others on the patient's newest twin: percentiles over time, "
    "chances of the target and exposure by day. With Prefer: respond-async the comparison is kept.",
    types=("Patient",),
    of_instance=True,
    affects_state=True,
    slots=(
        Slot("drug", "code", "The drug; needed where the patient has twins of several"),
        Slot("plan", "Element", "A plan: name, dose, interval, duration, start, loading-dose, stop", most="*"),
        Slot("order", "MedicationRequest", "A plan as an order", most="*"),
        Slot("horizon", "decimal", "Hours ahead: 72 unless said otherwise, 24 to 240"),
        Slot("step", "decimal", "Hours between two points"),
        Slot("plan", "Element", "A plan with its forecast", most="*", use="out"),
    ),
    do=what_if,
)

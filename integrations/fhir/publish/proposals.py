"""Each plan of a comparison as a CarePlan: a proposal first; what became of it as version 2."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.codes.us_core import ASSESS_PLAN
from integrations.fhir.publish.forecasts import forecast_id, instant
from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import CATEGORY, COMPARISON, concept, drug_concept, here, quantity
from twins.forecasts.forecast import ComparisonResult
from twins.pharmacology.regimen import Plan, Regimen
from twins.quantities.clock import moment_at
from twins.records.models import Comparison
from twins.samples.course import Course

FIRST, DECIDED = "1", "2"
"""Versions of a proposal: as it was made, and as it was first decided on or overtaken; amendments have later ones."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a plan; by default it is only proposed."""

    status: str = "draft"
    intent: str = "proposal"
    notes: tuple[dict[str, Any], ...] = ()
    identifiers: tuple[dict[str, str], ...] = ()
    replaces: tuple[str, ...] = ()
    """References to the plans that this one takes the place of."""


PROPOSED = Fate()


def proposals(
    comparison: Comparison,
    result: ComparisonResult,
    course: Course,
    *,
    patient: str,
    device: str,
    version: str = FIRST,
    fates: dict[int, Fate] | None = None,
) -> list[Made]:
    """A CarePlan for every plan, in the order of the plans; `fates` by position."""
    twin = comparison.twin_version
    when = moment_at(course.start, result.as_of_h)
    found = []
    for position, forecast in enumerate(result.forecasts):
        plan = forecast.plan
        fate = (fates or {}).get(position, PROPOSED)
        first = max(plan.regimen.start_h, result.as_of_h) if plan.regimen else result.as_of_h
        content = {
            "resourceType": "CarePlan",
            "identifier": [{"system": COMPARISON, "value": f"{comparison.digest}#{position}"}, *fate.identifiers],
            "replaces": [{"reference": name} for name in fate.replaces],
            "status": fate.status,
            "intent": fate.intent,
            "category": [
                concept(CATEGORY, "dosing-plan", "Dosing plan"),
                *([ASSESS_PLAN] if fate.intent == "plan" else []),  # not of a proposal, which nobody has planned
            ],
            "title": f"{twin.drug.capitalize()}: {plan.label}",
            "description": f"{plan.sentence()}. {forecast.sentence}",
            "subject": {"reference": patient},
            "period": {"start": instant(moment_at(course.start, first))},
            "created": comparison.created_at.isoformat(),
            "author": {"reference": device},
            "supportingInfo": [{"reference": here("RiskAssessment", forecast_id(comparison, position), "1")}],
            "activity": list(activities(plan, twin.drug, course.start, when)),
            "note": list(fate.notes),
        }
        content = {key: value for key, value in content.items() if value != []}
        found.append(Made(forecast_id(comparison, position), version, content, twin.subject_id, when))
    return found


def activities(plan: Plan, drug: str, start: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    """What is to be given: the loading dose, if there is one, then the regular doses; or that nothing is."""
    product = drug_concept(drug)
    if plan.regimen is None:
        yield _detail(product, "No further doses.", doNotPerform=True, scheduledPeriod={"start": instant(now)})
        return
    regimen = plan.regimen
    doses = regimen.doses(regimen.start_h + 4.0 * regimen.interval_h)
    first, regular = doses[0], doses[0]
    if regimen.loading_mg is not None:
        regular = doses[1]
        text = f"Loading dose of {first.amount_mg:g} mg{_how(first.duration_h, first.amount_mg, regimen)}, once."
        timing = {"event": [instant(moment_at(start, first.start_h))]}
        yield _detail(product, text, scheduledTiming=timing, quantity=quantity(first.amount_mg, "mg"))
    repeat: dict[str, Any] = {
        "boundsPeriod": {"start": instant(moment_at(start, regular.start_h))},
        **({"duration": regimen.duration_h, "durationUnit": "h"} if regimen.duration_h else {}),
        "frequency": 1,
        "period": regimen.interval_h,
        "periodUnit": "h",
    }
    how = _how(regimen.duration_h, regimen.amount_mg, regimen)
    text = f"{regimen.amount_mg:g} mg{how} every {regimen.interval_h:g} h."
    yield _detail(
        product,
        text,
        scheduledTiming={"repeat": repeat},
        dailyAmount=quantity(regimen.daily_mg, "mg/d"),
        quantity=quantity(regimen.amount_mg, "mg"),
    )


def _how(duration_h: float, amount_mg: float, regimen: Regimen) -> str:
    """The way in, and the rate of an infusion."""
    way = f" {regimen.way}"
    return f"{way} over {duration_h:.3g} h ({amount_mg / duration_h:.4g} mg/h)" if duration_h else way


def _detail(product: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    detail = {"kind": "MedicationRequest", "status": "not-started", **more}
    return {"detail": {**detail, "productCodeableConcept": product, "description": text}}

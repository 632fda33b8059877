"""Each forecast of a comparison as a RiskAssessment: the probabilities of one plan, day by day, and what they stand on.

Each day of the plan has up to three predictions: the target's metric within, above and below the target; above only
where there is a limit. R4 gives probabilities in per cent (RiskAssessment.prediction.probability[x], "max = 100").
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.fhir.publish.basis import Basis
from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import COMPARISON, TARGET, concept, method
from twins.forecasts.averaged import Averaged
from twins.forecasts.forecast import Band, ComparisonResult, DayExposure, PlanForecast
from twins.pharmacology.target import Metric, Target
from twins.quantities.clock import moment_at
from twins.quantities.unit import readable
from twins.records.models import Comparison, TwinVersion
from twins.samples.course import Course


def forecast_id(comparison: Comparison, position: int) -> str:
    """The comparison's key, a hyphen, and the plan's position."""
    return f"{comparison.pk}-{position}"


def forecasts(
    comparison: Comparison, result: ComparisonResult, course: Course, *, patient: str, device: str, basis: Basis
) -> list[Made]:
    """A RiskAssessment for every plan, in the order of the plans."""
    twin = comparison.twin_version
    when = moment_at(course.start, result.as_of_h)
    found = []
    for position, forecast in enumerate(result.forecasts):
        name = {"system": COMPARISON, "value": f"{comparison.digest}#{position}"}
        content = {
            "resourceType": "RiskAssessment",
            "identifier": [name],
            **assessment(
                twin,
                forecast,
                result,
                course,
                code=comparison.code_version,
                patient=patient,
                device=device,
                basis=basis,
            ),
        }
        found.append(Made(forecast_id(comparison, position), "1", content, twin.subject_id, when))
    return found


def assessment(
    twin: TwinVersion,
    forecast: PlanForecast,
    result: ComparisonResult,
    course: Course,
    *,
    code: str,
    patient: str,
    basis: Basis,
    device: str = "",
) -> dict[str, Any]:
    """What a RiskAssessment says of one plan: all but its type and names; `code` is the version that computed it."""
    content = {
        "status": "final",
        "method": _method(twin, result, code),
        "code": {"text": f"{twin.drug.capitalize()} exposure under a dosing plan"},
        "subject": {"reference": patient},
        "occurrenceDateTime": instant(moment_at(course.start, result.as_of_h)),
        "performer": {"reference": device} if device else [],
        "basis": basis.of_forecast(course),
        "prediction": list(predictions(forecast, result.target, course.start)),
        "mitigation": f"{forecast.plan.label}: {forecast.plan.sentence()}",
        "note": [{"text": forecast.sentence}],
    }
    return {key: value for key, value in content.items() if value != []}


def _method(twin: TwinVersion, result: ComparisonResult, code: str) -> dict[str, Any]:
    """The model; where several answered together each of them, with its weight in the text."""
    averaged = Averaged.of(result)
    if averaged is None:
        return method(twin.model_id, twin.model_version, code)
    each = [method(share.model_id, share.model_version, code)["coding"][0] for share in averaged.shares]
    weights = ", ".join(
        f"{share.model_id}, version {share.model_version}: {share.weight:.3f}" for share in averaged.shares
    )
    return {"coding": each, "text": f"averaged by {averaged.weighting.value} ({weights}), computed by {code}"}


def predictions(forecast: PlanForecast, target: Target, start: datetime) -> Iterator[dict[str, Any]]:
    """The probabilities of each day of a plan."""
    for day in forecast.days:
        yield from _of_day(day, forecast, target, start)


def _of_day(day: DayExposure, forecast: PlanForecast, target: Target, start: datetime) -> Iterator[dict[str, Any]]:
    metric, unit, band = measured(day, target)
    behind = f" {unit}" if unit else ""
    aim = f"from {target.low:g} to {target.high:g}"
    if not target.has_limit:
        aim = f"of at least {target.low:g}"
    elif not target.has_floor:
        aim = f"of at most {target.high:g}"
    said = [("in-target", f"{metric} {aim}{behind}", day.p_in_target)]
    if target.has_limit:
        said.append(("above-target", f"{metric} above {target.high:g}{behind}", day.p_above))
    if target.has_floor:
        said.append(("below-target", f"{metric} below {target.low:g}{behind}", day.p_below))
    for code, text, probability in said:
        yield {
            "outcome": concept(TARGET, code, text=text),
            "probabilityDecimal": percent(probability),
            "whenPeriod": {
                "start": instant(moment_at(start, day.from_h)),
                "end": instant(moment_at(start, day.to_h)),
            },
            "rationale": f"Under {forecast.plan.sentence()}: median {metric} {band.q50:.4g}{behind}.",
        }


def measured(day: DayExposure, target: Target) -> tuple[str, str, Band]:
    """What the target is stated in, its unit as a reader writes it, and its quantiles on that day."""
    band = day.auc24 if day.value is None or target.metric is Metric.AUC24 else day.value
    return target.metric.value, readable(target.unit), band


def percent(probability: float) -> Decimal:
    """Per cent to two places: finer than the posterior draws can tell."""
    return Decimal(repr(float(probability) * 100)).quantize(Decimal("0.01"))


def instant(moment: datetime) -> str:
    """In UTC to the second, since searches compare it as text too."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")

"""RiskAssessment: the twin's forecast of one plan of one comparison.

Each day of the plan has three predictions: AUC24 within, above and below the target. R4 gives probabilities in per cent
(RiskAssessment.prediction.probability[x], "max = 100").
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Q

from integrations.fhir import visible
from integrations.fhir.elements import Token, at, moments
from integrations.fhir.identity import server_id
from integrations.fhir.narrow import patients_named, updated
from integrations.fhir.parameters import Criterion, Kind, Parameter
from integrations.fhir.resources.computed import Computed
from integrations.fhir.resources.served import Budget, Key, Order, Served
from twins.forecasts.forecast import ComparisonResult, DayExposure, PlanForecast, Target
from twins.records.models import Comparison

METHOD_SYSTEM = "urn:patient-twin:model"
OUTCOME_SYSTEM = "urn:patient-twin:target-attainment"
_DEFINED = "http://hl7.org/fhir/SearchParameter/"
_BATCH = 20
_encode = msgspec.json.Encoder(decimal_format="number").encode


def _methods(resource: dict[str, Any]) -> Iterator[Token]:
    for coding in resource["method"]["coding"]:
        yield Token(coding["system"], coding["code"])


class RiskAssessmentType(Computed):
    """One resource for each plan; its id is the comparison's, a hyphen, and the plan's position."""

    name = "RiskAssessment"
    parameters = (
        Parameter(
            "patient", Kind.REFERENCE, "Whose risk it is", definition=f"{_DEFINED}clinical-patient",
            targets=("Patient",),
        ),
        Parameter(
            "subject", Kind.REFERENCE, "Whose risk it is", definition=f"{_DEFINED}RiskAssessment-subject",
            targets=("Patient",),
        ),
        Parameter(
            "date", Kind.DATE, "The last moment that the forecast knows of", moments("occurrence"),
            definition=f"{_DEFINED}clinical-date",
        ),
        Parameter("method", Kind.TOKEN, "The model", _methods, definition=f"{_DEFINED}RiskAssessment-method"),
        Parameter("status", Kind.TOKEN, "The status", at("status")),
    )  # fmt: skip

    def read(self, identifier: str, version: str | None = None) -> Served | None:
        found = _numbered(identifier)
        if found is None or version not in (None, "1"):
            return None
        comparison = _rows().filter(pk=found[0]).first()
        if comparison is None or found[1] >= len(comparison.plans):
            return None
        return _assessment(comparison, found[1])[1]

    def end(self) -> None:
        """Reading makes no comparisons, so a search needs no end."""

    def walk(
        self,
        criteria: tuple[Criterion, ...],
        *,
        order: Order = Order(),  # noqa: B008 - a frozen value
        after: Key | None = None,
        until: Key | None = None,  # noqa: ARG002 - see `end`
        reach: Any = None,
        first: int = 0,  # noqa: ARG002
        budget: Budget | None = None,  # noqa: ARG002 - there are few
    ) -> Iterator[Served]:
        newest_first = order.descending
        allowed = visible.criteria(reach, self)
        if allowed is None:
            return
        rows = _rows().filter(_narrow(criteria), visible.rows(reach, self, "twin_version__subject"))
        columns = ("-created_at", "-pk") if newest_first else ("created_at", "pk")
        while True:
            batch = list(_from(rows, after, newest_first).order_by(*columns)[:_BATCH])
            for comparison in batch:
                positions = range(len(comparison.plans))
                for position in reversed(positions) if newest_first else positions:
                    if (
                        after is not None
                        and str(comparison.pk) == after[1]
                        and not _later(position, after, newest_first)
                    ):
                        continue
                    resource, served = _assessment(comparison, position)
                    if _asked_for(criteria, served.id) and all(one.answered_by(resource) for one in criteria):
                        if not visible.answers(allowed, resource):
                            continue
                        yield served
            if len(batch) < _BATCH:
                return
            last = batch[-1]
            after = (last.created_at.isoformat(), str(last.pk), -1 if newest_first else len(last.plans))


def _rows() -> Any:
    return Comparison.objects.select_related("twin_version__subject__patient").defer(
        "twin_version__draws", "twin_version__fit"
    )


def _numbered(identifier: str) -> tuple[str, int] | None:
    """The comparison's key and the plan's position in an id here."""
    key, _, position = identifier.rpartition("-")
    if not (position.isascii() and position.isdigit() and len(position) <= 3):
        return None
    try:
        canonical = str(uuid.UUID(key))
    except ValueError:
        return None
    return (canonical, int(position)) if f"{canonical}-{int(position)}" == identifier else None


def _narrow(criteria: tuple[Criterion, ...]) -> Q:
    narrow = Q()
    for criterion in criteria:
        if criterion.modifier:
            continue
        if criterion.parameter.name == "_id":
            found = [_numbered(value.code or "") for value in criterion.alternatives]
            narrow &= Q(pk__in=[item[0] for item in found if item])
        elif criterion.parameter.name == "_lastUpdated":
            narrow &= updated(criterion.alternatives, "created_at")
        elif criterion.parameter.kind is Kind.REFERENCE:
            narrow &= Q(twin_version__subject__in=patients_named(criterion))
    return narrow


def _asked_for(criteria: tuple[Criterion, ...], identifier: str) -> bool:
    """Whether every ``_id`` of the query lists the id: the database only knows the comparison's part of it."""
    lists = [item.alternatives for item in criteria if item.parameter.name == "_id"]
    return all(identifier in [value.code for value in alternatives] for alternatives in lists)


def _from(rows: Any, after: Key | None, newest_first: bool) -> Any:
    """From the comparison of the key on, itself too: some of its plans may be left."""
    if after is None:
        return rows
    moment, key = datetime.fromisoformat(str(after[0])), str(after[1])
    if newest_first:
        return rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lte=key))
    return rows.filter(Q(created_at__gt=moment) | Q(created_at=moment, pk__gte=key))


def _later(position: int, after: Key, newest_first: bool) -> bool:
    return position < int(after[2]) if newest_first else position > int(after[2])


def _assessment(comparison: Comparison, position: int) -> tuple[dict[str, Any], Served]:
    twin = comparison.twin_version
    result = ComparisonResult.from_json(comparison.result)
    forecast = result.forecasts[position]
    start = datetime.fromisoformat(twin.course["start"])
    patient = twin.subject.patient.source_key
    identifier = f"{comparison.pk}-{position}"
    drug = twin.drug.capitalize()
    resource: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": identifier,
        "meta": {"versionId": "1", "lastUpdated": comparison.created_at.astimezone(UTC)},
        "identifier": [{"system": "urn:patient-twin:comparison", "value": f"{comparison.digest}#{position}"}],
        "status": "final",
        "method": {
            "coding": [{"system": METHOD_SYSTEM, "version": twin.model_version, "code": twin.model_id}],
            "text": f"{twin.model_id}, version {twin.model_version}, computed by {comparison.code_version}",
        },
        "code": {"text": f"{drug} exposure under a dosing plan"},
        "subject": {"reference": f"Patient/{server_id(patient)}"},
        "occurrenceDateTime": _instant(start, result.as_of_h),
        "basis": _basis(twin.course, patient.split("/", 1)[0]),
        "prediction": [
            prediction for day in forecast.days for prediction in _predictions(day, result.target, start, forecast)
        ],
        "mitigation": f"{forecast.plan.label}: {forecast.plan.sentence()}",
        "note": [{"text": forecast.sentence}],
    }
    resource = {name: value for name, value in resource.items() if value != []}
    body = _encode(resource)
    key = (comparison.created_at.isoformat(), str(comparison.pk), position)
    return resource, Served("RiskAssessment", identifier, "1", comparison.created_at, body, key, str(twin.subject_id))


def _basis(course: dict[str, Any], slug: str) -> list[dict[str, str]]:
    """The Observations of the levels that the twin learned from, each once."""
    sources = dict.fromkeys(level["source"] for level in course["levels"] if level.get("source"))
    return [
        {"reference": f"{kind}/{server_id(f'{slug}/{kind}/{identifier}')}"}
        for kind, _, identifier in (source.partition("/") for source in sources)
        if identifier
    ]


def _predictions(day: DayExposure, target: Target, start: datetime, forecast: PlanForecast) -> Iterator[dict[str, Any]]:
    low, high = f"{target.low:g}", f"{target.high:g}"
    span = {"start": _instant(start, day.from_h), "end": _instant(start, day.to_h)}
    for name, text, probability in (
        ("in-target", f"AUC24 from {low} to {high} mg·h/L", day.p_in_target),
        ("above-target", f"AUC24 above {high} mg·h/L", day.p_above),
        ("below-target", f"AUC24 below {low} mg·h/L", day.p_below),
    ):
        yield {
            "outcome": {"coding": [{"system": OUTCOME_SYSTEM, "code": name}], "text": text},
            "probabilityDecimal": _percent(probability),
            "whenPeriod": span,
            "rationale": f"Under {forecast.plan.sentence()}: median AUC24 {day.auc24.q50:.0f} mg·h/L.",
        }


def _percent(probability: float) -> Decimal:
    """Per cent to two places: finer than the posterior draws can tell."""
    return Decimal(repr(float(probability) * 100)).quantize(Decimal("0.01"))


def _instant(start: datetime, hours: float) -> str:
    """To the second, since `moments` compares it as text too."""
    return (start + timedelta(hours=hours)).astimezone(UTC).isoformat(timespec="seconds")


RISK_ASSESSMENT = RiskAssessmentType()

"""Subscriptions as systems ask for them, and what happens in the house to be told of."""

import json
from typing import Any

from django.test import Client
from django.utils import timezone

from clinic.patients.models import Patient
from integrations.fhir.subscriptions import backport
from integrations.fhir.subscriptions.models import Subscriber
from integrations.fhir.subscriptions.topics import RISK_CROSSED, TWIN_UPDATED
from tests.factories import vancomycin_case as case
from tests.factories.patient_records import twin
from twins.records.models import Comparison, TwinVersion

JSON = "application/fhir+json"
RISK = RISK_CROSSED.canonical
UPDATED = TWIN_UPDATED.canonical
SECRET = "Bearer top-secret-value-1234567890"


def subscription(
    url: str,
    *,
    topic: str = UPDATED,
    content: str = "id-only",
    filters: tuple[str, ...] = (),
    header: list[str] | None = None,
    numbers: dict[str, int] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A Subscription by the backport profile; `numbers` are the extensions of its channel, by address."""
    channel: dict[str, Any] = {
        "type": "rest-hook",
        "endpoint": url,
        "payload": JSON,
        "_payload": {"extension": [{"url": backport.CONTENT, "valueCode": content}]},
    }
    if header:
        channel["header"] = header
    if numbers:
        kinds = {backport.MAX_COUNT: "valuePositiveInt"}
        channel["extension"] = [{"url": url, kinds.get(url, "valueUnsignedInt"): n} for url, n in numbers.items()]
    asked: dict[str, Any] = {
        "resourceType": "Subscription",
        "meta": {"profile": [backport.PROFILE]},
        "status": "requested",
        "reason": "Tell the ward",
        "criteria": topic,
        "channel": channel,
    }
    if filters:
        asked["_criteria"] = {"extension": [{"url": backport.FILTER, "valueString": text} for text in filters]}
    return asked | changes


def post(client: Client, resource: dict[str, Any]) -> Any:
    return client.post("/fhir/Subscription", json.dumps(resource), content_type=JSON)


def put(client: Client, identifier: str, resource: dict[str, Any]) -> Any:
    body = json.dumps(resource | {"id": identifier})
    return client.put(f"/fhir/Subscription/{identifier}", body, content_type=JSON)


def subscribed(client: Client, resource: dict[str, Any]) -> Subscriber:
    """The subscription, before its handshake."""
    answer = post(client, resource)
    assert answer.status_code == 201, answer.content
    return Subscriber.objects.get(identifier=answer.json()["id"])


def due(subscriber: Subscriber) -> Subscriber:
    """Let its next try be now."""
    Subscriber.objects.filter(pk=subscriber.pk, next_try__isnull=False).update(next_try=timezone.now())
    subscriber.refresh_from_db()
    return subscriber


def learns(patient: Patient, *, after: TwinVersion | None = None, above: float | None = None) -> TwinVersion:
    """The patient's twin gets a new version, with a comparison where the chance `above` its target is given."""
    course = case.course()
    result = case.result(course, None)
    version, comparison = twin(
        patient.subject, course=course, parent=after, with_records=False, compared=above is not None,
        result=None if above is None else _with_chance(result, above),
    )  # fmt: skip
    assert isinstance(comparison, Comparison | None)
    return version


def _with_chance(result: Any, above: float) -> Any:
    from twins.forecasts.forecast import ComparisonResult

    data = result.to_json()
    for day in data["forecasts"][0]["days"]:
        day |= {"p_above": above, "p_in_target": 1.0 - above, "p_below": 0.0}
    return ComparisonResult.from_json(data)

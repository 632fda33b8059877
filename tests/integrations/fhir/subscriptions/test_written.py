"""A subscription is taken as the profile has it, and refused by name where it is not supported."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class

from clinic.patients.models import Patient
from integrations.fhir.interactions.sealed import MASK
from integrations.fhir.subscriptions import backport
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import Subscriber
from integrations.fhir.subscriptions.topics import TOPICS
from integrations.fhir.validate.faults import faults
from integrations.readings.models import Resource
from tests.api.conftest import entries
from tests.integrations.fhir.subscriptions.asked import (
    JSON,
    RISK,
    UPDATED,
    post,
    put,
    subscribed,
    subscription,
)
from tests.integrations.fhir.subscriptions.receiver import Receiver

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/hook"


def channel(**changes: Any) -> dict[str, Any]:
    made = subscription(URL)["channel"] | changes
    return {"channel": {name: value for name, value in made.items() if value is not None}}


def with_extension(url: str, **value: Any) -> dict[str, Any]:
    return channel(extension=[{"url": url, **value}])


def test_what_is_offered_is_declared(client: Client) -> None:
    rest = client.get("/fhir/metadata").json()["rest"][0]
    (declared,) = [one for one in rest["resource"] if one["type"] == "Subscription"]
    assert declared["supportedProfile"] == [backport.PROFILE]
    assert [one["valueCanonical"] for one in declared["extension"]] == list(TOPICS)
    assert {one["url"] for one in declared["extension"]} == {backport.TOPIC_DECLARED}
    assert {one["name"]: one["definition"] for one in declared["operation"]} == {
        "status": backport.STATUS_OPERATION,
        "events": backport.EVENTS_OPERATION,
        "validate": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    }


def test_each_topic_is_served_as_the_basic_that_stands_for_it_in_r4(caller: Client) -> None:
    found = entries(caller.get("/fhir/Basic", {"code": "http://hl7.org/fhir/fhir-types|SubscriptionTopic"}))
    assert [one["id"] for one in found] == sorted(topic.name for topic in TOPICS.values())
    for one in found:
        text = caller.get(f"/fhir/Basic/{one['id']}").content.decode()
        get_fhir_model_class("Basic").model_validate_json(text)
        assert faults("Basic", text, json.loads(text)) == []
    (risk,) = entries(caller.get("/fhir/Basic", {"url": RISK}))
    values: dict[str, Any] = {}
    for extension in risk["extension"]:
        parts = extension.get("extension", [extension])
        named = {part["url"].rpartition(".")[2]: list(part.values())[1] for part in parts}
        values.setdefault(extension["url"].rpartition(".")[2], []).append(named)
    assert values["url"] == [{"url": RISK}]
    assert [one["filterParameter"] for one in values["canFilterBy"]] == list(TOPICS[RISK].filters)
    assert values["notificationShape"] == [{"resource": "http://hl7.org/fhir/StructureDefinition/RiskAssessment"}]
    assert caller.put("/fhir/Basic/pull-failed", "{}", content_type=JSON).status_code == 405


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"criteria": "Observation?code=1"}, "'Observation?code=1', which is no topic"),
        ({"status": "active"}, "status is 'active'"),
        ({"status": "off"}, "status is 'off'"),
        ({"end": "2020-01-01T00:00:00Z"}, "which is past"),
        (channel(type="websocket"), "the channel 'websocket'"),
        (channel(type="email"), "the channel 'email'"),
        (channel(_type={"extension": [{"url": backport.CHANNEL_TYPE, "valueCoding": {"code": "zulip"}}]}), "channel"),
        (channel(payload="application/fhir+xml"), "the payload 'application/fhir+xml'"),
        (channel(_payload=None), "the payload content is None"),
        (channel(_payload={"extension": [{"url": backport.CONTENT, "valueCode": "all"}]}), "'all'"),
        (channel(endpoint=None), "'' is not an https address"),
        (channel(endpoint="ftp://host.example/x"), "ftp://host.example/x"),
        (channel(header=["Cookie: a=b"]), "the header 'Cookie'"),
        (channel(header=["Host: elsewhere"]), "the header 'Host'"),
        (channel(header=["no colon"]), "the header ''"),
        (channel(header=["Authorization: a", "authorization: b"]), "Authorization came twice"),
        (channel(header=["Authorization: a\r\nX-Evil: b"]), "the header Authorization"),
        (channel(header=["Authorization: Bëarer"]), "the header Authorization"),
        (channel(header=[f"Authorization: {MASK}"]), "no value of the header Authorization is kept for this"),
        (with_extension(backport.TIMEOUT, valueUnsignedInt=3600), "timeout is 3600"),
        (with_extension(backport.HEARTBEAT, valueUnsignedInt=1), "heartbeat-period is 1"),
        (with_extension(backport.MAX_COUNT, valuePositiveInt=1000), "max-count is 1000"),
        (with_extension(f"{backport.GUIDE}StructureDefinition/backport-other", valueString="x"), "backport-other"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(caller: Client, changes: dict[str, Any], named: str) -> None:
    answer = post(caller, subscription(URL) | changes)
    assert answer.status_code == 422, answer.content
    (issue, *_) = answer.json()["issue"]
    assert named in issue["details"]["text"]
    assert issue["expression"][0].startswith("Subscription")
    assert not Subscriber.objects.exists()
    assert not Resource.objects.exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Observation?colour=red", "'colour' is no filter"),
        ("Observation?probability=20", "'probability' is no filter"),
        ("RiskAssessment?drug=vancomycin", "is none of this topic"),
        ("drug", "is none of this topic"),
        ("Observation?drug=aspirin", "drug is 'aspirin'"),
        ("Observation?model=nonsense", "model is 'nonsense'"),
        ("Observation?drug=vancomycin&drug=vancomycin", "came twice"),
        ("Observation?drug=", "has 0 values"),
        ("Observation?patient=Patient/nobody", "no patient 'Patient/nobody'"),
    ],
)
def test_a_filter_that_cannot_hold_is_refused_by_name(caller: Client, text: str, named: str) -> None:
    answer = post(caller, subscription(URL, filters=(text,)))
    assert answer.status_code == 422
    assert named in answer.json()["issue"][0]["details"]["text"]


@pytest.mark.parametrize("limit", ["0", "100", "-1", "nan", "inf", "x"])
def test_a_limit_is_per_cent(caller: Client, limit: str) -> None:
    answer = post(caller, subscription(URL, topic=RISK, filters=(f"RiskAssessment?probability={limit}",)))
    assert answer.status_code == 422
    assert "probability is" in answer.json()["issue"][0]["details"]["text"]


def test_what_is_asked_for_is_kept(caller: Client, patient: Patient) -> None:
    end = timezone.now().replace(microsecond=0) + timedelta(days=1)
    numbers = {backport.HEARTBEAT: 60, backport.TIMEOUT: 5, backport.MAX_COUNT: 7}
    filters = ("RiskAssessment?patient=Patient/ward.p1&drug=vancomycin", "RiskAssessment?probability=20")
    asked = subscription(
        URL, topic=RISK, content="full-resource", filters=filters, numbers=numbers, end=end.isoformat()
    )
    kept = subscribed(caller, asked)
    assert (kept.heartbeat_s, kept.timeout_s, kept.most_at_once, kept.ends) == (60, 5, 7, end)
    assert kept.filters == {"patient": [str(patient.subject_id)], "drug": ["vancomycin"], "probability": ["20.0"]}
    served = caller.get(f"/fhir/Subscription/{kept.identifier}").json()
    assert {name: served[name] for name in asked if name != "meta"} == {
        name: value for name, value in asked.items() if name != "meta"
    }


def test_a_new_address_is_shaken_hands_with_before_anything_is_told(caller: Client, receiver: Receiver) -> None:
    subscriber = subscribed(caller, subscription(receiver.url))
    deliver(subscriber.pk)
    served = caller.get(f"/fhir/Subscription/{subscriber.identifier}").json()
    served["channel"]["endpoint"] = URL
    refused = put(caller, subscriber.identifier, served)
    assert refused.status_code == 422
    assert "status is 'active'" in refused.json()["issue"][0]["details"]["text"]


def test_put_creates_and_search_finds(caller: Client, receiver: Receiver) -> None:
    assert put(caller, "mine-1", subscription(receiver.url)).status_code == 201
    found = caller.get("/fhir/Subscription", {"criteria": UPDATED, "status": "requested"}).json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == ["mine-1"]
    assert (
        caller.patch("/fhir/Subscription/mine-1", "[]", content_type="application/json-patch+json").status_code == 405
    )

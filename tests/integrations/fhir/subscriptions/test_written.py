"""A subscription is taken as the profile has it, refused by name where it is not supported, and its secrets stay so."""

import json
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class

from clinic.patients.models import Patient
from integrations.fhir.interactions.sealed import MASK
from integrations.fhir.subscriptions import backport, endpoint, headers, wanted
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import State, Subscriber
from integrations.fhir.subscriptions.topics import TOPICS
from integrations.fhir.validate.faults import faults
from integrations.readings.models import QuarantineEntry, Reading, Resource
from integrations.readings.quarantine import retry
from tests.api.conftest import entries
from tests.integrations.fhir.subscriptions.asked import (
    JSON,
    RISK,
    SECRET,
    UPDATED,
    post,
    put,
    subscribed,
    subscription,
)
from tests.integrations.fhir.subscriptions.receiver import Receiver

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/hook"
CONTENT_OF = {"extension": [{"url": backport.CONTENT, "valueCode": "id-only"}]}


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
        (channel(header=[f"Authorization: {MASK}"]), "no value of the header Authorization is kept"),
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


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.5/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/x",
        "https://[fe80::1]/x",
        "https://0.0.0.0/x",
        "https://localhost/x",
        "https://user:word@hook.example/x",
        "https://hook.example/x#part",
        "https:///x",
        "file:///etc/passwd",
        "gopher://hook.example/x",
    ],
)
def test_no_notification_goes_to_a_private_place(caller: Client, settings: Any, url: str) -> None:
    settings.SUBSCRIPTION_PRIVATE_ADDRESSES = False
    answer = post(caller, subscription(url))
    assert answer.status_code == 422, answer.content
    assert answer.json()["issue"][0]["expression"] == ["Subscription.channel.endpoint"]
    assert not Subscriber.objects.exists()


def test_a_name_that_leads_to_a_private_address_among_others_is_refused(
    caller: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SUBSCRIPTION_PRIVATE_ADDRESSES = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("93.184.216.34", "10.1.1.1")]
    monkeypatch.setattr(endpoint.socket, "getaddrinfo", lambda *_, **__: found)
    assert post(caller, subscription("https://hook.example/x")).status_code == 422


def test_names_are_looked_up_before_the_database_is_held(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    depths: list[int] = []

    def slow(host: str, *_: Any, **__: Any) -> Any:
        depths.append(len(connection.savepoint_ids))
        if host == "nowhere.example":
            raise OSError
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]

    outside = len(connection.savepoint_ids)
    monkeypatch.setattr(endpoint.socket, "getaddrinfo", slow)
    answer = post(caller, subscription("https://hook.example/x"))
    assert answer.status_code == 201, answer.content
    assert put(caller, answer.json()["id"], subscription("https://other.example/x")).status_code == 200
    batch = [
        {"request": {"method": "POST", "url": kind}, "resource": resource}
        for kind, resource in (
            ("Patient", {"resourceType": "Patient", "gender": "male"}),
            ("Subscription", subscription("https://nowhere.example/x")),
            ("Subscription", subscription("https://hook.example/x")),
        )
    ]
    answer = caller.post(
        "/fhir", json.dumps({"resourceType": "Bundle", "type": "batch", "entry": batch}), content_type=JSON
    )
    assert [one["response"]["status"][:3] for one in answer.json()["entry"]] == ["201", "422", "201"]
    assert depths == [outside] * 4


def test_the_lookup_of_many_names_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "LONGEST_LOOKUP_S", -1)
    found = wanted.looked_up([subscription("https://hook.example/x")])
    assert "could not be looked up in time" in found["https://hook.example/x"]


def test_a_name_that_changes_its_address_later_is_not_followed(
    caller: Client, settings: Any, receiver: Receiver
) -> None:
    """Resolved anew for each notification, and judged anew."""
    subscriber = subscribed(caller, subscription(receiver.url))
    settings.SUBSCRIPTION_PRIVATE_ADDRESSES = False
    deliver(subscriber.pk)
    assert receiver.bundles == []
    subscriber.refresh_from_db()
    assert subscriber.tries == 1


def test_the_connection_goes_to_the_address_that_was_judged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    asked: list[str] = []

    def once(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with monkeypatch.context() as patched:
        patched.setattr(endpoint, "socket", type("S", (), {"getaddrinfo": staticmethod(once), "SOCK_STREAM": 1}))
        reply = endpoint.send(f"http://hook.example:{port}/x", b"{}", {}, timeout_s=5)
    assert reply.error == ""
    assert asked == ["hook.example"]
    assert receiver.headers[0]["Host"] == f"hook.example:{port}"


def everywhere() -> str:
    """All that the database holds, as text, but for the sealed column itself."""
    texts = []
    for model in apps.get_models():
        for row in model.objects.all().values():
            texts.append(repr({name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()}))
    return "\n".join(texts)


def test_a_secret_is_sent_and_shown_nowhere(
    caller: Client, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    asked = subscription(receiver.url, header=[f"authorization: {SECRET}", "X-API-Key: key-9876543210"])
    answer = post(caller, asked)
    identifier = answer.json()["id"]
    deliver(Subscriber.objects.get().pk)
    assert receiver.headers[0]["Authorization"] == SECRET
    assert receiver.headers[0]["X-API-Key"] == "key-9876543210"
    shown = [
        answer,
        caller.get(f"/fhir/Subscription/{identifier}"),
        caller.get(f"/fhir/Subscription/{identifier}/_history"),
        caller.get(f"/fhir/Subscription/{identifier}/_history/1"),
        caller.get("/fhir/Subscription"),
        caller.get(f"/fhir/Subscription/{identifier}/$status"),
        caller.get(f"/fhir/Subscription/{identifier}/$events"),
        caller.get("/fhir/AuditEvent?_count=200"),
    ]
    for one in shown:
        assert one.status_code in (200, 201), one.content
    told = "\n".join(one.content.decode() for one in shown) + everywhere() + caplog.text
    for secret in ("top-secret-value", "key-9876543210"):
        assert secret not in told
    assert json.loads(shown[1].content)["channel"]["header"] == [f"Authorization: {MASK}", f"X-API-Key: {MASK}"]
    assert {bytes(reading.content).count(b"sealed-") for reading in Reading.objects.all()} == {0}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(subscription(URL, topic="nonsense", header=[f"Authorization: {SECRET}"])),
        json.dumps(subscription(URL, header=[f"Cookie: {SECRET}"])),
        json.dumps(subscription(URL, header=[SECRET])),
        json.dumps(subscription(URL) | channel(header=f"Authorization: {SECRET}")),
        json.dumps(subscription(URL, header=[f"Authorization: {SECRET}"]))[:-3],
        json.dumps(subscription(URL, header=[f"Authorization: {SECRET}"])).replace("Subscr", "\\u0053ubscr"),
        json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [
            {"resource": subscription(URL, topic="x", header=[f"Authorization: {SECRET}"]),
             "request": {"method": "POST", "url": "Subscription"}}]}),
        json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": subscription(URL, header=[f"Authorization: {SECRET}"]),
             "request": {"method": "POST", "url": "Subscription"}}]}),
        json.dumps({"resourceType": "Patient", "contained": [subscription(URL, header=[f"Authorization: {SECRET}"])]}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("address", ["/fhir/Subscription", "/fhir", "/fhir/Patient"])
def test_what_is_refused_is_kept_without_its_secret(caller: Client, address: str, body: str) -> None:
    answer = caller.post(address, body, content_type=JSON)
    assert answer.status_code in (200, 201, 400, 422)
    assert "top-secret-value" not in everywhere() + answer.content.decode()


def test_what_holds_no_subscription_is_kept_to_the_byte(caller: Client) -> None:
    body = '{"resourceType": "Patient",  "gender": "nonsense", "x": 1e1}'
    assert caller.post("/fhir/Patient", body, content_type=JSON).status_code == 422
    assert bytes(Reading.objects.get().content) == body.encode()
    assert QuarantineEntry.objects.count() == 1


def test_a_refused_subscription_is_not_made_anew_without_its_owner(
    caller: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_names:
        without_names.setattr(endpoint.socket, "getaddrinfo", _nobody)
        assert post(caller, subscription(receiver.url)).status_code == 422
    assert (retry().tried, Subscriber.objects.count()) == (1, 0)
    assert "must come again" in QuarantineEntry.objects.get().detail


def _nobody(*_: Any, **__: Any) -> Any:
    raise OSError


def test_an_update_that_shows_the_mask_keeps_the_secret_and_a_new_one_replaces_it(
    caller: Client, receiver: Receiver
) -> None:
    subscriber = subscribed(caller, subscription(receiver.url, header=[f"Authorization: {SECRET}"]))
    deliver(subscriber.pk)
    served = caller.get(f"/fhir/Subscription/{subscriber.identifier}").json()
    assert put(caller, subscriber.identifier, served | {"reason": "Another"}).status_code == 200
    subscriber.refresh_from_db()
    assert subscriber.state == State.ACTIVE, "an active one that is sent as it is goes on"
    assert headers.unseal(subscriber.sealed_headers) == {"Authorization": SECRET}
    served["channel"]["header"] = ["Authorization: Bearer another"]
    assert put(caller, subscriber.identifier, served | {"status": "requested"}).status_code == 200
    deliver(subscriber.pk)
    assert receiver.headers[-1]["Authorization"] == "Bearer another"
    assert receiver.kinds == ["handshake", "handshake"]


def test_the_same_text_with_another_secret_replaces_it(caller: Client, receiver: Receiver) -> None:
    subscriber = subscribed(caller, subscription(receiver.url, header=[f"Authorization: {SECRET}"]))
    again = subscription(receiver.url, header=["Authorization: Bearer another"])
    put(caller, subscriber.identifier, again)
    put(caller, subscriber.identifier, again | {"channel": again["channel"] | {"header": ["Authorization: third"]}})
    deliver(subscriber.pk)
    assert receiver.headers[-1]["Authorization"] == "third"


def test_headers_of_another_secret_key_are_not_read_and_nothing_is_sent(
    caller: Client, receiver: Receiver, settings: Any
) -> None:
    subscriber = subscribed(caller, subscription(receiver.url, header=[f"Authorization: {SECRET}"]))
    settings.SECRET_KEY = "another" * 10
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert receiver.bundles == []
    assert "secret key changed" in subscriber.error


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

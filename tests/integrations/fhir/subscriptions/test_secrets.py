"""What a subscription sends in headers is kept sealed, and is shown nowhere."""

import base64
import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.test import Client

from integrations.fhir.interactions.sealed import MASK
from integrations.fhir.subscriptions import endpoint, headers
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import State, Subscriber
from integrations.readings.models import QuarantineEntry, Reading
from integrations.readings.quarantine import retry
from tests.integrations.fhir.subscriptions.asked import (
    JSON,
    SECRET,
    post,
    put,
    subscribed,
    subscription,
)
from tests.integrations.fhir.subscriptions.receiver import Receiver

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/hook"
ASKED = subscription(URL)


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
        json.dumps(ASKED | {"channel": {**ASKED["channel"], "header": f"Authorization: {SECRET}"}}),
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


def test_a_secret_that_is_kept_goes_to_no_other_address(caller: Client, receiver: Receiver) -> None:
    identifier = post(caller, subscription(URL, header=[f"Authorization: {SECRET}"])).json()["id"]
    masked = subscription(receiver.url, header=[f"Authorization: {MASK}"], id=identifier)
    answer = put(caller, identifier, masked)
    assert answer.status_code == 422, answer.content
    assert "send it once more" in answer.content.decode()
    assert Subscriber.objects.get().endpoint == URL
    deliver(Subscriber.objects.get().pk)
    assert receiver.headers == []
    there = subscription(URL, header=[f"Authorization: {MASK}"], id=identifier, reason="Tell the other ward")
    assert put(caller, identifier, there).status_code == 200
    assert headers.unseal(Subscriber.objects.get().sealed_headers) == {"Authorization": SECRET}


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


def test_a_secret_key_that_was_replaced_still_opens_what_it_sealed(settings: Any) -> None:
    sealed = headers.seal({"Authorization": SECRET})
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert headers.unseal(sealed) == {"Authorization": SECRET}
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(headers.SealedHeadersError):
        headers.unseal(sealed)


def test_what_was_sealed_before_still_opens(settings: Any) -> None:
    settings.SECRET_KEY = "a secret key of long ago, kept for a test"
    key = HKDF(SHA256(), 32, salt=None, info=b"patient-twin subscription headers").derive(settings.SECRET_KEY.encode())
    sealed = Fernet(base64.urlsafe_b64encode(key)).encrypt(json.dumps({"X-API-Key": "k"}).encode()).decode()
    assert headers.unseal(sealed) == {"X-API-Key": "k"}

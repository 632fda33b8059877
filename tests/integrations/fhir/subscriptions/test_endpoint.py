"""Where notifications go: to public places alone, by names that are looked up while nothing is held."""

import json
import socket
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from integrations.fhir.subscriptions import endpoint, wanted
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import Subscriber
from tests.integrations.fhir.subscriptions.asked import (
    JSON,
    post,
    put,
    subscribed,
    subscription,
)
from tests.integrations.fhir.subscriptions.receiver import Receiver

pytestmark = pytest.mark.django_db


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

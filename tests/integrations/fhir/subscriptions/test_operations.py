"""$status and $events: how a subscription stands, and what it missed."""

from typing import Any

import pytest
from django.test import Client

from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.fhir.subscriptions.backport import STATUS_PROFILE
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import Subscriber
from tests.integrations.fhir.subscriptions.asked import RISK, learns, subscribed, subscription
from tests.integrations.fhir.subscriptions.receiver import Receiver, events, numbers, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(caller: Client, receiver: Receiver, patient: Patient) -> Subscriber:
    """A subscription whose third and fourth event did not reach its endpoint."""
    subscriber = subscribed(caller, subscription(receiver.url, content="full-resource"))
    deliver(subscriber.pk)
    version = None
    for _ in range(2):
        version = learns(patient, after=version)
    deliver(subscriber.pk)
    for _ in range(2):
        version = learns(patient, after=version)
    receiver.answers = [500]
    deliver(subscriber.pk)
    return subscriber


def address(subscriber: Subscriber, operation: str) -> str:
    return f"/fhir/Subscription/{subscriber.identifier}/{operation}"


def body(*pairs: tuple[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": name, "valueString": value} for name, value in pairs]}


def test_status_says_how_it_stands(caller: Client, told: Subscriber) -> None:
    answer = caller.get(address(told, "$status")).json()
    assert (answer["type"], answer["total"]) == ("searchset", 1)
    (entry,) = answer["entry"]
    assert entry["search"] == {"mode": "match"}
    assert entry["resource"]["meta"]["profile"] == [STATUS_PROFILE]
    assert said(answer, "status") == ["error"]
    assert said(answer, "type") == ["query-status"]
    assert said(answer, "events-since-subscription-start") == ["4"]
    assert said(answer, "error") == [{"text": "The endpoint answered 500."}]


def test_status_of_several(caller: Client, receiver: Receiver, told: Subscriber) -> None:
    another = subscribed(caller, subscription(receiver.url, topic=RISK))
    assert caller.get("/fhir/Subscription/$status").json()["total"] == 2
    by_id = caller.get(f"/fhir/Subscription/$status?id={told.identifier}&id={another.identifier}&id=nobody").json()
    assert by_id["total"] == 2
    assert caller.get("/fhir/Subscription/$status?status=requested").json()["total"] == 1
    asked = body(("id", another.identifier))
    posted = caller.post("/fhir/Subscription/$status", asked, content_type="application/fhir+json").json()
    assert posted["total"] == 1
    assert caller.get("/fhir/Subscription/$status?status=nonsense").status_code == 400
    assert caller.get("/fhir/Subscription/$status?colour=red").status_code == 400
    assert caller.get("/fhir/Subscription/nobody/$status").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3, 4]),
        ("eventsSinceNumber=3", [3, 4]),
        ("eventsSinceNumber=2&eventsUntilNumber=3", [2, 3]),
        ("eventsUntilNumber=1", [1]),
        ("eventsSinceNumber=9", []),
    ],
)
def test_events_fill_a_gap(caller: Client, told: Subscriber, query: str, found: list[int]) -> None:
    answer = caller.get(f"{address(told, '$events')}?{query}").json()
    assert (answer["type"], said(answer, "type")) == ("history", ["query-event"])
    assert numbers(answer) == found
    types = [entry["resource"]["resourceType"] for entry in answer["entry"][1:]]
    assert types.count("Patient") == (1 if found else 0)
    assert set(types) <= {"Observation", "Patient"}


def test_events_tell_no_more_than_asked_for_and_less_where_that_is_preferred(caller: Client, told: Subscriber) -> None:
    where = address(told, "$events")
    empty = caller.get(f"{where}?content=empty").json()
    assert [set(event) for event in events(empty)] == [{"event-number", "timestamp"}] * 4
    names = caller.get(f"{where}?content=id-only").json()
    assert all("resource" not in entry for entry in names["entry"][1:])
    Subscriber.objects.update(content="empty")
    full = caller.get(f"{where}?content=full-resource").json()
    assert len(full["entry"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "eventsSinceNumber=-1",
        "eventsSinceNumber=x",
        "eventsSinceNumber=1&eventsSinceNumber=2",
        "eventsUntilNumber=" + "9" * 30,
        "content=all",
        "other=1",
    ],
)
def test_what_events_cannot_be_asked_is_400(caller: Client, told: Subscriber, query: str) -> None:
    assert caller.get(f"{address(told, '$events')}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [("%00/$events", 404), ("%00/$status", 404), ("$status?id=%00", 200), ("$status?id=nobody", 200)],
)
def test_an_id_that_can_be_none_is_nobodys(caller: Client, db: None, path: str, status: int) -> None:
    assert caller.get(f"/fhir/Subscription/{path}").status_code == status


def test_who_asks_for_events_is_on_record(caller: Client, told: Subscriber, patient: Patient) -> None:
    caller.get(address(told, "$events"))
    event = AuditEvent.objects.get(activity="fhir.operation.events")
    assert event.subject_key == str(patient.subject_id)
    assert event.detail["events"] == [1, 2, 3, 4]
    assert event.detail["about"] == [str(patient.subject_id)]


def test_operations_are_asked_where_they_are_offered(caller: Client, told: Subscriber) -> None:
    assert caller.get("/fhir/Subscription/$events").status_code == 404
    assert caller.get("/fhir/Patient/ward.p1/$status").status_code == 404
    assert caller.get("/fhir/$status").status_code == 404

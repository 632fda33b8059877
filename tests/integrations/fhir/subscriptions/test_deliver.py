"""What happens is told, in order, at least once, and given up only before somebody's eyes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import Patient
from integrations.fhir.subscriptions import backport
from integrations.fhir.subscriptions import deliver as delivery
from integrations.fhir.subscriptions.deliver import deliver, is_due, wait_s
from integrations.fhir.subscriptions.models import DeadLetter, Event, State, Subscriber, Why
from integrations.fhir.subscriptions.sweep import forget, sweep
from integrations.readings.models import Resource
from tests.integrations.fhir.subscriptions.asked import (
    RISK,
    SECRET,
    due,
    learns,
    post,
    put,
    subscribed,
    subscription,
)
from tests.integrations.fhir.subscriptions.receiver import Receiver, events, said

pytestmark = pytest.mark.django_db


def active(caller: Client, receiver: Receiver, **more: Any) -> Subscriber:
    subscriber = subscribed(caller, subscription(receiver.url, **more))
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert subscriber.state == State.ACTIVE, subscriber.error
    return subscriber


def test_a_handshake_makes_it_active_for_all_to_read(caller: Client, receiver: Receiver) -> None:
    subscriber = subscribed(caller, subscription(receiver.url, header=[f"Authorization: {SECRET}"]))
    address = f"/fhir/Subscription/{subscriber.identifier}"
    assert caller.get(address).json()["status"] == "requested"
    deliver(subscriber.pk)
    assert receiver.kinds == ["handshake"]
    assert receiver.headers[0]["Authorization"] == SECRET
    assert receiver.headers[0]["Content-Type"].startswith("application/fhir+json")
    shaken = caller.get(address)
    assert (shaken.json()["status"], shaken["ETag"]) == ("active", 'W/"2"')
    (bundle,) = receiver.bundles
    assert bundle["type"] == "history"
    assert said(bundle, "subscription") == [{"reference": f"http://testserver{address}"}]
    assert said(bundle, "status") == ["requested"]
    assert said(bundle, "events-since-subscription-start") == ["0"]
    assert bundle["entry"][0]["request"] == {"method": "GET", "url": f"http://testserver{address}/$status"}


def test_nothing_is_told_of_what_was_before_the_handshake(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = subscribed(caller, subscription(receiver.url))
    learns(patient)
    deliver(subscriber.pk)
    assert receiver.kinds == ["handshake"]
    assert not Event.objects.exists()


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_each_content_tells_as_much_as_it_says(
    caller: Client, receiver: Receiver, patient: Patient, content: str
) -> None:
    subscriber = active(caller, receiver, topic=RISK, content=content)
    version = learns(patient, above=0.9)
    deliver(subscriber.pk)
    bundle = receiver.bundles[-1]
    (event,) = events(bundle)
    assert event["event-number"] == "1"
    risk = f"http://testserver/fhir/RiskAssessment/twin.{version.comparisons.get().pk}-0"
    others = bundle["entry"][1:]
    if content == "empty":
        assert set(event) == {"event-number", "timestamp"}
        assert others == []
        return
    assert event["focus"] == {"reference": risk}
    assert event["additional-context"] == {"reference": "http://testserver/fhir/Patient/ward.p1"}
    assert [entry["fullUrl"] for entry in others] == [risk, "http://testserver/fhir/Patient/ward.p1"]
    if content == "id-only":
        assert all("resource" not in entry for entry in others)
        assert "Anders" not in str(bundle)
    else:
        assert [entry["resource"] for entry in others] == [
            caller.get(entry["fullUrl"].removeprefix("http://testserver")).json() for entry in others
        ]


def test_where_nothing_is_published_yet_the_patient_is_the_focus(
    caller: Client, receiver: Receiver, patient: Patient
) -> None:
    subscriber = active(caller, receiver)
    learns(patient)
    Resource.objects.filter(source_key__startswith="twin/").update(is_current=False)
    deliver(subscriber.pk)
    (event,) = events(receiver.bundles[-1])
    assert event["focus"] == {"reference": "http://testserver/fhir/Patient/ward.p1"}


def test_estimates_that_are_published_are_what_an_update_is_about(
    caller: Client, receiver: Receiver, patient: Patient
) -> None:
    subscriber = active(caller, receiver)
    version = learns(patient)
    deliver(subscriber.pk)
    (bundle,) = receiver.bundles[1:]
    base = "http://testserver/fhir"
    published = Resource.objects.filter(source_key__startswith="twin/Observation/", text__contains=str(version.pk))
    estimates = {f"{base}/Observation/twin.{one}" for one in published.values_list("resource_id", flat=True)}
    assert len(estimates) >= 3
    *told, last = [entry["fullUrl"] for entry in bundle["entry"][1:]]
    assert (set(told), last) == (estimates, f"{base}/Patient/ward.p1")
    (event,) = events(bundle)
    assert event["focus"]["reference"] in estimates


def test_events_come_in_order_and_as_many_at_once_as_asked(
    caller: Client, receiver: Receiver, patient: Patient
) -> None:
    subscriber = active(caller, receiver, numbers={backport.MAX_COUNT: 2})
    version = None
    for _ in range(5):
        version = learns(patient, after=version)
    deliver(subscriber.pk)
    assert [len(events(bundle)) for bundle in receiver.bundles] == [0, 2, 2, 1]
    assert receiver.numbers == [1, 2, 3, 4, 5]
    assert said(receiver.bundles[-1], "events-since-subscription-start") == ["5"]
    assert not deliver(subscriber.pk)


def test_a_failing_endpoint_is_tried_again_later_and_misses_nothing(
    caller: Client, receiver: Receiver, patient: Patient
) -> None:
    subscriber = active(caller, receiver)
    learns(patient)
    receiver.answers = [500, 503]
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.tries, subscriber.delivered) == (State.ERROR, 1, 0)
    assert subscriber.next_try is not None
    assert subscriber.next_try > timezone.now()
    shown = caller.get(f"/fhir/Subscription/{subscriber.identifier}").json()
    assert (shown["status"], shown["error"]) == ("error", "The endpoint answered 500.")
    deliver(subscriber.pk)
    assert len(receiver.bundles) == 2, "not before its time"
    deliver(due(subscriber).pk)
    deliver(due(subscriber).pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.tries, subscriber.delivered) == (State.ACTIVE, 0, 1)
    assert receiver.numbers == [1, 1, 1]
    assert "error" not in caller.get(f"/fhir/Subscription/{subscriber.identifier}").json()


def test_waits_grow_and_differ_and_heed_what_the_endpoint_asks() -> None:
    waits = [wait_s(tries) for tries in range(1, 30)]
    assert all(1.0 <= wait <= 900.0 for wait in waits)
    assert waits[6] > waits[0]
    assert len({wait_s(5) for _ in range(20)}) > 1
    assert wait_s(1, 300) == 300.0


def test_retry_after_is_heeded(caller: Client, receiver: Receiver) -> None:
    subscriber = subscribed(caller, subscription(receiver.url))
    receiver.answers, receiver.retry_after = [503], "120"
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert subscriber.next_try is not None
    assert subscriber.next_try > timezone.now() + timedelta(seconds=110)


def test_a_redirect_is_not_followed(caller: Client, receiver: Receiver) -> None:
    subscriber = subscribed(caller, subscription(receiver.url))
    receiver.answers, receiver.location = [307], receiver.url
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert len(receiver.bundles) == 1
    assert "redirects are not followed" in subscriber.error


def test_what_a_dead_worker_left_is_delivered_once_more_when_its_lease_ran_out(
    caller: Client, receiver: Receiver, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber = active(caller, receiver)
    learns(patient)
    lease = delivery._claim(subscriber.pk)
    assert lease is not None
    with monkeypatch.context() as dying:
        # Killed after the endpoint took it, and before that was written down.
        dying.setattr(delivery, "_succeeded", _killed)
        with pytest.raises(_Killed):
            delivery._one(subscriber.pk, lease)
    assert receiver.numbers == [1]
    assert not deliver(subscriber.pk)
    assert sweep() == 0, "its lease still holds"
    Subscriber.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep() == 1
    deliver(subscriber.pk)
    assert receiver.numbers == [1, 1]
    subscriber.refresh_from_db()
    assert (subscriber.delivered, subscriber.lease) == (1, "")
    assert sweep() == 0


class _Killed(BaseException):
    pass


def _killed(*_: Any) -> bool:
    raise _Killed


def test_a_worker_that_lost_its_lease_writes_nothing_down(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver)
    learns(patient)
    assert delivery._claim(subscriber.pk)
    assert not delivery._one(subscriber.pk, "another")
    assert receiver.numbers == []


def test_what_is_given_up_is_a_dead_letter_and_the_subscription_is_off(
    caller: Client, receiver: Receiver, patient: Patient, settings: Any
) -> None:
    settings.SUBSCRIPTION_TRIES = 3
    subscriber = active(caller, receiver)
    version = learns(patient)
    receiver.answers = [500] * 3
    for _ in range(3):
        deliver(due(subscriber).pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.why_off) == (State.OFF, Why.DEAD_LETTER)
    letter = DeadLetter.objects.get()
    assert (letter.first, letter.last, letter.tries, letter.kind) == (1, 1, 3, "event-notification")
    assert caller.get(f"/fhir/Subscription/{subscriber.identifier}").json()["status"] == "off"
    assert not is_due(subscriber)
    off = AuditEvent.objects.get(activity="subscription.off")
    assert (off.outcome, off.detail["why"], off.actor) == (Outcome.FAILED, "dead-letter", "system")
    # What happens meanwhile is not lost: it is told when somebody tries again.
    learns(patient, after=version)
    assert Event.objects.filter(subscriber=subscriber).count() == 2


def test_a_quiet_subscription_beats(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver, numbers={backport.HEARTBEAT: 60})
    assert not deliver(subscriber.pk)
    assert sweep() == 0
    Subscriber.objects.update(last_told=timezone.now() - timedelta(seconds=61))
    assert sweep() == 1
    receiver.answers = [500]
    deliver(subscriber.pk)
    deliver(due(subscriber).pk)
    assert receiver.kinds == ["handshake", "heartbeat", "heartbeat"]
    subscriber.refresh_from_db()
    assert subscriber.state == State.ACTIVE
    learns(patient)
    deliver(subscriber.pk)
    assert receiver.kinds[-1] == "event-notification"
    assert sweep() == 0


def test_its_end_stops_it(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver, end=(timezone.now() + timedelta(hours=1)).isoformat())
    Subscriber.objects.update(ends=timezone.now() - timedelta(seconds=1))
    learns(patient)
    assert sweep() == 1
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.why_off) == (State.OFF, Why.ENDED)
    assert receiver.kinds == ["handshake"]
    learns(patient, after=patient.subject.twin_versions.get())
    assert Event.objects.count() == 1, "what happens after its end is not kept for it"


@pytest.mark.parametrize("way", ["delete", "off"])
def test_its_owner_stops_it(caller: Client, receiver: Receiver, patient: Patient, way: str) -> None:
    subscriber = active(caller, receiver)
    address = f"/fhir/Subscription/{subscriber.identifier}"
    if way == "delete":
        assert caller.delete(address).status_code == 204
        assert caller.get(address).status_code == 410
    else:
        changed = caller.get(address).json() | {"status": "off"}
        assert put(caller, subscriber.identifier, changed).status_code == 200
    learns(patient)
    deliver(subscriber.pk)
    assert receiver.kinds == ["handshake"]
    assert not Event.objects.exists()


def test_one_that_was_off_starts_again_with_a_handshake_and_counts_on(
    caller: Client, receiver: Receiver, patient: Patient
) -> None:
    subscriber = active(caller, receiver)
    version = learns(patient)
    deliver(subscriber.pk)
    address = f"/fhir/Subscription/{subscriber.identifier}"
    put(caller, subscriber.identifier, caller.get(address).json() | {"status": "off"})
    assert put(caller, subscriber.identifier, caller.get(address).json() | {"status": "requested"}).status_code == 200
    deliver(subscriber.pk)
    learns(patient, after=version)
    deliver(subscriber.pk)
    assert receiver.kinds == ["handshake", "event-notification", "handshake", "event-notification"]
    assert receiver.numbers == [1, 2]


def test_an_event_that_is_rolled_back_leaves_no_gap(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver)
    with transaction.atomic():
        learns(patient)
        transaction.set_rollback(True)
    learns(patient)
    deliver(subscriber.pk)
    assert receiver.numbers == [1]


def test_what_is_told_is_on_record_before_it_leaves(caller: Client, receiver: Receiver, patient: Patient) -> None:
    subscriber = active(caller, receiver, content="full-resource", header=[f"Authorization: {SECRET}"])
    learns(patient)
    deliver(subscriber.pk)
    told = AuditEvent.objects.get(activity="subscription.notify")
    assert told.subject_key == str(patient.subject_id)
    assert told.entity_id == subscriber.identifier
    assert told.detail["events"] == [1]
    *estimates, last = told.detail["shown"]
    assert last == f"Patient/ward.p1/_history/{Resource.objects.get(resource_type='Patient').version}"
    assert {name.split("/")[0] for name in estimates} == {"Observation"}


def test_an_endpoint_that_is_not_there_is_an_error(caller: Client) -> None:
    with Receiver() as gone:
        url = gone.url
    subscriber = subscribed(caller, subscription(url))
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, subscriber.tries) == (State.REQUESTED, 1)
    assert "could not be reached" in subscriber.error


def test_events_told_long_ago_are_forgotten_and_those_that_wait_are_not(
    caller: Client, receiver: Receiver, patient: Patient
) -> None:
    subscriber = active(caller, receiver)
    version = learns(patient)
    deliver(subscriber.pk)
    learns(patient, after=version)
    Event.objects.update(happened=timezone.now() - timedelta(days=31))
    assert forget() == 1
    deliver(subscriber.pk)
    assert receiver.numbers == [1, 2]


def test_a_subscription_in_a_batch_works_and_in_a_transaction_is_refused(caller: Client, receiver: Receiver) -> None:
    entry = {"resource": subscription(receiver.url), "request": {"method": "POST", "url": "Subscription"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    answer = caller.post("/fhir", bundle, content_type="application/fhir+json")
    assert answer.json()["entry"][0]["response"]["status"] == "201 Created"
    deliver(Subscriber.objects.get().pk)
    assert receiver.kinds == ["handshake"]
    refused = caller.post("/fhir", bundle | {"type": "transaction"}, content_type="application/fhir+json")
    assert refused.status_code == 422
    assert Subscriber.objects.count() == 1
    assert post(caller, subscription(receiver.url)).status_code == 201

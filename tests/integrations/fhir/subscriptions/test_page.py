"""The page of subscriptions: what was given up waits there, and one with the role tries it again."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient
from integrations.fhir.subscriptions import backport
from integrations.fhir.subscriptions.deliver import deliver
from integrations.fhir.subscriptions.models import DeadLetter, State, Subscriber
from tests.integrations.fhir.subscriptions.asked import SECRET, learns, subscribed, subscription
from tests.integrations.fhir.subscriptions.receiver import Receiver

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    user = User.objects.create_user(f"{role}-1")
    user.groups.set([Group.objects.get(name=role)])
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def dead(caller: Client, receiver: Receiver, patient: Patient, settings: Any) -> DeadLetter:
    settings.SUBSCRIPTION_TRIES = 1
    asked = subscription(receiver.url, header=[f"Authorization: {SECRET}"], numbers={backport.MAX_COUNT: 1})
    subscriber = subscribed(caller, asked)
    deliver(subscriber.pk)
    version = learns(patient)
    receiver.answers = [500]
    deliver(subscriber.pk)
    learns(patient, after=version)
    return DeadLetter.objects.get()


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.ADMINISTRATOR])
def test_a_dead_letter_is_shown_and_tried_again(dead: DeadLetter, receiver: Receiver, role: Role) -> None:
    client = signed_in(role)
    shown = client.get(reverse("subscriptions"))
    page = shown.content.decode()
    assert "The endpoint answered 500." in page
    assert dead.subscriber.identifier in page
    assert "event 1" in page
    assert "Anders" not in page
    assert "top-secret" not in page
    answer = client.post(reverse("subscription-retry", args=[dead.pk]), follow=True)
    assert "It is tried again." in answer.content.decode()
    subscriber = Subscriber.objects.get()
    assert subscriber.state == State.ERROR
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, receiver.numbers) == (State.ACTIVE, [1, 1, 2])
    assert "Nothing was given up." in client.get(reverse("subscriptions")).content.decode()
    again = client.post(reverse("subscription-retry", args=[dead.pk]), follow=True)
    assert "It was tried again already" in again.content.decode()
    dead.refresh_from_db()
    assert dead.retried_by.startswith("user-")
    assert AuditEvent.objects.filter(activity="subscription.error", actor=dead.retried_by).exists()


def test_a_handshake_that_was_given_up_is_shaken_again(caller: Client, receiver: Receiver, settings: Any) -> None:
    settings.SUBSCRIPTION_TRIES = 1
    receiver.answers = [404]
    subscriber = subscribed(caller, subscription(receiver.url))
    deliver(subscriber.pk)
    letter = DeadLetter.objects.get()
    assert (letter.kind, letter.first, letter.last) == ("handshake", 0, 0)
    client = signed_in(Role.ADMINISTRATOR)
    assert "handshake" in client.get(reverse("subscriptions")).content.decode()
    client.post(reverse("subscription-retry", args=[letter.pk]))
    deliver(subscriber.pk)
    subscriber.refresh_from_db()
    assert (subscriber.state, receiver.kinds) == (State.ACTIVE, ["handshake", "handshake"])


def test_one_whose_owner_ended_it_is_not_tried_again(dead: DeadLetter, caller: Client, receiver: Receiver) -> None:
    caller.delete(f"/fhir/Subscription/{dead.subscriber.identifier}")
    page = signed_in(Role.PHARMACIST).get(reverse("subscriptions")).content.decode()
    assert "Nothing was given up." in page
    signed_in(Role.ADMINISTRATOR).post(reverse("subscription-retry", args=[dead.pk]))
    assert Subscriber.objects.get().state == State.OFF


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.RESEARCHER, Role.AUDITOR, Role.INTEGRATION])
def test_a_colleague_without_the_role_is_403(dead: DeadLetter, role: Role) -> None:
    client = signed_in(role)
    assert client.get(reverse("subscriptions")).status_code == 403
    assert client.post(reverse("subscription-retry", args=[dead.pk])).status_code == 403
    assert Subscriber.objects.get().state == State.OFF


def test_a_stranger_is_401(client: Client, dead: DeadLetter) -> None:
    assert client.get(reverse("subscriptions")).status_code == 401
    assert client.post(reverse("subscription-retry", args=[dead.pk])).status_code == 401


def test_a_letter_of_nobody_is_404(db: None) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    assert client.post(reverse("subscription-retry", args=[77])).status_code == 404
    assert client.post(f"/subscriptions/retry/{10**30}").status_code == 404
    assert "Nobody has subscribed yet." in client.get(reverse("subscriptions")).content.decode()

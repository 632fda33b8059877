"""Many transactions and several workers at once, on PostgreSQL: numbers without gaps, no deadlock, order kept."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from clinic.patients.models import Patient
from integrations.fhir.subscriptions.deliver import deliver, is_due
from integrations.fhir.subscriptions.models import Event, Subscriber
from integrations.fhir.subscriptions.topics import RISK_CROSSED
from tests.api import ward_data
from tests.integrations.fhir.subscriptions.asked import RISK, learns, put, subscribed, subscription
from tests.integrations.fhir.subscriptions.receiver import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
PATIENTS, EACH, WORKERS = 4, 5, 3


def together(jobs: list[Callable[[], Any]]) -> None:
    """Run all at once; the first fault of any is raised."""
    faults: list[BaseException] = []

    def run(job: Callable[[], Any]) -> None:
        try:
            job()
        except BaseException as fault:  # noqa: BLE001 - raised below, in the test's own thread
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if faults:
        raise faults[0]


def test_twins_learn_while_workers_deliver_and_the_owner_changes_it(caller: Client, receiver: Receiver) -> None:
    updated = subscribed(caller, subscription(receiver.url))
    with Receiver() as another:
        risk = subscribed(caller, subscription(another.url, topic=RISK))
        for one in (updated, risk):
            deliver(one.pk)
        patients = [ward_data.patient(number) for number in range(1, PATIENTS + 1)]
        done = threading.Event()

        def learning(patient: Patient) -> None:
            version = None
            for number in range(EACH):
                version = learns(patient, after=version, above=0.9 if number % 2 == 0 else 0.1)

        def delivering() -> None:
            while not done.is_set():
                deliver(updated.pk)
                deliver(risk.pk)

        def changing() -> None:
            for number in range(EACH):
                served = caller.get(f"/fhir/Subscription/{updated.identifier}").json()
                assert put(caller, updated.identifier, served | {"reason": str(number)}).status_code == 200

        workers = [threading.Thread(target=_closing(delivering)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            together([*(lambda p=p: learning(p) for p in patients), changing])
        finally:
            done.set()
            for worker in workers:
                worker.join(120)
        for one in (updated, risk):
            while is_due(Subscriber.objects.get(pk=one.pk)):
                deliver(one.pk)
        assert receiver.numbers == list(range(1, PATIENTS * EACH + 1))
        assert another.numbers == list(range(1, PATIENTS * EACH + 1))
    assert not Event.objects.filter(number=None).exists()
    assert Subscriber.objects.get(topic=RISK_CROSSED.name).last_number == PATIENTS * EACH


def _closing(job: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            job()
        finally:
            connection.close()

    return run

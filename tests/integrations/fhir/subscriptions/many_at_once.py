"""Twins that learn, workers that deliver and an owner who changes it, all at once: run at a site of its own."""

import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client

from clinic.patients.models import Patient
from integrations.fhir.subscriptions.deliver import deliver, is_due
from integrations.fhir.subscriptions.models import Subscriber
from tests.api import ward_data
from tests.integrations.fhir.subscriptions.asked import RISK, learns, put, subscribed, subscription

PATIENTS, EACH, WORKERS = 3, 4, 2
TOLD = PATIENTS * EACH
"""Events of each topic: every twin learns as often, and its risk changes sides each time."""


def run(updated_url: str, risk_url: str) -> None:
    """Do all, and raise the first fault of any."""
    out = StringIO()
    call_command("integration_token", "gateway", "--scope", "system/*.cruds", stdout=out)
    caller = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"}, SERVER_NAME="localhost")
    both = [subscribed(caller, subscription(updated_url)), subscribed(caller, subscription(risk_url, topic=RISK))]
    for one in both:
        deliver(one.pk)
    patients = [ward_data.patient(number) for number in range(1, PATIENTS + 1)]
    faults: list[BaseException] = []
    over = threading.Event()

    def delivering() -> None:
        while not over.is_set():
            for one in both:
                deliver(one.pk)

    def changing() -> None:
        identifier = both[0].identifier
        for number in range(EACH):
            served = caller.get(f"/fhir/Subscription/{identifier}").json()
            assert put(caller, identifier, served | {"reason": str(number)}).status_code == 200

    workers = _started([delivering] * WORKERS, faults)
    for thread in _started([*(_learning(patient) for patient in patients), changing], faults):
        thread.join()
    over.set()
    for worker in workers:
        worker.join()
    if faults:
        raise faults[0]
    for one in both:
        while is_due(Subscriber.objects.get(pk=one.pk)):
            deliver(one.pk)


def _learning(patient: Patient) -> Callable[[], None]:
    def learning() -> None:
        version = None
        for number in range(EACH):
            version = learns(patient, after=version, above=0.9 if number % 2 == 0 else 0.1)

    return learning


def _started(jobs: list[Callable[[], Any]], faults: list[BaseException]) -> list[threading.Thread]:
    def kept(job: Callable[[], Any]) -> Callable[[], None]:
        def do() -> None:
            try:
                job()
            except BaseException as fault:  # noqa: BLE001 - raised where all are waited for
                faults.append(fault)
            finally:
                connection.close()

        return do

    threads = [threading.Thread(target=kept(job)) for job in jobs]
    for thread in threads:
        thread.start()
    return threads

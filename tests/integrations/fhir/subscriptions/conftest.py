"""A system that may write and read at the door, a patient, and an endpoint."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from clinic.patients.models import Patient
from tests.api import ward_data
from tests.integrations.fhir.subscriptions.receiver import Receiver

Caller = Callable[..., Client]


@pytest.fixture(autouse=True)
def _in_a_laboratory(settings: Any) -> Iterator[None]:
    settings.SUBSCRIPTION_PRIVATE_ADDRESSES = True
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def system(db: None) -> Caller:
    """A system of that name, with a token of that scope."""

    def made(name: str = "gateway", scope: str = "system/*.cruds") -> Client:
        out = StringIO()
        call_command("integration_token", name, "--scope", scope, stdout=out)
        return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})

    return made


@pytest.fixture
def caller(system: Caller) -> Client:
    return system()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


@pytest.fixture
def patient(db: None) -> Patient:
    return ward_data.patient(1, family="Anders")


@pytest.fixture
def other(db: None) -> Patient:
    return ward_data.patient(2, family="Björk")

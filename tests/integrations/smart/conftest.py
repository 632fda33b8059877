"""A clinician with one patient, and another patient who is none of theirs."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client

from clinic.patients.models import CareTeam, Patient
from tests.api import ward_data


@pytest.fixture(autouse=True)
def _no_rate_is_carried_over() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def patient(db: None) -> Patient:
    return ward_data.patient(1, family="Anders")


@pytest.fixture
def other(db: None) -> Patient:
    return ward_data.patient(2, family="Björk")


@pytest.fixture
def cleo(patient: Patient) -> User:
    user = User.objects.create_user("cleo", first_name="Cleo", last_name="Moreau")
    user.groups.set([Group.objects.get(name="clinician")])
    team = CareTeam.objects.create(name="Ward 3")
    team.members.add(user)
    team.patients.add(patient)
    return user


@pytest.fixture
def browser(cleo: User) -> Client:
    client = Client()
    client.force_login(cleo)
    return client


@pytest.fixture
def admin(db: None) -> Client:
    user = User.objects.create_user("ada")
    user.groups.set([Group.objects.get(name="administrator")])
    client = Client()
    client.force_login(user)
    return client

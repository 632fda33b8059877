"""A clinician with a care team and a browser."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from clinic.patients.models import CareTeam


@pytest.fixture
def cleo(db: Any) -> User:
    user = User.objects.create_user("cleo")
    user.groups.set([Group.objects.get(name="clinician")])
    CareTeam.objects.create(name="Ward 3").members.add(user)
    return user


@pytest.fixture
def browser(cleo: User) -> Client:
    client = Client()
    client.force_login(cleo)
    return client

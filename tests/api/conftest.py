"""A caller of the door with a token, and one without."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from tests.api.writing import bare, post
from tests.integrations.resources import patient


@pytest.fixture(autouse=True)
def _no_rate_is_carried_over() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def token(db: None) -> str:
    out = StringIO()
    call_command("integration_token", "lab", stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def caller(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def writer(db: None) -> Client:
    out = StringIO()
    call_command("integration_token", "gateway", "--scope", "system/*.cruds", stdout=out)
    return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})


@pytest.fixture
def known(writer: Client) -> str:
    """The id of a patient who was created at the door."""
    answer = post(writer, bare(patient()))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


@pytest.fixture
def expired(token: str) -> str:
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    return token


def entries(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    return [entry["resource"] for entry in answer.json().get("entry", [])]

"""A system of the integration role, and the description as it reads it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.conftest import _no_rate_is_carried_over  # noqa: F401 - a fixture


@pytest.fixture
def token(db: None) -> str:
    out = StringIO()
    call_command("integration_token", "lab", "--scope", "system/*.cruds", stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def caller(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def document(caller: Client) -> dict[str, Any]:
    answer = caller.get("/openapi.json")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())

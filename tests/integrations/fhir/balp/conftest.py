"""A hospital system with a token for everything, and the events of what it did."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from clinic.audit.models import AuditEvent
from tests.api.conftest import _no_rate_is_carried_over  # noqa: F401 - a fixture

Event = dict[str, Any]


@pytest.fixture
def token(db: None) -> str:
    out = StringIO()
    call_command("integration_token", "gateway", "--scope", "system/*.cruds", stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def caller(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def newest(caller: Client) -> Callable[[], Event]:
    """The AuditEvent of the newest link of the chain."""

    def read() -> Event:
        number = AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
        answer = caller.get(f"/fhir/AuditEvent/{number}")
        assert answer.status_code == 200, answer.content
        return dict(json.loads(answer.content))

    return read

"""Nobody exports the trail again and again: each export reads as much of it as its filters find."""

from typing import Any

import pytest
from django.test import Client

from clinic.access.pace import EXPORTS
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


def export(client: Client, path: str = "/audit/export?format=csv") -> Any:
    answer = client.get(path)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


def test_after_some_exports_within_a_minute_the_next_waits_and_is_not_read(client: Client) -> None:
    client.force_login(patient_records.person("audie", Role.AUDITOR, team=None))
    assert [export(client).status_code for _ in range(EXPORTS.most)] == [200] * EXPORTS.most
    answer = export(client)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Wait a minute." in answer.content.decode()
    assert AuditEvent.objects.filter(activity="audit.export").count() == EXPORTS.most

    other = Client()
    other.force_login(patient_records.person("aura", Role.AUDITOR, team=None))
    assert export(other).status_code == 200

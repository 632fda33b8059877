"""The administrator reads where data come from, how far each pull got, and which setting names it; never a secret."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic.access.roles import Role
from integrations.ehr.models import PullCursor, PullLease
from integrations.readings.models import Reading, Source
from integrations.readings.ours import source_of_ours
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


def page(client: Client) -> str:
    client.force_login(patient_records.person("addie", Role.ADMINISTRATOR, team=None))
    return client.get("/administration/sources").content.decode()


def configured(**fields: str) -> dict[str, str]:
    names = ("url", "token", "client_id", "client_key", "key_id", "token_url", "scope", "file_hosts")
    return {name: fields.get(name, "") for name in names}


def test_each_source_says_how_far_it_got_and_where_it_is_set(client: Client, settings: Any) -> None:
    settings.EHR_SOURCES = {
        "lab": configured(url="https://lab.test/fhir", token="do-not-tell"),
        "new-ehr": configured(url="https://new.test/fhir", client_key="do-not-tell"),
    }
    now = timezone.now()
    lab = Source.objects.create(slug="lab", address="https://lab.test/fhir")
    ward = Source.objects.create(slug="ward", address="https://ward.test/fhir")
    source_of_ours("door")
    PullCursor.objects.create(source=lab, resource_type="Observation", updated_until=now, next_url="https://lab.test/2")
    PullLease.objects.create(source=lab, holder="host/1/1", until=now + timedelta(minutes=1))
    PullLease.objects.create(source=ward, holder="host/1/2", until=now - timedelta(minutes=1))
    Reading.objects.create(
        source=lab, sha256="0" * 64, content=b"{}", content_type="application/json", origin="x", received_time=now
    )
    text = page(client)
    for shown in ("EHR_SOURCES, EHR_LAB_URL", "half done", "never: what it sends is pushed", "EHR_NEW_EHR_URL"):
        assert shown in text, shown
    assert text.count("being pulled now") == 1
    assert ("do-not-tell" in text, ">door<" in text) == (False, False)


def test_it_says_when_nothing_ever_came(client: Client) -> None:
    assert "No data came from anywhere yet." in page(client)

"""The demo keeps to its own ward: it does not start beside what another source sent, but does where a pull failed."""

import signal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from clinic.site.management.commands import demo
from integrations.readings.models import Reading, Source

pytestmark = pytest.mark.django_db


class Went(Exception):
    """The command came to its first step after the look at the folder."""


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    def step(name: str, *_: Any, **__: Any) -> None:
        if name == "demo_users":
            raise Went

    monkeypatch.setattr(demo, "call_command", step)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return Source.objects.create(slug="main", address="https://ehr.example/fhir")


def test_a_source_that_sent_nothing_does_not_keep_the_demo_from_starting(source: Source) -> None:
    with pytest.raises(Went):
        call_command("demo", "--once")


def test_beside_what_another_source_sent_it_does_not_start(source: Source) -> None:
    Reading.objects.create(
        source=source,
        sha256="0" * 64,
        content=b"{}",
        content_type="application/fhir+json",
        origin=source.address,
        received_time=timezone.now(),
    )
    with pytest.raises(CommandError, match="holds data of other sources than the demo's ward; remove that folder"):
        call_command("demo", "--once")

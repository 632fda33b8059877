"""One pull of a source at a time, and nobody dead in its way."""

import socket
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.ehr import lease, tasks
from integrations.ehr.lease import SourceBusyError, hold
from integrations.ehr.models import PullLease
from integrations.ehr.pull import pull
from integrations.readings.models import Resource, Source
from tests.integrations.ehr.server import BASE, Server
from tests.integrations.resources import patient


def test_a_second_pull_of_a_source_ends_at_once_and_asks_nothing(source: Source) -> None:
    server = Server([patient()])
    with hold(source), server.client() as client, pytest.raises(SourceBusyError, match="another pull of source ehr"):
        pull(source, client)
    assert server.requests == []


def test_pulls_of_other_sources_and_later_ones_are_free(source: Source) -> None:
    other = Source.objects.create(slug="other", address=BASE)
    with hold(source), Server([patient()]).client() as client:
        assert pull(other, client).ok
    for _ in range(2):
        with Server([patient()]).client() as client:
            assert pull(source, client).ok


def test_a_pull_that_fails_lets_go(source: Source) -> None:
    with pytest.raises(RuntimeError), hold(source):
        raise RuntimeError
    with hold(source):
        pass


def test_a_killed_process_of_this_host_holds_nothing(source: Source) -> None:
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    holder, until = f"{socket.gethostname()}/{killed.pid}/1", timezone.now() + timedelta(seconds=100)
    PullLease.objects.create(source=source, holder=holder, until=until)
    with pytest.raises(SourceBusyError), hold(source):
        pass
    killed.kill()
    killed.wait()
    with hold(source):
        pass


def test_another_host_holds_it_until_its_time_is_over(source: Source) -> None:
    held = PullLease.objects.create(source=source, holder="far/1/1", until=timezone.now() + timedelta(seconds=100))
    with pytest.raises(SourceBusyError), hold(source):
        pass
    held.until = timezone.now()
    held.save()
    with hold(source):
        pass


def test_it_is_renewed_while_the_pull_runs(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_S", 0.0)
    began = timezone.now()
    PullLease.objects.create(source=source, until=began)
    with hold(source) as held:
        PullLease.objects.update(until=began)
        held.renew()
        assert PullLease.objects.get().until > began + timedelta(seconds=60)


def test_a_pull_whose_lease_another_took_ends(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_S", 0.0)

    def take_over(_: Any) -> None:
        PullLease.objects.update(holder="far/1/1", until=timezone.now() + timedelta(seconds=100))

    with Server([patient()]).client() as client, pytest.raises(SourceBusyError, match="took over"):
        pull(source, client, on_progress=take_over)
    assert PullLease.objects.get().holder == "far/1/1"


def test_the_scheduled_pull_gives_way_and_says_so(
    source: Source, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PULL_SOURCE_URL, settings.PULL_SOURCE_NAME = BASE, source.slug
    server = Server([patient()])
    monkeypatch.setattr(tasks, "Client", lambda *_, **__: server.client())
    with hold(source):
        tasks.pull_source()
    assert "another pull of source ehr is running" in caplog.text
    assert not Resource.objects.exists()
    tasks.pull_source()
    assert Resource.objects.exists()


def test_the_scheduled_pull_has_a_time_limit() -> None:
    assert 0 < tasks.pull_source.soft_time_limit < tasks.pull_source.time_limit


def test_a_pull_that_is_broken_off_ends_its_requests(source: Source) -> None:
    server = Server([patient(f"p{number}") for number in range(9)])

    def break_off(_: Any) -> None:
        raise TimeoutError

    with server.client() as client:
        with pytest.raises(TimeoutError):
            pull(source, client, on_progress=break_off)
        assert client.stop.is_set()

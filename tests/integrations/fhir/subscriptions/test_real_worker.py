"""A real worker with its clock: killed while an endpoint has the notification, which then comes once more."""

import threading
from pathlib import Path

import pytest

from tests.integrations.fhir.subscriptions.receiver import Receiver
from tests.twins.jobs.workers import Workers

STATE = "select state, delivered, last_number, lease from subscriptions_subscriber"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workers:
    monkeypatch.setenv("SUBSCRIPTION_PRIVATE_ADDRESSES", "1")
    monkeypatch.setenv("SUBSCRIPTION_SECONDS", "1")
    return Workers(tmp_path / "site")


def does(site: Workers, *what: str) -> None:
    arguments = ", ".join(map(repr, what))
    code = f"from tests.integrations.fhir.subscriptions.at_a_site import main; main({arguments})"
    assert "done" in site.manage("shell", "--no-imports", "-c", code)


def test_a_notification_of_a_killed_worker_comes_once_more_and_a_quiet_time_beats(
    site: Workers, receiver: Receiver
) -> None:
    with site:
        does(site, "subscribe", receiver.url)
        first = site.start("first", beat=True)
        site.wait(lambda: site.sql(STATE)[0][0] == "active", why="the handshake", patience=180)
        receiver.held = threading.Event()
        does(site, "learn")
        site.wait(lambda: receiver.numbers == [1], why="the notification")
        site.kill(first)
        receiver.held.set()
        assert site.sql(STATE)[0][:3] in [("active", 0, 1), ("error", 0, 1)]
        site.start("second", beat=True)
        site.wait(lambda: site.sql(STATE)[0][:3] == ("active", 1, 1), why="the second delivery", patience=180)
        assert set(receiver.numbers) == {1}
        assert len(receiver.numbers) >= 2
        site.wait(lambda: receiver.kinds[-1] == "heartbeat", why="a heartbeat", patience=180)

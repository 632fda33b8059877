"""A session ends when nobody does anything, says so before, and lasts no longer than a shift."""

import re
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from clinic.access import idle, sessions
from clinic.audit.models import AuditEvent
from tests.clinic.access.people import is_in, log_in, person

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent.parent
JSON = {"Accept": "application/json"}
BY_ITSELF = {"X-Unattended": "1"}


@pytest.fixture
def cleo(db: None, settings: Any) -> User:
    settings.SESSION_COOKIE_AGE = 900
    settings.SESSION_HOURS = 12
    return person()


class Clock:
    """What the clock shows, for our own code and for Django's store of sessions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._began = time.time()
        self.passed = 0.0
        monkeypatch.setattr(idle, "time", SimpleNamespace(time=lambda: self._began + self.passed))

    def wait(self, seconds: float) -> None:
        self.passed += seconds
        for session in Session.objects.all():
            session.expire_date -= timedelta(seconds=seconds)
            session.save()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def left(client: Client) -> int:
    return int(client.get("/session", headers={**BY_ITSELF, **JSON}).json()["seconds"])


def test_nothing_done_for_a_quarter_of_an_hour_ends_it(client: Client, cleo: User, clock: Clock) -> None:
    log_in(client)
    clock.wait(899)
    assert is_in(client)
    clock.wait(899)
    assert is_in(client), "what was done counts"
    clock.wait(901)
    answer = client.get("/formulary")
    assert (answer.status_code, b"Your session has ended" in answer.content) == (401, True)
    assert re.search(rb'name="next" value="/formulary"', answer.content)


def test_a_page_that_asks_by_itself_keeps_nothing_alive(client: Client, cleo: User, clock: Clock) -> None:
    log_in(client)
    for _ in range(10):
        clock.wait(89)
        assert client.get("/", headers=BY_ITSELF).status_code == 200
        assert left(client) > 0
    clock.wait(20)
    assert left(client) == 0
    assert client.get("/", headers=BY_ITSELF).status_code == 401


def test_one_button_keeps_it(client: Client, cleo: User, clock: Clock) -> None:
    log_in(client)
    clock.wait(800)
    assert left(client) == 100
    answer = client.post("/session/stay", headers=JSON)
    assert answer.json() == {"seconds": 900}
    clock.wait(899)
    assert left(client) == 1
    without_script = client.post("/session/stay", headers={"Accept": "text/html"})
    assert (without_script.status_code, without_script["Location"]) == (302, "/")


def test_a_busy_session_lasts_no_longer_than_a_shift(client: Client, cleo: User, clock: Clock) -> None:
    log_in(client)
    for _ in range(12 * 6 - 1):
        clock.wait(600)
        assert client.post("/session/stay", headers=JSON).status_code == 200
    assert left(client) == 600, "the shift ends before the idle limit does"
    clock.wait(600)
    assert not is_in(client)
    event = AuditEvent.objects.get(activity="session.end")
    assert event.actor == f"user-{cleo.pk}"
    assert sessions.of(cleo, here=None) == []


def test_a_stranger_has_no_session_to_ask_about_or_keep(client: Client) -> None:
    assert left(client) == 0
    assert client.post("/session/stay").status_code == 401
    assert b"Your session has ended" not in client.get("/").content
    assert not Session.objects.exists()
    assert not AuditEvent.objects.exists()


def test_every_page_says_how_long_and_where_to_stay(client: Client, cleo: User) -> None:
    log_in(client)
    page = client.get("/formulary").content.decode()
    assert "After 15 minutes in which nothing was done you are logged out." in page
    assert re.search(r'<div id="session-warning"[^>]* data-idle="900" data-warn="\d+"[^>]* hidden>', page)
    assert 'action="/session/stay"' in page


def test_housekeeping_forgets_sessions_that_are_over(client: Client, cleo: User) -> None:
    log_in(client)
    Session.objects.all().delete()
    sessions.forget_ended()
    assert not cleo.usersession_set.exists()


def test_every_element_that_asks_by_the_clock_says_that_nobody_did() -> None:
    asking = [
        (template.name, tag)
        for folder in ("clinic", "integrations")
        for template in (ROOT / folder).rglob("templates/**/*.html")
        for tag in re.findall(r"<[a-z][^<]*hx-trigger=\"[^\"]*\bevery\b[^<]*", template.read_text(encoding="utf-8"))
    ]
    assert asking
    assert [name for name, tag in asking if '"X-Unattended":"1"' not in tag] == []

"""The auditor's page."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from clinic.access.roles import Role
from clinic.audit.event import Actor, record
from clinic.audit.models import Action, AuditEvent, Outcome
from clinic.site.tasks import housekeeping

KEYS = [str(UUID(int=number + 1)) for number in range(9)]
pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client: Client) -> Client:
    user = User.objects.create_user("audie")
    user.groups.add(Group.objects.get(name=Role.AUDITOR))
    client.force_login(user)
    return client


def seen(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<th scope="row">(\d+)</th>', page)]


def some_events(count: int) -> None:
    for number in range(count):
        outcome = Outcome.REFUSED if number % 2 else Outcome.SUCCESS
        actor = Actor(f"user-{100 + number % 3}", ("clinician",))
        record(by=actor, action=Action.READ, activity="page.patient", subject_key=KEYS[number % 9], outcome=outcome)


def test_events_stand_newest_first_and_older_ones_on_pages_that_never_shift(auditor: Client) -> None:
    some_events(120)
    first = auditor.get("/audit").content.decode()
    assert seen(first) == list(range(120, 70, -1))
    older = re.findall(r'href="(\?before=\d+)"', first)[0]
    some_events(5)
    second = auditor.get(f"/audit{older}").content.decode()
    assert seen(second) == list(range(70, 20, -1))


def test_the_trail_is_found_by_person_by_subject_and_by_outcome(auditor: Client) -> None:
    some_events(12)
    assert seen(auditor.get("/audit?actor=user-101").content.decode()) == [11, 8, 5, 2]
    assert seen(auditor.get(f"/audit?subject_key={KEYS[3]}").content.decode()) == [4]
    assert seen(auditor.get("/audit?subject_key=00000000").content.decode()) == []
    refused = seen(auditor.get("/audit?outcome=4&activity=page.patient").content.decode())
    assert refused == [12, 10, 8, 6, 4, 2]


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 40, "outcome=7", "actor=%00"])
def test_odd_questions_are_answered_with_a_page(auditor: Client, query: str) -> None:
    assert auditor.get(f"/audit?{query}").status_code == 200


def test_a_page_that_showed_several_patients_is_found_by_each_of_them(auditor: Client) -> None:
    record(by=Actor("user-1"), action=Action.READ, activity="page.worklist", detail={"subjects": KEYS[:3]})
    assert seen(auditor.get(f"/audit?subject_key={KEYS[1]}").content.decode()) == [1]
    assert seen(auditor.get(f"/audit?subject_key={KEYS[5]}").content.decode()) == []


def test_reading_the_trail_is_in_the_trail(auditor: Client) -> None:
    auditor.get("/audit")
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.activity, last.action) == ("page.audit", Action.READ)


def test_an_auditor_starts_at_the_trail_after_the_login(client: Client) -> None:
    user = User.objects.create_user("audie", password="a long enough pass phrase")
    user.groups.add(Group.objects.get(name=Role.AUDITOR))
    answer = client.post("/login", {"username": "audie", "password": "a long enough pass phrase"})
    assert answer.headers["Location"] == "/audit"


def test_housekeeping_removes_what_has_expired_and_nothing_else(auditor: Client) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    housekeeping()
    assert not Session.objects.filter(session_key="old").exists()
    assert auditor.get("/audit").status_code == 200

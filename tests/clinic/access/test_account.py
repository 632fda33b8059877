"""One's own account: a new password ends all else, and one sees where one is logged in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clinic.access import sessions
from clinic.access.actor import actor_of
from clinic.access.password import change_password
from clinic.audit.event import AuditWriteError
from clinic.audit.models import AuditEvent, ChainHead, Outcome
from tests.clinic.access.people import PASSWORD, is_in, log_in, person

NEW = "seven green bottles on a wall"
pytestmark = pytest.mark.django_db


@pytest.fixture
def cleo(db: None) -> User:
    return person()


def change(client: Client, again: str = PASSWORD, new: str = NEW, new_again: str = "") -> Any:
    return client.post("/account/password", {"again": again, "new": new, "new_again": new_again or new})


def test_a_new_password_ends_every_other_session_and_goes_on_in_this_one(client: Client, cleo: User) -> None:
    other = Client()
    log_in(client)
    log_in(other)
    assert change(client)["Location"] == "/account?done=password"
    assert is_in(client)
    assert not is_in(other)
    assert [one.here for one in sessions.of(cleo, here=client.session.session_key)] == [True]
    assert log_in(Client()).status_code == 401
    assert log_in(Client(), password=NEW).status_code == 302
    event = AuditEvent.objects.get(activity="password.change")
    assert (event.actor, event.entity_id, event.detail) == (f"user-{cleo.pk}", f"user-{cleo.pk}", {})


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"again": "wrong"}, 400, b"neither your password"),
        ({"new": "short"}, 400, b"too short"),
        ({"new": "administrator"}, 400, b"too common"),
        ({"new_again": "something else"}, 400, b"not the same"),
    ],
)
def test_a_bad_one_is_refused_with_the_reason(
    client: Client, cleo: User, given: dict[str, str], status: int, words: bytes
) -> None:
    log_in(client)
    answer = change(client, **given)
    assert (answer.status_code, words in answer.content) == (status, True)
    assert User.objects.get().check_password(PASSWORD)


def test_guessing_the_old_password_is_cut_off(client: Client, cleo: User) -> None:
    log_in(client)
    statuses = [change(client, again=f"guess {number}").status_code for number in range(6)]
    assert statuses == [400] * 5 + [429]
    assert change(client)["Retry-After"] == "900"
    assert User.objects.get().check_password(PASSWORD)


def test_a_change_that_cannot_be_recorded_is_none(cleo: User) -> None:
    ChainHead.objects.all().delete()
    with pytest.raises(AuditWriteError):
        change_password(person=cleo, new=NEW, by=actor_of(cleo))
    assert User.objects.get().check_password(PASSWORD)


def test_one_sees_ones_own_sessions_and_ends_one_elsewhere(client: Client, cleo: User) -> None:
    other = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
    log_in(client)
    log_in(other)
    page = client.get("/account").content.decode()
    assert "Firefox on Linux" in page
    there = next(one for one in sessions.of(cleo, here=client.session.session_key) if not one.here)
    assert client.post(f"/account/sessions/{there.number}/end").status_code == 302
    gone = other.get("/account")
    assert (gone.status_code, b"Your session has ended" in gone.content) == (401, True)
    assert is_in(client)
    event = AuditEvent.objects.get(activity="session.revoke")
    assert (event.entity_id, event.detail) == (str(there.number), {"person": f"user-{cleo.pk}"})
    assert client.post(f"/account/sessions/{there.number}/end").status_code == 404


def test_all_others_are_ended_at_once(client: Client, cleo: User) -> None:
    others = [Client(), Client()]
    for one in (client, *others):
        log_in(one)
    assert client.post("/account/sessions/end-others").status_code == 302
    assert [is_in(one) for one in (client, *others)] == [True, False, False]
    assert AuditEvent.objects.filter(activity="session.revoke").count() == 2


def test_nobody_sees_or_ends_anothers_session(client: Client, cleo: User) -> None:
    person("other")
    theirs = Client()
    log_in(client)
    log_in(theirs, "other")
    [mine] = sessions.of(cleo, here=None)
    assert theirs.post(f"/account/sessions/{mine.number}/end").status_code == 404
    theirs.post("/account/sessions/end-others")
    assert is_in(client)
    assert len(theirs.get("/account").context["sessions"]) == 1


def test_logging_out_takes_the_session_from_the_list(client: Client, cleo: User) -> None:
    log_in(client)
    client.post("/logout")
    assert sessions.of(cleo, here=None) == []


def test_a_session_that_cannot_be_recorded_as_ended_goes_on(client: Client, cleo: User) -> None:
    other = Client()
    log_in(client)
    log_in(other)
    there = next(one for one in sessions.of(cleo, here=client.session.session_key) if not one.here)
    head = ChainHead.objects.get()
    ChainHead.objects.all().delete()
    assert client.post(f"/account/sessions/{there.number}/end").status_code == 500
    head.save(force_insert=True)
    assert is_in(other)


def test_the_account_says_what_is_refused_to_one_without_a_password(client: Client, cleo: User) -> None:
    cleo.set_unusable_password()
    cleo.save()
    client.force_login(cleo)
    assert change(client).status_code == 409
    assert AuditEvent.objects.filter(activity="page.account-password", outcome=Outcome.FAILED).exists()

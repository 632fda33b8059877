"""Saying again who one is: by password or by a fresh code, counted, on record, and good for a short while."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.test import RequestFactory

from clinic.access import reauthentication
from clinic.access.actor import actor_of
from clinic.access.reauthentication import Confirmation, confirmed, note, recently, repeated
from clinic.audit.event import AuditWriteError
from clinic.audit.models import AuditEvent, ChainHead, Outcome
from tests.clinic.access import authenticator

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


def request_of(user: Any, address: str = "127.0.0.1") -> Any:
    request: Any = RequestFactory().post("/")
    request.user, request.session, request.client_address = user, {}, address
    request.actor = actor_of(user, request)
    return request


@pytest.fixture
def cleo(db: None) -> User:
    user = User.objects.create_user("cleo", password=PASSWORD)
    user.groups.set([Group.objects.get(name="clinician")])
    return user


def test_the_password_confirms_and_it_is_on_record(cleo: User) -> None:
    request = request_of(cleo)
    assert not recently(request)
    assert confirmed(request, PASSWORD)
    assert recently(request)
    event = AuditEvent.objects.get()
    assert (event.activity, event.outcome, event.detail) == ("login.confirm", Outcome.SUCCESS, {"method": "password"})
    assert event.actor == f"user-{cleo.pk}"


def test_a_wrong_password_confirms_nothing_and_is_kept_nowhere(cleo: User) -> None:
    request = request_of(cleo)
    answer = confirmed(request, "a wrong secret")
    assert (answer, bool(answer), answer.status) == (Confirmation.WRONG, False, 403)
    assert not recently(request)
    event = AuditEvent.objects.get()
    assert (event.outcome, event.detail) == (Outcome.REFUSED, {"blocked_from_now_on": False})
    assert "wrong secret" not in str(event.__dict__)


def test_guessing_locks_and_then_the_right_password_does_not_help(cleo: User) -> None:
    request = request_of(cleo)
    assert [confirmed(request, f"guess {number}") for number in range(5)] == [Confirmation.WRONG] * 5
    answer = confirmed(request, PASSWORD)
    assert (answer, answer.status) == (Confirmation.LOCKED, 429)
    assert not recently(request)
    assert AuditEvent.objects.count() == 5, "what is refused unseen does not make the trail grow"
    assert confirmed(request_of(cleo, "10.9.8.7"), PASSWORD), "not locked out from everywhere"


def test_nobody_at_the_login_locks_out_a_signature(cleo: User, client: Any) -> None:
    for name in (f"again\x00user-{cleo.pk}", "cleo"):
        for _ in range(5):
            client.post("/login", {"username": name, "password": "guess"})
    assert confirmed(request_of(cleo), PASSWORD)


def test_a_code_of_the_app_confirms_once(cleo: User) -> None:
    authenticator.give_app(cleo)
    code = authenticator.code()
    assert confirmed(request_of(cleo), f" {code[:3]} {code[3:]} ")
    assert AuditEvent.objects.get().detail == {"method": "totp"}
    assert confirmed(request_of(cleo), code) is Confirmation.WRONG, "somebody looked over the shoulder"
    assert confirmed(request_of(cleo), authenticator.code(steps=1))
    assert confirmed(request_of(cleo), authenticator.wrong_code()) is Confirmation.WRONG


def test_a_code_is_nobody_elses(cleo: User) -> None:
    authenticator.give_app(cleo)
    other = User.objects.create_user("other", password="something quite else")
    assert confirmed(request_of(other), authenticator.code()) is Confirmation.WRONG


def test_the_secret_of_an_app_stands_nowhere_in_the_database(cleo: User) -> None:
    authenticator.give_app(cleo)
    assert authenticator.SECRET not in str(Authenticator.objects.get().data)


def test_secrets_sealed_before_the_sites_key_changed_still_open(cleo: User, settings: Any) -> None:
    authenticator.give_app(cleo)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key " * 4
    assert confirmed(request_of(cleo), authenticator.code())


@pytest.mark.parametrize("given", ["", "\x00", "x" * 9999])
def test_what_is_no_password_is_simply_wrong(cleo: User, given: str) -> None:
    assert confirmed(request_of(cleo), given) is Confirmation.WRONG


def test_without_a_password_of_ones_own_an_empty_one_is_wrong(cleo: User) -> None:
    cleo.set_unusable_password()
    cleo.save()
    assert confirmed(request_of(cleo), "!") is Confirmation.WRONG
    assert confirmed(request_of(cleo), cleo.password) is Confirmation.WRONG


def test_a_person_put_out_of_service_confirms_nothing(cleo: User) -> None:
    User.objects.update(is_active=False)
    assert confirmed(request_of(cleo), PASSWORD) is Confirmation.WRONG


def test_it_holds_for_a_while_and_for_nobody_who_is_not_signed_in(
    cleo: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REAUTHENTICATION_MINUTES = 5
    request = request_of(cleo)
    assert confirmed(request, PASSWORD)
    now = time.time()
    for later, holds in ((299, True), (301, False), (-60, False)):
        monkeypatch.setattr(reauthentication, "time", SimpleNamespace(time=lambda later=later: now + later))
        assert recently(request) is holds
    monkeypatch.undo()
    assert not recently(request, seconds=0)
    request.user = SimpleNamespace(is_authenticated=False)
    assert not recently(request)


def test_a_login_is_no_repetition_but_for_who_has_nothing_else_to_say(cleo: User) -> None:
    request = request_of(cleo)
    note(request)  # as a login does
    assert recently(request)
    assert not repeated(request)
    assert confirmed(request, PASSWORD)
    assert repeated(request)

    cleo.set_unusable_password()
    request = request_of(cleo)
    assert not repeated(request), "the single sign-on asked nothing"
    note(request)
    assert repeated(request)
    authenticator.give_app(cleo)
    assert not repeated(request)


def test_what_cannot_be_recorded_is_not_confirmed(cleo: User) -> None:
    authenticator.give_app(cleo)
    code = authenticator.code()
    ChainHead.objects.all().delete()
    request = request_of(cleo)
    with pytest.raises(AuditWriteError):
        confirmed(request, code)
    assert not recently(request)
    assert not Authenticator.objects.get().data.get("last_counter"), "the code is not used up"

"""The second step of a login: nobody comes in without it who has one, and no code works twice."""

import re
import time
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account import models as allauth_models
from allauth.account.internal import stagekit
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from clinic.access import factors, throttle
from clinic.audit.event import SYSTEM
from clinic.audit.models import AuditEvent, ChainHead, Outcome
from tests.clinic.access import authenticator
from tests.clinic.access.people import PASSWORD, is_in, log_in, person

pytestmark = pytest.mark.django_db
STEP = "/login/second-factor"


@pytest.fixture
def cleo(db: None) -> User:
    user = person()
    authenticator.give_app(user)
    return user


def trail() -> list[tuple[str, str, Any]]:
    return [
        (event.activity, event.outcome, event.detail)
        for event in AuditEvent.objects.order_by("sequence")
        if not event.activity.startswith("page.")
    ]


def test_the_password_alone_opens_nothing_and_the_code_does(client: Client, cleo: User) -> None:
    first = log_in(client, next="/formulary?x=1")
    assert (first.status_code, first["Location"]) == (302, STEP)
    assert not is_in(client)
    page = client.get(STEP)
    assert (page.status_code, b"authenticator app" in page.content) == (200, True)
    assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    second = client.post(STEP, {"code": authenticator.code()})
    assert (second.status_code, second["Location"]) == (302, "/formulary?x=1")
    assert is_in(client)
    app = Authenticator.objects.get()
    assert trail() == [
        ("login.password", Outcome.SUCCESS, {}),
        ("login.second-factor", Outcome.SUCCESS, {"kind": "totp", "person": f"user-{cleo.pk}"}),
        ("login", Outcome.SUCCESS, {"by": ["password", "totp"]}),
    ]
    assert app.last_used_at is not None


def test_the_session_of_the_first_step_is_worth_nothing_after_the_second(client: Client, cleo: User) -> None:
    log_in(client)
    half = client.cookies["sessionid"].value
    client.post(STEP, {"code": authenticator.code()})
    thief = Client()
    thief.cookies["sessionid"] = half
    assert not is_in(thief)
    assert thief.get(STEP)["Location"] == "/login"


def test_a_wrong_code_and_one_that_was_used_are_refused_and_recorded(client: Client, cleo: User) -> None:
    log_in(client)
    assert client.post(STEP, {"code": authenticator.wrong_code()}).status_code == 401
    assert client.post(STEP, {}).status_code == 401
    assert not is_in(client)
    assert trail()[1:] == [("login.second-factor", Outcome.REFUSED, {"blocked_from_now_on": False})] * 2
    code = authenticator.code()
    client.post(STEP, {"code": code})
    assert is_in(client)
    other = Client()
    log_in(other)
    assert other.post(STEP, {"code": code}).status_code == 401, "somebody read it over the shoulder"
    assert not is_in(other)


def test_guessing_codes_is_cut_off_from_every_address_and_the_password_must_be_given_anew(
    client: Client, cleo: User
) -> None:
    log_in(client)
    for number in range(4):
        guesser = Client(REMOTE_ADDR=f"10.0.0.{number}")
        log_in(guesser)
        assert guesser.post(STEP, {"code": authenticator.wrong_code()}).status_code == 401
    last = client.post(STEP, {"code": authenticator.wrong_code()})
    assert (last.status_code, last["Retry-After"]) == (429, "900")
    assert client.get(STEP)["Location"] == "/login"
    fresh = Client(REMOTE_ADDR="10.9.8.7")
    log_in(fresh)
    assert fresh.post(STEP, {"code": authenticator.code()}).status_code == 429
    assert not is_in(fresh)
    assert trail()[-1][0] == "login.password", "what is refused unseen does not make the trail grow"


def test_who_does_not_know_the_password_locks_nobody_out_of_the_second_step(client: Client, cleo: User) -> None:
    for name in (f"factor\x00user-{cleo.pk}", "cleo"):
        for _ in range(throttle.A_NAME_FROM_AN_ADDRESS):
            client.post("/login", {"username": name, "password": "guess"})
    elsewhere = Client(REMOTE_ADDR="10.9.8.7")
    log_in(elsewhere)
    assert elsewhere.post(STEP, {"code": authenticator.code()}).status_code == 302


def test_a_recovery_code_works_once(client: Client, cleo: User) -> None:
    codes = factors.renew_codes(person=cleo, by=SYSTEM)
    assert len(set(codes)) == 10
    log_in(client)
    assert client.post(STEP, {"code": f"{codes[3][:4]} {codes[3][4:]}"}).status_code == 302
    assert is_in(client)
    assert factors.unused_codes(cleo) == 9
    other = Client()
    log_in(other)
    assert other.post(STEP, {"code": codes[3]}).status_code == 401
    assert other.post(STEP, {"code": codes[0]}).status_code == 302


def test_the_second_step_is_for_those_who_made_the_first_lately(
    client: Client, cleo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(STEP)["Location"] == "/login"
    assert client.post(STEP, {"code": authenticator.code()})["Location"] == "/login"
    log_in(client)
    later = SimpleNamespace(time=lambda: time.time() + 301)
    monkeypatch.setattr(stagekit, "time", later)
    monkeypatch.setattr(allauth_models, "time", later)
    assert client.post(STEP, {"code": authenticator.code()})["Location"] == "/login"
    assert not is_in(client)


def test_one_put_out_of_service_between_the_steps_stays_out(client: Client, cleo: User) -> None:
    log_in(client)
    User.objects.update(is_active=False)
    assert client.post(STEP, {"code": authenticator.code()})["Location"] == "/login"
    assert not is_in(client)


def test_who_logs_in_as_another_leaves_the_first_session(client: Client, cleo: User) -> None:
    person("other", "auditor")
    log_in(client, "other")
    assert log_in(client)["Location"] == STEP
    assert not is_in(client)
    client.post(STEP, {"code": authenticator.code()})
    assert client.get("/account").context["user"] == cleo
    assert [activity for activity, *_ in trail()][:3] == ["login", "logout", "login.password"]


@pytest.mark.parametrize("step", ["password", "code"])
def test_what_cannot_be_recorded_lets_nobody_further(client: Client, cleo: User, step: str) -> None:
    if step == "code":
        log_in(client)
    head = ChainHead.objects.get()
    ChainHead.objects.all().delete()
    code = authenticator.code()
    answer = log_in(client) if step == "password" else client.post(STEP, {"code": code})
    assert answer.status_code == 500
    head.save(force_insert=True)
    assert not is_in(client)
    if step == "password":
        assert client.get(STEP)["Location"] == "/login"
    else:
        assert client.post(STEP, {"code": code}).status_code == 302, "the code was not used up"


def test_secrets_of_a_site_key_that_is_gone_open_nothing_and_break_nothing(
    client: Client, cleo: User, settings: Any
) -> None:
    codes = factors.renew_codes(person=cleo, by=SYSTEM)
    settings.SECRET_KEY = "another key " * 4
    log_in(client)
    for code in (authenticator.code(), codes[0]):
        assert client.post(STEP, {"code": code}).status_code == 401
    assert factors.unused_codes(cleo) == 0
    assert factors.forget(person=cleo, by=SYSTEM) == 1
    assert log_in(client)["Location"] == "/"


@pytest.mark.parametrize("broken", ["", "{}", "[]", "null", "nonsense", '{"id":"x","response":{}}', "[" * 9000])
def test_a_key_that_proves_nothing_is_refused(client: Client, cleo: User, broken: str) -> None:
    log_in(client)
    assert client.post(STEP, {"credential": broken}).status_code == 401
    assert not is_in(client)


def test_the_demo_roles_of_which_none_is_demanded_log_in_by_password(client: Client, settings: Any) -> None:
    assert settings.SECOND_FACTOR_ROLES == []
    person("other")
    assert log_in(client, "other")["Location"] == "/"


# setting up and removing


def set_up(client: Client, **more: str) -> tuple[Any, str]:
    """The answer to the form, and the secret that the app was given."""
    page = client.get("/account/app")
    secret = re.search(rb'<code class="wrap">([A-Z2-7 ]+)</code>', page.content)
    assert secret
    plain = secret[1].decode().replace(" ", "")
    return client.post("/account/app", {"code": authenticator.code(secret=plain), **more}), plain


def test_an_app_is_set_up_with_recovery_codes_that_are_shown_once(client: Client) -> None:
    other = person("other")
    log_in(client, "other")
    page = client.get("/account/app")
    assert b"<svg" in page.content
    assert b"style=" not in page.content
    wrong = client.post("/account/app", {"code": authenticator.wrong_code()})
    assert (wrong.status_code, factors.of(other)) == (400, [])
    answer, secret = set_up(client)
    codes = re.findall(rb"<li>(\d{4} \d{4})</li>", answer.content)
    assert (answer.status_code, len(codes)) == (200, 10)
    assert "no-store" in answer["Cache-Control"]
    assert secret not in str(list(Authenticator.objects.values()))
    assert codes[0] not in client.get("/account").content
    added = [entry for entry in trail() if entry[0].startswith("factor.")]
    who = f"user-{other.pk}"
    assert added == [
        ("factor.add", Outcome.SUCCESS, {"kind": "totp", "person": who}),
        ("factor.codes", Outcome.SUCCESS, {"kind": "recovery_codes", "person": who}),
    ]
    fresh = Client()
    assert log_in(fresh, "other")["Location"] == STEP
    used = fresh.post(STEP, {"code": authenticator.code(secret=secret)})
    assert used.status_code == 401, "the code that set it up is used"
    assert fresh.post(STEP, {"code": codes[0].decode()}).status_code == 302


def test_a_session_left_open_sets_up_and_removes_nothing_without_the_password(client: Client, settings: Any) -> None:
    other = person("other")
    app = authenticator.give_app(other)
    client.force_login(other)  # a session that proved nothing lately
    assert client.post(f"/account/factors/{app.pk}/remove").status_code == 400
    assert client.post(f"/account/factors/{app.pk}/remove", {"again": "guess"}).status_code == 400
    assert client.post("/account/recovery-codes", {"again": "guess"}).status_code == 400
    assert client.post("/account/key", {"again": "guess", "name": "stick", "credential": "{}"}).status_code == 400
    assert factors.of(other) == [app]
    done = client.post(f"/account/factors/{app.pk}/remove", {"again": PASSWORD})
    assert (done.status_code, factors.of(other)) == (302, [])
    assert trail()[-1] == ("factor.remove", Outcome.SUCCESS, {"kind": "totp", "person": f"user-{other.pk}"})


def test_the_recovery_codes_go_with_the_last_factor_and_new_ones_replace_the_old(client: Client, cleo: User) -> None:
    old = factors.renew_codes(person=cleo, by=SYSTEM)
    log_in(client)
    client.post(STEP, {"code": authenticator.code()})
    answer = client.post("/account/recovery-codes")
    assert old[0][:4].encode() + b" " + old[0][4:].encode() not in answer.content
    other = Client()
    log_in(other)
    assert other.post(STEP, {"code": old[0]}).status_code == 401
    assert client.post(f"/account/factors/{factors.of(cleo)[0].pk}/remove").status_code == 302
    assert not Authenticator.objects.exists()
    assert client.post("/account/recovery-codes").status_code == 409


def test_nobody_removes_anothers_factor(client: Client, cleo: User) -> None:
    person("other")
    log_in(client, "other")
    assert client.post(f"/account/factors/{factors.of(cleo)[0].pk}/remove").status_code == 409
    assert len(factors.of(cleo)) == 1


# roles of which one is demanded


@pytest.fixture
def demanded(settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["administrator", "clinician"]


@pytest.mark.usefixtures("demanded")
def test_a_role_that_needs_a_second_factor_sees_its_own_account_alone_until_it_has_one(client: Client) -> None:
    person("other")
    log_in(client, "other")
    page = client.get("/")
    assert (page.status_code, page["Location"]) == (302, "/account")
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/account"
    assert client.post("/quarantine/retry").status_code == 403, "what the role may not do stays refused as ever"
    assert b"Your role needs a second factor" in client.get("/account").content
    refused = AuditEvent.objects.filter(outcome=Outcome.REFUSED, activity="page.worklist")[0]
    assert refused.detail["why"] == "needs a second factor"
    set_up(client)
    assert client.get("/").status_code == 200


@pytest.mark.usefixtures("demanded")
def test_the_last_factor_of_such_a_role_stays(client: Client, cleo: User) -> None:
    log_in(client)
    client.post(STEP, {"code": authenticator.code()})
    assert client.get("/").status_code == 200
    answer = client.post(f"/account/factors/{factors.of(cleo)[0].pk}/remove")
    assert (answer.status_code, len(factors.of(cleo))) == (409, 1)


@pytest.mark.usefixtures("demanded")
def test_a_session_from_before_the_factor_does_not_count_as_two(client: Client) -> None:
    other = person("other")
    log_in(client, "other")
    authenticator.give_app(other)
    assert client.get("/")["Location"] == "/account"
    assert b"log in again with it" in client.get("/account").content


@pytest.mark.usefixtures("demanded")
def test_other_roles_are_asked_for_none(client: Client) -> None:
    person("other", "auditor")
    log_in(client, "other")
    assert client.get("/audit").status_code == 200

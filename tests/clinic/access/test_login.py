"""Logging in: to where one wanted to go, and not for whoever guesses."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from clinic.access import throttle
from clinic.access.models import LoginFailures
from clinic.audit.models import AuditEvent, Outcome

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def cleo(db: None) -> User:
    user = User.objects.create_user("cleo", password=PASSWORD)
    user.groups.set([Group.objects.get(name="clinician")])
    return user


def log_in(client: Client, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login", {"username": "cleo", "password": password, **more})


@pytest.mark.parametrize(
    ("role", "home"),
    [
        ("clinician", "/"),
        ("pharmacist", "/"),
        ("researcher", "/studies"),
        ("administrator", "/administration/people"),
        ("auditor", "/audit"),
        ("integration", "/"),
    ],
)
def test_each_role_begins_at_its_own_page(client: Client, cleo: User, role: str, home: str) -> None:
    cleo.groups.set([Group.objects.get(name=role)])
    answer = log_in(client)
    assert (answer.status_code, answer["Location"]) == (302, home)


def test_the_login_form_stands_in_place_of_the_page_and_leads_back_to_it(client: Client, cleo: User) -> None:
    refused = client.get("/studies?page=2")
    assert refused.status_code == 401
    wanted = re.search(rb'name="next" value="([^"]*)"', refused.content)
    assert wanted
    assert wanted[1] == b"/studies?page=2"
    assert log_in(client, next=wanted[1].decode())["Location"] == "/studies?page=2"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.test/",
        "//evil.test/",
        "///evil.test",
        "\\\\evil.test",
        "/\\evil.test",
        "http:evil.test",
        "javascript:alert(1)",
        " https://evil.test",
        "\thttps://evil.test",
        "https:///evil.test",
        "/logout",
        "/login?next=/",
    ],
)
def test_nobody_is_led_to_another_site(client: Client, cleo: User, elsewhere: str) -> None:
    assert log_in(client, next=elsewhere)["Location"] == "/"
    page = Client().get("/login", {"next": elsewhere}).content.decode()
    kept = re.findall(r'name="next" value="([^"]*)"', page)
    assert kept
    assert all(address == "" or address.startswith("/login?next=") for address in kept), kept


def test_htmx_is_sent_to_the_login_and_back(client: Client) -> None:
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/studies?x=1"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/login?next=%2Fstudies%3Fx%3D1")
    away = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://evil.test/"})
    assert away["HX-Redirect"] == "/login"


def test_a_program_gets_json(client: Client) -> None:
    answer = client.get("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (401, {"error": "Log in first."})


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer_and_are_recorded(client: Client, cleo: User) -> None:
    def visible(answer: Any) -> bytes:
        assert answer.status_code == 401
        return re.sub(rb'value="[^"]*"', b"", answer.content)

    wrong_password = log_in(client, "wrong")
    wrong_name = client.post("/login", {"username": "nobody", "password": PASSWORD})
    assert visible(wrong_password) == visible(wrong_name)
    events = list(AuditEvent.objects.all())
    assert [(event.actor, event.outcome) for event in events] == [("stranger", Outcome.REFUSED)] * 2
    assert "nobody" not in str(events[1].__dict__), "people mistype passwords into the name"


def test_an_unknown_name_costs_a_hash_too(client: Client, cleo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    log_in(client, "wrong")
    known = len(hashed)
    client.post("/login", {"username": "nobody", "password": "wrong"})
    assert len(hashed) - known == known == 1


def test_a_person_put_out_of_service_cannot_log_in(client: Client, cleo: User) -> None:
    User.objects.update(is_active=False)
    assert log_in(client).status_code == 401


def test_guessing_is_cut_off_and_the_right_password_then_does_not_help(client: Client, cleo: User) -> None:
    statuses = [log_in(client, f"guess {number}").status_code for number in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    blocked = log_in(client)
    assert (blocked.status_code, blocked["Retry-After"]) == (429, "900")
    assert "_auth_user_id" not in client.session
    events = AuditEvent.objects.filter(activity="login")
    assert events.count() == 5, "what is refused unseen does not make the trail grow"
    assert events.order_by("-sequence")[0].detail == {"blocked_from_now_on": True}
    elsewhere = Client(REMOTE_ADDR="10.9.8.7")
    assert log_in(elsewhere).status_code == 302, "nobody is locked out from everywhere by a stranger"


def test_an_address_that_guesses_many_names_is_cut_off(client: Client, cleo: User) -> None:
    for number in range(throttle.AN_ADDRESS):
        throttle.note_failure(f"name {number}", "127.0.0.1")
    assert log_in(client).status_code == 429


def test_failures_are_forgotten_after_a_while_and_leave_no_name(client: Client, cleo: User) -> None:
    now = timezone.now()
    for _ in range(5):
        throttle.note_failure("Cleo ", "127.0.0.1", now=now)
    assert throttle.is_blocked("cleo", "127.0.0.1", now=now + timedelta(minutes=14))
    assert not throttle.is_blocked("cleo", "127.0.0.1", now=now + timedelta(minutes=16))
    assert "cleo" not in str(list(LoginFailures.objects.values())).lower()
    throttle.note_failure("other", "10.0.0.1", now=now + timedelta(hours=1))
    assert LoginFailures.objects.count() == 2, "the old are gone"


def test_a_success_forgets_the_names_failures(client: Client, cleo: User) -> None:
    for _ in range(4):
        log_in(client, "wrong")
    assert log_in(client).status_code == 302
    client.post("/logout")
    assert log_in(client, "wrong").status_code == 401
    assert log_in(client).status_code == 302


def test_a_session_planted_before_the_login_is_worth_nothing_after_it(client: Client, cleo: User) -> None:
    client.get("/login")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    log_in(client)
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/").status_code == 401


def test_a_session_is_over_after_logout(client: Client, cleo: User) -> None:
    log_in(client)
    kept = client.cookies["sessionid"].value
    assert client.get("/logout").status_code == 405, "a picture's address must not log anybody out"
    assert client.post("/logout").status_code == 302
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert thief.get("/").status_code == 401
    assert list(AuditEvent.objects.values_list("activity", flat=True)) == ["login", "logout"]


def test_the_cookies_are_closed_to_scripts_and_other_sites(client: Client, cleo: User) -> None:
    answer = log_in(client)
    cookie = answer.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["expires"]) == (True, "Lax", "")


def test_forms_of_other_sites_are_refused(cleo: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert log_in(client).status_code == 403
    page = client.get("/login")
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.content)
    assert token
    assert log_in(client, csrfmiddlewaretoken=token[1].decode()).status_code == 302
    assert client.post("/logout").status_code == 403
    assert client.post("/quarantine/retry").status_code == 403


def test_a_name_that_is_no_text_for_a_database_is_simply_wrong(client: Client) -> None:
    answer = client.post("/login", {"username": "a\x00b" + "x" * 999, "password": "\x00" * 9999})
    assert answer.status_code == 401


def test_another_address_of_the_same_line_gives_no_more_tries(client: Client, cleo: User) -> None:
    for number in range(throttle.A_NAME_FROM_AN_ADDRESS):
        answer = client.post(
            "/login", {"username": "cleo", "password": "wrong"}, REMOTE_ADDR=f"2001:db8:0:1:{number:x}::7"
        )
        assert answer.status_code == 401
    answer = client.post("/login", {"username": "cleo", "password": PASSWORD}, REMOTE_ADDR="2001:db8:0:1:ffff::1")
    assert answer.status_code == 429
    answer = client.post("/login", {"username": "cleo", "password": PASSWORD}, REMOTE_ADDR="2001:db8:0:2::1")
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1%eth0", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("no address", "no address", True),
        ("no address", "another", False),
    ],
)
def test_a_line_is_one_address_of_ipv4_and_a_64_of_ipv6(address: str, other: str, same: bool) -> None:
    assert (throttle.line(address) == throttle.line(other)) is same

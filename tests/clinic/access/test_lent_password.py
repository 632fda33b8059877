"""A password that somebody else set opens the page that changes it and no other; a forgotten one has a way back."""

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.test import Client

from clinic.access import forgotten, password_link
from clinic.access.models import ChosenLanguage, LentPassword
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent, Outcome
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
OWN = "a long walk by the lake"


def made(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    found = re.search(r"shown only here(?::|, is) (\S+?)\.?\s", out.getvalue())
    assert found is not None, out.getvalue()
    return found.group(1)


def log_in(client: Client, password: str, name: str = "ada") -> Any:
    return client.post("/login", {"username": name, "password": password})


@pytest.fixture
def lent(db: None) -> str:
    return made("person", "ada", "--role", "clinician")


def test_every_page_leads_to_the_change_until_it_is_changed(client: Client, lent: str) -> None:
    log_in(client, lent)
    for path in ("/", "/formulary", "/help"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/account/password"), path
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/account/password"
    refused = AuditEvent.objects.filter(outcome=Outcome.REFUSED, detail__why="needs a password of one's own")
    assert refused.count() == 4
    assert "Somebody else set your password." in client.get("/account/password").content.decode()
    new = {"again": lent, "new": OWN, "new_again": OWN}
    assert client.post("/account/password", new).status_code == 302
    assert client.get("/").status_code == 200
    assert not LentPassword.objects.exists()
    other = Client()
    assert log_in(other, OWN).status_code == 302
    assert other.get("/").status_code == 200


def test_the_same_one_again_is_no_password_of_ones_own(client: Client, lent: str) -> None:
    log_in(client, lent)
    answer = client.post("/account/password", {"again": lent, "new": lent, "new_again": lent})
    assert answer.status_code == 400
    assert "somebody else set" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_whoever_forgot_is_given_another_to_change_at_the_command_line(client: Client) -> None:
    person = patient_records.person("ada")
    person.set_password(OWN)
    person.save()
    inside = Client()
    log_in(inside, OWN)
    given = made("sign_in", "ada", "--new-password")
    assert inside.get("/").status_code == 401, "who was in is out"
    assert log_in(client, OWN).status_code == 401
    log_in(client, given)
    assert client.get("/")["Location"] == "/account/password"
    assert AuditEvent.objects.filter(activity="password.lend", entity_id=f"user-{person.pk}").count() == 1


def test_a_password_set_by_the_link_is_ones_own(client: Client, lent: str) -> None:
    ada = User.objects.get()
    page = client.get(password_link.path_for(ada), follow=True)
    client.post(page.request["PATH_INFO"], {"new_password1": OWN, "new_password2": OWN})
    log_in(client, OWN)
    assert client.get("/").status_code == 200


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the worker is asked, done at once."""
    kept: list[tuple[str, str]] = []

    def send_task(_name: str, username: str, site: str) -> bool:
        kept.append((username, site))
        password_link.send(username, site)
        return True

    monkeypatch.setattr(forgotten, "send_task", send_task)
    return kept


@pytest.fixture
def with_mail(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.test"
    settings.PUBLIC_URL = "https://twin.test"


def remembered(name: str = "ada", **fields: Any) -> User:
    person = patient_records.person(name)
    person.set_password("something that was forgotten")
    for field, value in ({"email": "ada@hospital.test"} | fields).items():
        setattr(person, field, value)
    person.save()
    return person  # type: ignore[no-any-return]


@pytest.mark.usefixtures("with_mail")
def test_a_link_goes_to_the_address_that_is_known_and_sets_a_password_once(
    client: Client, asked: list[tuple[str, str]]
) -> None:
    remembered()
    assert "a link is on its way" in client.post("/login/forgotten", {"username": "ada"}).content.decode()
    assert asked == [("ada", "https://twin.test")]
    (message,) = mail.outbox
    assert message.to == ["ada@hospital.test"]
    link = re.findall(r"https://twin\.test(/\S+)", message.body)[0]
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"], {"new_password1": OWN, "new_password2": OWN})
    assert log_in(client, OWN).status_code == 302
    assert client.get(link, follow=True).status_code == 410


@pytest.mark.usefixtures("with_mail", "asked")
def test_the_letter_is_in_the_language_of_the_account_else_of_the_site(client: Client, settings: Any) -> None:
    person = remembered()
    client.post("/login/forgotten", {"username": "ada"}, headers={"Accept-Language": "de"})
    settings.SITE_LANGUAGE = "de"
    client.post("/login/forgotten", {"username": "ada"})
    ChosenLanguage.objects.create(person=person, code="en-gb")
    client.post("/login/forgotten", {"username": "ada"})
    first, second, third = ((letter.subject, "Stunden" in letter.body) for letter in mail.outbox)
    assert first == third == ("A new password for Patient Twin", False)
    assert second == ("Ein neues Passwort für Patient Twin", True)


@pytest.mark.usefixtures("with_mail")
@pytest.mark.parametrize("fields", [{"email": ""}, {"is_active": False}, {"password": "!"}, {"username": "somebody"}])
def test_nobody_learns_who_is_known_here(client: Client, asked: list[tuple[str, str]], fields: dict[str, Any]) -> None:
    remembered(**fields)
    answer = client.post("/login/forgotten", {"username": "ada"})
    assert "a link is on its way" in answer.content.decode()
    assert mail.outbox == []
    event = AuditEvent.objects.get(activity="password.forgotten")
    assert "ada" not in str(event.detail)


@pytest.mark.usefixtures("with_mail")
def test_nobody_is_flooded_with_links(client: Client, asked: list[tuple[str, str]]) -> None:
    remembered()
    statuses = [client.post("/login/forgotten", {"username": "ada"}).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert len(mail.outbox) == 5
    assert Client().get("/login/forgotten").status_code == 200
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert elsewhere.post("/login/forgotten", {"username": "Ada"}).status_code == 429
    assert elsewhere.post("/login/forgotten", {"username": "bea"}).status_code == 200


def test_whoever_asks_does_not_say_where_the_link_leads(
    client: Client, asked: list[tuple[str, str]], settings: Any
) -> None:
    settings.EMAIL_HOST, settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "mail.test", "https://twin.test", ["*"]
    remembered()
    client.post("/login/forgotten", {"username": "ada"}, headers={"Host": "evil.test"})
    assert "https://twin.test/" in mail.outbox[0].body
    settings.PUBLIC_URL = ""
    client.post("/login/forgotten", {"username": "ada"}, headers={"Host": "evil.test"})
    assert len(mail.outbox) == 1
    assert "evil" not in mail.outbox[0].body


def test_without_a_mail_server_the_page_names_the_administrator_and_sends_nothing(
    client: Client, asked: list[tuple[str, str]]
) -> None:
    remembered()
    assert 'href="/login/forgotten"' in client.get("/login").content.decode()
    page = client.post("/login/forgotten", {"username": "ada"}).content.decode()
    assert "Ask an administrator:" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    assert (asked, mail.outbox) == ([], [])


def test_an_administrator_sets_where_the_link_goes_but_not_for_themselves(client: Client) -> None:
    person = remembered(email="")
    addie = patient_records.person("addie", Role.ADMINISTRATOR, team=None)
    client.force_login(addie)
    path = "/administration/people/{}/address"
    assert client.post(path.format(person.pk), {"address": "ada@hospital.test"}).status_code == 302
    person.refresh_from_db()
    assert person.email == "ada@hospital.test"
    assert client.post(path.format(person.pk), {"address": "no address"}).status_code == 422
    assert client.post(path.format(addie.pk), {"address": "me@elsewhere.test"}).status_code == 422
    event = AuditEvent.objects.get(activity="person.email")
    assert event.detail == {"had": False, "has": True}

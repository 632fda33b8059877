"""Pages speak the language that was chosen, else the site's, else the browser's; machines are always answered alike."""

from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from clinic.access.models import ChosenLanguage
from clinic.audit.models import AuditEvent
from clinic.site import env
from tests.factories import patient_records as rows

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def spoken(client: Client, address: str = "/login", **headers: str) -> str:
    answer = client.get(address, headers=headers)
    language = str(answer["Content-Language"])
    assert f'<html lang="{language}">' in answer.content.decode()
    return language


def test_without_a_wish_pages_are_english(client: Client) -> None:
    assert spoken(client) == "en-gb"
    assert spoken(client, **{"Accept-Language": "fr, xx"}) == "en-gb"
    assert spoken(client, **{"Accept-Language": "en-US"}) == "en-gb"


def test_a_browser_gets_its_language_where_the_site_names_none(client: Client, settings: Any) -> None:
    assert spoken(client, **GERMAN) == "de"
    settings.SITE_LANGUAGE = "en-gb"
    assert spoken(client, **GERMAN) == "en-gb"
    settings.SITE_LANGUAGE = "de"
    assert spoken(client, **{"Accept-Language": "en"}) == "de"


def test_a_person_chooses_before_signing_in_and_keeps_it(client: Client, settings: Any) -> None:
    answer = client.post("/language", {"language": "de", "next": "/login?next=/help"})
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=/help")
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["max-age"] >= 180 * 24 * 3600
    assert spoken(client, **{"Accept-Language": "en"}) == "de"
    client.force_login(rows.person())
    assert '<html lang="de">' in client.get("/help").content.decode()


def test_a_choice_belongs_to_the_account_and_is_spoken_wherever_the_person_logs_in(client: Client) -> None:
    person = rows.person("ada")
    client.force_login(person)
    chosen = client.post("/language", {"language": "de", "next": "/help"})
    assert (chosen["Location"], dict(chosen.cookies)) == ("/help", {})
    assert spoken(client) == "de"
    elsewhere = Client(headers={"Accept-Language": "en"})
    elsewhere.cookies["django_language"] = "en-gb"
    assert spoken(elsewhere) == "en-gb"
    elsewhere.force_login(person)
    assert spoken(elsewhere) == "de"
    assert spoken(elsewhere, "/nowhere") == "de"
    elsewhere.post("/language", {"language": "en-gb"})
    assert spoken(client) == "en-gb"
    elsewhere.post("/logout")
    assert spoken(elsewhere) == "en-gb"


def test_an_accounts_choice_is_no_one_elses_on_a_browser_that_is_shared(client: Client, settings: Any) -> None:
    settings.SITE_LANGUAGE = "en-gb"
    client.force_login(rows.person("ada"))
    client.post("/language", {"language": "de"})
    client.post("/logout")
    assert spoken(client) == "en-gb"
    client.force_login(rows.person("bert"))
    assert spoken(client) == "en-gb"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    assert spoken(client) == "de"
    assert not ChosenLanguage.objects.filter(person__username="bert").exists()


def test_a_language_that_is_spoken_no_longer_is_no_choice(client: Client) -> None:
    person = rows.person()
    ChosenLanguage.objects.create(person=person, code="tlh")
    client.force_login(person)
    assert spoken(client) == "en-gb"


def test_a_choice_is_on_record_once_and_costs_no_query_on_any_page(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/help").status_code == 200
        return len(asked)

    client.force_login(rows.person("ada"))
    before = queries()
    for _ in range(2):
        client.post("/language", {"language": "de"})
    event = AuditEvent.objects.get(activity="account.language")
    who = f"user-{User.objects.get(username='ada').pk}"
    assert (event.action, event.actor, event.entity_id, event.detail) == ("U", who, who, {"language": "de"})
    assert queries() == before


def test_a_session_that_is_over_is_answered_as_a_stranger_by_the_browsers_language(client: Client) -> None:
    client.force_login(rows.person())
    client.post("/language", {"language": "de"})
    Session.objects.all().delete()
    refused = client.get("/help")
    assert (refused.status_code, refused["Content-Language"]) == (401, "en-gb")


def test_where_the_account_cannot_be_read_the_page_says_so_in_the_browsers_language(client: Client) -> None:
    client.raise_request_exception = False
    client.force_login(rows.person())
    client.cookies["django_language"] = "de"
    with mock.patch("clinic.access.own_language.of", side_effect=RuntimeError):
        answer = client.get("/help")
    assert answer.status_code == 500
    assert "Bei uns ist etwas fehlgeschlagen" in answer.content.decode()


def test_the_choice_leads_nowhere_else_and_knows_no_other_language(client: Client) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "nowhere", "logout", ""):
        assert client.post("/language", {"language": "de", "next": elsewhere})["Location"] == "/"
    refused = client.post("/language", {"language": "fr"})
    assert (refused.status_code, dict(refused.cookies)) == (400, {})
    assert client.get("/language").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/language", {"language": "de"}).status_code == 403


def test_a_cookie_of_another_language_is_no_wish(client: Client, settings: Any) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "tlh"
    assert spoken(client) == "en-gb"


@pytest.mark.parametrize(
    "address", ["/fhir/metadata", "/fhir/Patient", "/cds-services", "/fhir/.well-known/smart-configuration"]
)
def test_what_machines_read_is_the_same_whatever_the_language(client: Client, address: str) -> None:
    client.force_login(rows.person())
    client.post("/language", {"language": "de"})
    client.cookies["django_language"] = "de"
    german = client.get(address, headers=GERMAN)
    assert german["Content-Language"] == "en-gb"
    assert "Accept-Language" not in german.get("Vary", "")


def test_a_page_leaves_its_language_to_nobody(client: Client) -> None:
    with translation.override("en-gb"):
        assert spoken(client, **GERMAN) == "de"
        assert translation.get_language() == "en-gb"


def test_every_page_offers_both_languages_in_their_own_words(client: Client) -> None:
    for foot in (client.get("/login"), client.get("/nowhere")):
        form = foot.content.decode().split('action="/language"')[1]
        assert 'value="en-gb" lang="en-gb" aria-current="true">English</button>' in form
        assert 'value="de" lang="de">Deutsch</button>' in form
    german = client.get("/login", headers={"Accept-Language": "de"}).content.decode()
    assert 'value="en-gb" lang="en-gb">English</button>' in german


def test_a_site_speaks_only_a_language_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.choice("SITE_LANGUAGE", "", ["en-gb", "de"]) == ""
    monkeypatch.setenv("SITE_LANGUAGE", "de")
    assert env.choice("SITE_LANGUAGE", "", ["en-gb", "de"]) == "de"
    monkeypatch.setenv("SITE_LANGUAGE", "fr")
    with pytest.raises(env.SettingError, match="use one of en-gb, de"):
        env.choice("SITE_LANGUAGE", "", ["en-gb", "de"])


def test_where_something_failed_the_page_says_so_in_the_readers_language(client: Client) -> None:
    client.raise_request_exception = False
    with mock.patch("clinic.site.help_page.render", side_effect=RuntimeError):
        client.force_login(rows.person())
        client.cookies["django_language"] = "de"
        answer = client.get("/help")
    assert answer.status_code == 500
    assert "Bei uns ist etwas fehlgeschlagen" in answer.content.decode()

"""Pages speak the language that was chosen, else the site's, else the browser's; machines are always answered alike."""

from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import translation

from clinic.site import env
from tests.factories import patient_records as rows

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def spoken(client: Client, **headers: str) -> str:
    answer = client.get("/login", headers=headers)
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

"""Logging in, emergency access and the trail speak the reader's language; what is stored does not."""

import pytest
from django.test import Client
from django.utils import translation

from clinic.access.roles import Role
from clinic.access.sessions import browser
from clinic.audit.models import AuditEvent, Outcome
from tests.factories.patient_records import person

pytestmark = pytest.mark.django_db


def page(role: Role, address: str, language: str) -> str:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(f"{role} {language}", role, team=None))
    return client.get(address).content.decode()


def test_the_login_speaks_german_to_a_german_browser_and_english_to_any_other() -> None:
    german = Client(headers={"Accept-Language": "de"}).get("/login").content.decode()
    assert "<h1>Anmelden</h1>" in german
    assert "Benutzername" in german
    for other in ("en", "fr", ""):
        english = Client(headers={"Accept-Language": other}).get("/login").content.decode()
        assert "<h1>Log in</h1>" in english
        assert "User name" in english


def test_a_refused_login_says_why_in_german() -> None:
    client = Client(headers={"Accept-Language": "de"})
    answer = client.post("/login", {"username": "nobody", "password": "wrong"})
    assert answer.status_code == 401
    assert "Benutzername und Passwort gehören nicht zusammen." in answer.content.decode()


def test_the_choices_of_an_emergency_speak_the_readers_language() -> None:
    words = {"de": "Das Behandlungsteam hat mich um Rat gebeten", "en": "The care team asked me for advice"}
    for language, sentence in words.items():
        assert sentence in page(Role.CLINICIAN, "/break-glass", language)


def test_the_trail_names_outcomes_and_roles_in_german_and_keeps_its_own_keys() -> None:
    page(Role.AUDITOR, "/audit", "de")  # is on record, so that the next look shows it
    german = Client(headers={"Accept-Language": "de"})
    german.force_login(person("another", Role.AUDITOR, team=None))
    text = german.get("/audit").content.decode()
    assert "<h1>Prüfprotokoll</h1>" in text
    assert "gelungen" in text
    assert "Revision" in text
    assert "page.audit" in text
    kept = AuditEvent.objects.filter(activity="page.audit").first()
    assert kept is not None
    assert kept.actor_roles == ["auditor"]
    assert kept.outcome == Outcome.SUCCESS
    assert ">success<" in page(Role.AUDITOR, "/audit", "en")


def test_a_browser_is_named_in_the_readers_language() -> None:
    telephone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1"
    assert browser(telephone) == "Safari on an iPhone"
    with translation.override("de"):
        assert browser(telephone) == "Safari (iPhone)"
        assert browser("") == "ein Programm, das sich nicht zu erkennen gibt"

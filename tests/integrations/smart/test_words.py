"""Apps and systems are registered and allowed in the reader's language."""

import pytest
from django.test import Client
from django.utils import translation

from clinic.access.roles import Role
from integrations.smart.scopes import parse
from tests.factories.patient_records import person
from tests.integrations.smart.steps import app, question

pytestmark = pytest.mark.django_db


def page(role: Role, address: str, language: str) -> str:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(f"{role} {language}", role, team=None))
    return client.get(address).content.decode()


def test_the_page_speaks_german_where_asked_and_english_otherwise() -> None:
    assert "Wie es sich ausweist" in page(Role.ADMINISTRATOR, "/clients/new", "de")
    assert "How it proves itself" in page(Role.ADMINISTRATOR, "/clients/new", "en")


def test_a_scope_is_one_sentence_in_each_language() -> None:
    (scope,) = parse("user/MedicationRequest.rs?status=active").clinical
    english = "Read and search prescriptions (MedicationRequest) of the patients of your care teams"
    assert scope.words == f"{english}, only where status is active"
    with translation.override("de"):
        german = (
            "Verordnungen (MedicationRequest) der Patientinnen und Patienten Ihrer Behandlungsteams lesen und suchen"
        )
        assert scope.words == f"{german}, nur wo status gleich active"


def test_every_mistake_of_a_registration_is_said_in_german() -> None:
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(person("addie", Role.ADMINISTRATOR, team=None))
    sent = {"name": "", "kind": "public", "proof": "none", "purpose": "TREAT", "redirect_uris": "ftp://x", "scope": "x"}
    text = client.post("/clients/new", sent).content.decode()
    assert "Name: Geben Sie einen mit höchstens 100 Zeichen an" in text
    assert "Scopes: x ist kein Scope von SMART" in text
    assert "hat kein Schema, das hier verwendet wird" in text


def test_an_app_is_answered_in_english_whatever_the_person_reads() -> None:
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(person("mira"))
    answer = client.post(question(app()), {"answer": "deny"})
    assert "error_description=the+person+did+not+allow+it" in answer["Location"].replace("%20", "+")

"""The administrator's pages speak the reader's language; roles are stored by their own names."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from clinic.access.roles import Role
from tests.factories.patient_records import person

pytestmark = pytest.mark.django_db


def page(role: Role, address: str, language: str) -> str:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(f"{role} {language}", role, team=None))
    return client.get(address).content.decode()


def test_people_are_listed_in_german_where_asked_and_in_english_otherwise() -> None:
    german = page(Role.ADMINISTRATOR, "/administration/people", "de")
    assert "<h1>Personen</h1>" in german
    assert "noch kein Passwort" in german
    english = page(Role.ADMINISTRATOR, "/administration/people", "en")
    assert "<h1>People</h1>" in english
    assert "no password yet" in english


def test_a_role_chosen_on_a_german_page_is_stored_by_its_own_name() -> None:
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(person("addie", Role.ADMINISTRATOR, team=None))
    assert "Apothekerin/Apotheker" in client.get("/administration/people/new").content.decode()
    answer = client.post("/administration/people/new", {"username": "phil", "role": "pharmacist"})
    assert answer.status_code == 201
    made = get_user_model().objects.get(username="phil")
    assert list(made.groups.values_list("name", flat=True)) == ["pharmacist"]


def test_a_refusal_is_a_german_sentence_with_what_it_is_about() -> None:
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(person("addie", Role.ADMINISTRATOR, team=None))
    answer = client.post("/administration/teams", {"name": ""})
    assert answer.status_code == 422
    assert "Der Name des Behandlungsteams fehlt; bitte eintragen." in answer.content.decode()

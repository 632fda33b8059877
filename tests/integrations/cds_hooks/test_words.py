"""The page of feedback speaks the reader's language; the services speak English to every system."""

import pytest
from django.test import Client

from clinic.access.roles import Role
from tests.factories.patient_records import person

pytestmark = pytest.mark.django_db


def page(role: Role, address: str, language: str) -> str:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(f"{role} {language}", role, team=None))
    return client.get(address).content.decode()


def test_the_page_speaks_german_where_asked_and_english_otherwise() -> None:
    assert "Eine Dosisanordnung, am Zwilling erprobt" in page(Role.CLINICIAN, "/cds-feedback", "de")
    assert "A dosing order tried on the patient&#x27;s twin" in page(Role.CLINICIAN, "/cds-feedback", "en")


def test_what_a_record_system_discovers_is_english_whatever_it_asks_for() -> None:
    german = Client(headers={"Accept-Language": "de"}).get("/cds-services")
    assert german.json() == Client().get("/cds-services").json()
    assert "A dosing order tried on the patient's twin" in {one["title"] for one in german.json()["services"]}

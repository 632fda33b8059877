"""The page of sources speaks the reader's language."""

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
    assert "<h1>Quellen</h1>" in page(Role.ADMINISTRATOR, "/administration/sources", "de")
    assert "<h1>Sources</h1>" in page(Role.ADMINISTRATOR, "/administration/sources", "en")

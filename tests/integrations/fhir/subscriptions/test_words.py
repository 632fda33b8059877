"""The page of subscriptions speaks the reader's language."""

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
    assert "Noch hat niemand abonniert." in page(Role.ADMINISTRATOR, "/subscriptions", "de")
    assert "Nobody has subscribed yet." in page(Role.ADMINISTRATOR, "/subscriptions", "en")

"""The quarantine speaks the reader's language."""

import pytest
from django.test import Client
from django.utils import translation

from clinic.access.roles import Role
from integrations.readings.models import QuarantineReason
from tests.factories.patient_records import person

pytestmark = pytest.mark.django_db


def page(role: Role, address: str, language: str) -> str:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(f"{role} {language}", role, team=None))
    return client.get(address).content.decode()


def test_the_page_speaks_german_where_asked_and_english_otherwise() -> None:
    assert "Nichts wartet hier: Alles, was ankam, ist in Gebrauch." in page(Role.PHARMACIST, "/quarantine", "de")
    assert "Nothing waits here: everything that came in is in use." in page(Role.PHARMACIST, "/quarantine", "en")


def test_each_reason_has_its_german_sentence() -> None:
    english = {reason.value: str(reason.label) for reason in QuarantineReason}
    with translation.override("de"):
        german = {reason.value: str(reason.label) for reason in QuarantineReason}
    assert english["unknown-unit"] == "The unit cannot be converted to the channel's unit."
    assert german["unknown-unit"] == "Die Einheit lässt sich nicht in die des Kanals umrechnen."
    assert not set(english.values()) & set(german.values())

"""The formulary speaks German where its reader does; what was published stays English and is marked so."""

import pytest
from django.test import Client

from clinic.access.roles import Role
from tests.factories import patient_records
from twins.records.models import HouseVersion

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de"}
LIMITS = "/formulary/limits/vancomycin"


def test_the_list_and_a_card_are_german_and_quote_publications_in_english(client: Client) -> None:
    client.force_login(patient_records.person())
    page = client.get("/formulary", headers=GERMAN).content.decode()
    for said in ("Arzneimittelliste", "Praktische Grenzen:", "Zu beachten", "Modelle für Vancomycin;"):
        assert said in page, said
    card = client.get("/formulary/vancomycin-goti-2018", headers=GERMAN).content.decode()
    assert "Variabilität und Residualfehler" in card
    assert '<span lang="en">Goti V et al. Ther Drug Monit 2018;40:212-221' in card
    english = client.get("/formulary/vancomycin-goti-2018").content.decode()
    assert "Variability and residual error" in english
    assert 'lang="en"' not in english.partition("<main")[2].partition("</main")[0]


def test_limits_are_typed_and_said_with_a_decimal_comma(client: Client) -> None:
    client.force_login(patient_records.person("addie", Role.ADMINISTRATOR, team=None))
    form = {"reason": "Beschluss der Kommission.", "interval": ["8", "12"], "after": "0", "low": "412,5"}
    refused = client.post(LIMITS, form)
    assert (refused.status_code, HouseVersion.objects.count()) == (422, 0)
    assert client.post(LIMITS, form, headers=GERMAN).status_code == 302
    assert HouseVersion.objects.get().low == 412.5
    page = client.get(LIMITS, headers=GERMAN).content.decode()
    assert "AUC24 412,5 bis 600 mg·h/L; alle 8, 12 h" in page
    assert 'value="412,5"' in page
    assert "Veröffentlicht: 600. Leer: wie veröffentlicht." in page

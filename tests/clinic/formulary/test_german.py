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
    for said in ("Arzneimittelliste", "Praktische Grenzen:", "Zu beachten", "Modelle für Vancomycin."):
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


def test_what_is_followed_is_chosen_in_german(client: Client) -> None:
    client.force_login(patient_records.person("addie", Role.ADMINISTRATOR, team=None))
    page = client.get("/formulary/followed", headers=GERMAN).content.decode()
    for said in (
        *("Was hier begleitet wird", "11 Arzneimittel werden begleitet", "Können nicht begleitet werden"),
        *("Wie bei der Einrichtung; niemand hat es geändert.", "gehört zum Produkt", "4 Modelle, die nicht verwendet"),
        "Keine Schnittstelle nimmt Spiegel davon auf, und nach der Population allein wird es nicht gegeben.",
        "Keines seiner Modelle kann verwendet werden: Hamberg 2007 braucht",
    ):
        assert said in page, said
    form = {"after": "0", "place-gentamicin-xuan-2004-adult": "1", "reason": "Beschluss"}
    refused = client.post("/formulary/followed/vancomycin", form, headers=GERMAN).content.decode()
    assert "Das Modell Xuan 2004 (adults) ist eines für Gentamicin, nicht für Vancomycin" in refused
    stopped = {"after": "0", "stop": "1", "reason": "Beschluss"}
    assert client.post("/formulary/followed/vancomycin", stopped, headers=GERMAN).status_code == 302
    formulary = client.get("/formulary", headers=GERMAN).content.decode()
    assert "Von Vancomycin wird kein Zwilling geführt: es wurde hier nicht gewählt." in formulary
    assert 'Hier begleitet mit <span translate="no">Xuan 2004 (adults)</span>.' in formulary

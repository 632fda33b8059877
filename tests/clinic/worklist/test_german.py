"""The worklist, a patient's page and the reasons on them are German for a reader who asks for it, English otherwise."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from clinic.worklist.attention import DayChance, Rhythm, Situation, reasons
from tests.factories import patient_records as rows
from twins.records.models import StoredSample
from twins.samples.channel import Channel

GERMAN = {"Accept-Language": "de"}
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def patient(client):
    client.force_login(rows.person())
    found = rows.patient()
    rows.twin(found.subject, course=rows.recent_course())
    return found


@pytest.mark.django_db
def test_the_worklist_says_why_and_how_recent_in_the_readers_language(client, patient):
    german = client.get("/", headers=GERMAN).content.decode().partition("<main")[2].partition("</main")[0]
    for said in ("Arbeitsliste", "Der aktuelle Plan verfehlt das Ziel: AUC24", "vor 4 h", "noch keine"):
        assert said in german, said
    assert re.search(r"\d,\d mg/L<", german)
    for left in ("Worklist", "patient of your care teams", " ago", "misses"):
        assert left not in german, left
    english = client.get("/").content.decode()
    assert "1 patient of your care teams on a drug followed here, those who need attention first." in english
    assert "4 h ago" in english
    assert "Arbeitsliste" not in english


@pytest.mark.django_db
def test_a_patients_page_its_charts_and_its_records_are_german(client, patient):
    page = client.get(f"/patients/{patient.pk}", headers=GERMAN).content.decode()
    for said in (
        "Zeitverlauf",
        "Serumkreatinin, mg/dL",
        "Vancomycin, mg/L: gemessene Spiegel, Anpassung des Zwillings und Vorhersage des aktuellen Plans",
        "Wie seine Vorhersagen ausfielen",
        "anzweifeln",
        "Zentrales Volumen",
        "1812 Erwachsene (336 mit Hämodialyse), 2765 Konzentrationen",
        "Nicht überprüft: ",
    ):
        assert said in page, said
    level = StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN).first()
    record = client.get(f"/patients/{patient.pk}/records/sample/{level.pk}", headers=GERMAN).content.decode()
    assert "Wie empfangen" in record
    assert "As it was received" not in record


def test_every_reason_is_a_whole_german_sentence_with_its_own_plural():
    situation = Situation(
        on_drug=True,
        outcome="FITTED",
        days=(DayChance(0, 0.3, 0.64, 0.06, 600.0, 400.0),),
        creatinine=((NOW - timedelta(days=3), 0.8), (NOW, 1.3)),
        surprise=(31.4, 10.0, 20.5),
        last_level=NOW - timedelta(days=8),
        last_dose=NOW,
        last_data=NOW,
        devices={"Herzfrequenz": Rhythm(NOW - timedelta(hours=3), timedelta(minutes=1))},
        awaiting_second="B",
        decided_on_older=NOW,
        doubts=2,
    )
    with translation.override("de"):
        said = {reason.sentence for reason in reasons(situation, NOW)}
    assert said == {
        "Der aktuelle Plan verfehlt das Ziel: AUC24 in den nächsten 24 h mit 64 % Wahrscheinlichkeit über 600.",
        "Die Nierenfunktion verändert sich: Kreatinin stieg in 72 h von 0,8 auf 1,3 mg/dL, KDIGO-Stadium 1.",
        "Der letzte Spiegel, 31,4 mg/L, widerspricht der Vorhersage: Erwartet waren mit 90 % 10,0 bis 20,5.",
        "Ein Spiegel ist fällig: Der letzte ist 8 Tage alt.",
        "Ein Gerät ist vielleicht aus oder gestört; zuletzt kam Herzfrequenz (vor 3 h).",
        "Plan B ist einmal unterschrieben und wartet auf die zweite Unterschrift, doch die Daten haben sich seither"
        " geändert.",
        "2 zweifelhafte Einträge in den Daten.",
    }

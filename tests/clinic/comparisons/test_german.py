"""The pages of comparisons speak German when asked, of what was stored in English too, and English otherwise."""

import pytest
from django.utils import translation

from clinic.comparisons.decided_note import note_of
from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.jobs.comparison import request_comparison
from twins.records.models import Comparison, JobState
from twins.records.twins import plans_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(client):
    client.force_login(rows.person())
    return rows.patient()


@pytest.fixture
def comparison(patient):
    return rows.twin(patient.subject, course=rows.recent_course(findings=(case.soon_after_dose(),)))[1]


def page(client, address, language="de"):
    response = client.get(address, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.content.decode()


def test_a_comparison_that_was_stored_in_english_is_read_in_german(client, comparison):
    before = Comparison.objects.values("digest", "result", "plans").get()
    german, english = (page(client, f"/comparisons/{comparison.pk}", language) for language in ("de", "en"))
    assert "Pläne im Vergleich" in german
    assert "Aktuell: 1000 mg über 1 h alle 12 h" in german
    assert "13,1 mg/L" in german
    assert "1812 Erwachsene (336 mit Hämodialyse), 2765 Konzentrationen" in german
    assert "Kreatinin unter 1 mg/dL wird über 65 Jahren auf 1 gesetzt (Erratum); im Artikel hieß es über 60." in german
    assert "plans compared" in english
    assert "Current: 1000 mg over 1 h every 12 h" in english
    assert "13.1 mg/L" in english
    assert Comparison.objects.values("digest", "result", "plans").get() == before


def test_the_note_is_read_in_the_language_of_the_page_and_sent_in_that_of_the_site(client, comparison):
    shown = page(client, f"/comparisons/{comparison.pk}/note")
    assert "ENTSCHEIDUNG: noch keine." in shown
    assert "1812 Erwachsene (336 mit Hämodialyse), 2765 Konzentrationen." in shown
    with translation.override("de"):
        sent = note_of(comparison)
    assert "DECISION: none yet." in sent
    assert "1812 adults (336 on haemodialysis), 2765 concentrations." in sent
    assert "ENTSCHEIDUNG" not in sent


def test_the_builder_answers_in_german_to_an_address_that_is_the_same_in_every_language(client, patient):
    rows.twin(patient.subject, fit=fits.individual(case.course()), compared=False, with_records=False)
    typed = "plan1-amount_mg=1250&plan1-interval_h=12&plan1-duration_h=1.5"
    german = page(client, f"/patients/{patient.pk}/compare?{typed}")
    assert "Als Vergleich zum Unterschreiben speichern" in german
    assert "Geben Sie den Zeitpunkt der ersten Dosis an." in german
    assert 'value="1,5"' in german
    assert "% Wahrscheinlichkeit für eine AUC24 von 400–600 mg·h/L an Tag 2" in german
    english = page(client, f"/patients/{patient.pk}/compare?{typed}", "en")
    assert "Give the time of the first dose." in english
    assert 'value="1.5"' in english


def test_why_a_worker_gave_up_is_said_in_german_and_stays_stored_in_english(client, comparison):
    job = request_comparison(comparison.twin_version, plans_of(comparison), asked_by="user-1")
    job.state = JobState.FAILED
    job.error = "Given up after 3 attempts. The last one: The worker that had it fell silent."
    job.save(update_fields=["state", "error"])
    german = page(client, f"/patients/{comparison.twin_version.subject_id}/compare/{job.pk}")
    assert "Nach 3 Versuchen aufgegeben. Der letzte: Der Rechenprozess, der daran arbeitete, ist verstummt." in german

"""What was received and could not be read is said wherever a clinician looks: list, patient, builder, comparison."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from clinic.charts.unused_rows import MOST, NotUsed
from clinic.patients.unused import Unused
from integrations.readings.models import QuarantineEntry, QuarantineState, Reading, Source
from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case

pytestmark = pytest.mark.django_db
WAITS = "was received and is not used: its unit cannot be converted."


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


def waits(patient, number=1, *, what="dose", drug="vancomycin", reason="unknown-unit", named="", at=None):
    """An entry of quarantine about the patient."""
    source = Source.objects.get_or_create(slug="test", defaults={"address": ""})[0]
    happened = at or rows.recent_course().start + timedelta(hours=40)
    reading = Reading.objects.get_or_create(
        source=source, sha256="0" * 64, defaults={"content": b"", "received_time": happened}
    )[0]
    return QuarantineEntry.objects.create(
        reading=reading,
        position=number,
        source_key=f"test/MedicationAdministration/{patient.pk}-{number}",
        version="1",
        text="{}",
        reason=reason,
        detail="",
        subject=patient.subject,
        what=what,
        drug=drug,
        named=named,
        event_time=happened,
        first_time=happened,
        last_time=happened,
    )


@pytest.fixture
def known(clinician):
    patient = rows.patient()
    course = rows.recent_course()
    comparison = rows.twin(patient.subject, course=course, fit=fits.individual(course))[1]
    return patient, comparison


def everywhere(patient, comparison):
    return {
        "patient": f"/patients/{patient.pk}",
        "comparison": f"/comparisons/{comparison.pk}",
        "note": f"/comparisons/{comparison.pk}/note",
        "builder": f"/patients/{patient.pk}/compare",
    }


def test_two_doses_that_could_not_be_read_are_told_of_everywhere_with_kind_time_and_reason(client, known):
    patient, comparison = known
    waits(patient, 1)
    waits(patient, 2, drug="", reason="unknown-code", named="(rxnorm|999999)")
    for name, address in everywhere(patient, comparison).items():
        page = client.get(address).content.decode()
        assert f"Dose of vancomycin {WAITS}" in page, name
        told = "Dose of an unknown product was received and is not used: it has a product, route or code that is not"
        assert told in page, name
        assert "(rxnorm|999999)" in page, name
    page = client.get(f"/patients/{patient.pk}").content.decode()
    assert "2 records of this patient were received and are not used" in page
    assert f"MedicationAdministration/{patient.pk}-1" in page
    listed = client.get("/").content.decode()
    assert (
        "2 records received that are not used: dose of an unknown product (it has a product, route or code that is not "
        "known here: (rxnorm|999999)); dose of vancomycin (its unit cannot be converted)." in listed
    )
    assert "its unit cannot be converted" in client.get("/?why=unused").content.decode()


def test_once_it_was_read_after_all_nothing_is_said(client, known):
    patient, comparison = known
    entry = waits(patient)
    entry.state = QuarantineState.RELEASED
    entry.save()
    for address in (*everywhere(patient, comparison).values(), "/"):
        assert "not used:" not in client.get(address).content.decode()


def test_a_patient_of_whom_nothing_else_is_known_stands_on_the_list_as_on_the_drug(client, clinician):
    patient = rows.patient()
    waits(patient)
    page = client.get("/").content.decode()
    assert "1 record received that is not used: dose of vancomycin (its unit cannot be converted)." in page
    assert "No twin yet." in page
    page = client.get(f"/patients/{patient.pk}").content.decode()
    assert f"Dose of vancomycin {WAITS}" in page


def test_of_another_patient_nothing_is_said(client, known):
    waits(rows.patient("Other", team=None))
    patient, comparison = known
    for address in (*everywhere(patient, comparison).values(), "/"):
        assert "not used:" not in client.get(address).content.decode()


def test_other_products_are_one_quiet_sentence_and_no_reason_to_look(client, known):
    patient, _ = known
    waits(patient, 1, what="other", drug="", reason="unknown-code", named="Heparin 5000 IU")
    waits(patient, 2, what="other", drug="", reason="unknown-code", named="Heparin 5000 IU")
    page = client.get(f"/patients/{patient.pk}").content.decode()
    assert page.count("Heparin 5000 IU") == 1
    assert "was received and is not used" not in page
    assert "Heparin" not in client.get("/").content.decode()


def test_what_waits_since_an_earlier_admission_is_no_reason_to_look_today(client, known):
    patient, comparison = known
    waits(patient, at=rows.recent_course().start - timedelta(days=60))
    for address in (*everywhere(patient, comparison).values(), "/"):
        assert "not used:" not in client.get(address).content.decode()


@pytest.mark.parametrize("page", ["patient", "comparison", "builder", "list"])
def test_no_page_asks_more_of_the_database_the_more_waits(client, known, page):
    patient, comparison = known
    address = {**everywhere(patient, comparison), "list": "/"}[page]

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(address).status_code == 200
        return len(found), sum("quarantineentry" in query["sql"].casefold() for query in found)

    queries()  # what is asked once a session
    before = queries()
    for number in range(5):
        waits(patient, number)
    assert queries() == before
    assert before[1] == 1


def test_many_are_counted_and_not_listed():
    when = case.START
    found = [Unused("dose", "vancomycin", "", "unknown-unit", when, when, f"A/{k}") for k in range(MOST + 3)]
    told = NotUsed.of(found, "vancomycin")
    assert (told.count, len(told.rows)) == (MOST + 3, MOST + 1)
    assert told.rows[-1].sentence == "3 more were received and are not used."


def test_a_covariate_concerns_every_drug_and_a_level_its_own():
    when = case.START
    creatinine = Unused("creatinine", "", "", "unknown-unit", when, when, "O/1")
    level = Unused("level", "gentamicin", "", "missing-value", when, when, "O/2")
    told = NotUsed.of([creatinine, level], "vancomycin")
    assert told.count == 1
    assert told.rows[0].sentence == "Serum creatinine was received and is not used: its unit cannot be converted."
    assert "Gentamicin level" in told.rows[1].sentence
    assert [row.tone for row in told.rows] == ["warn", ""]
    assert NotUsed.of([creatinine, level], "gentamicin").count == 2


def test_it_is_said_in_german():
    when = case.START
    with translation.override("de"):
        told = NotUsed.of([Unused("dose", "vancomycin", "", "unknown-unit", when, when, "A/1")], "vancomycin")
        assert told.rows[0].sentence.startswith("Dosis von Vancomycin ist eingegangen und wird nicht verwendet:")
        assert told.rows[0].kind != "not used"

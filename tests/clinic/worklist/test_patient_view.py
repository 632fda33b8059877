"""The patient page: timeline, twin, records, questions, decisions."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.access.actor import actor_of, key_of
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.decisions import sign as decisions
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.estimation.fit import FitOutcome
from twins.records.models import Job, JobKind, JobState, Question, QuestionAction, StoredSample
from twins.records.store import store_comparison
from twins.records.twins import result_of
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(clinician):
    return rows.patient()


def page_of(client, patient, status=200):
    response = client.get(f"/patients/{patient.pk}")
    assert response.status_code == status
    return response.content.decode()


def test_strangers_colleagues_of_other_wards_and_other_roles_are_refused(client):
    patient = rows.patient()
    rows.twin(patient.subject)
    address = f"/patients/{patient.pk}"
    assert client.get(address).status_code == 401
    client.force_login(rows.person("vic", team="Ward 9"))
    response = client.get(address)
    assert response.status_code == 403
    assert "Okafor" not in response.content.decode()
    assert "care team" in response.content.decode()
    client.force_login(rows.person("rae", Role.RESEARCHER))
    assert client.get(address).status_code == 403


def test_the_timeline_the_twin_and_the_sources_are_on_the_page(client, patient):
    rows.twin(patient.subject)
    page = page_of(client, patient)
    for text in (
        "Okafor, Daniel",
        "Doses, mg",
        "Serum creatinine, mg/dL",
        "Heart rate, /min",
        "Goti V et al.",
        "two compartments, linear elimination, intravenous",
        "doi:10.1097/FTD.0000000000000490",
        "Effective sample size 861 of 1000 proposals",
        "Clearance, L/h",
        "question this",
        "data until",
    ):
        assert text in page
    assert page.count("<svg") == 2  # for wide and for narrow screens


def test_population_and_patient_stand_side_by_side_with_their_ranges(client, patient):
    rows.twin(patient.subject)
    page = page_of(client, patient)
    assert ">3.60 " in page  # the population's clearance
    assert "<strong>3.20</strong>" in page


def test_warnings_and_findings_are_shown(client, patient):
    rows.twin(
        patient.subject,
        course=case.course(findings=(case.soon_after_dose(),)),
        fit=case.fit(warnings=("Creatinine clearance lies outside the model's population.",)),
    )
    page = page_of(client, patient)
    assert "Creatinine clearance lies outside the model&#x27;s population." in page
    assert "its time may be wrong" in page


def test_cannot_forecast_is_a_state_with_its_reason_and_offers_no_comparison(client, patient):
    rows.twin(
        patient.subject,
        fit=case.fit(levels=0, outcome=FitOutcome.CANNOT, reason="No serum creatinine is charted."),
        compared=False,
    )
    page = page_of(client, patient)
    assert "Cannot forecast." in page
    assert "No serum creatinine is charted." in page
    assert "Compare plans" not in page
    assert "Doses, mg" in page  # what is known is still shown


def test_no_level_yet_is_a_state(client, patient):
    rows.twin(patient.subject, course=case.course(levels=0))
    page = page_of(client, patient)
    assert "population only" in page
    assert "no level to learn from" in page


def test_a_patient_without_a_twin_still_has_a_page(client, patient):
    rows.sample(patient.subject, Channel.HEART_RATE, 80.0, case.START)
    page = page_of(client, patient)
    assert "No twin yet." in page
    assert "Heart rate, /min" in page


def test_a_patient_without_any_data_still_has_a_page(client, patient):
    assert "Nothing was measured or given yet." in page_of(client, patient)


def test_a_questioned_record_is_struck_out_with_its_reason_and_can_be_undone(client, clinician, patient):
    rows.twin(patient.subject)
    level = StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN).first()
    question = Question.objects.create(
        subject=patient.subject,
        source_key=level.source_key,
        action=QuestionAction.EXCLUDE,
        reason="drawn from the line",
        asked_by=key_of(clinician),
        asked_at=timezone.now(),
    )
    page = page_of(client, patient)
    assert "drawn from the line" in page
    assert "Mira Test" in page
    assert f"/questions/{question.pk}/withdraw" in page
    assert "13.1 (left out)" in page


def test_while_an_update_runs_the_page_polls_and_then_renews_itself(client, patient):
    rows.twin(patient.subject)
    job = Job.objects.create(
        kind=JobKind.TWIN_UPDATE, key=f"{patient.pk}/vancomycin", enqueued_at=datetime.now(UTC), state=JobState.RUNNING
    )
    page = page_of(client, patient)
    assert f'hx-get="/patients/{patient.pk}/progress"' in page
    assert client.get(f"/patients/{patient.pk}/progress").status_code == 204
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
    assert client.get(f"/patients/{patient.pk}/progress").headers["HX-Refresh"] == "true"
    assert "/progress" not in page_of(client, patient)


def test_past_decisions_are_listed_with_plan_person_and_reason(client, clinician, patient):
    _, comparison = rows.twin(patient.subject)
    decisions.sign(
        comparison=comparison, plan_position=1, reason="Level is low.", by=clinician, actor=actor_of(clinician)
    )
    page = page_of(client, patient)
    assert "signed plan B, Proposal 1: 1250 mg over 1.5 h every 12 h, first dose 22 Nov 20:00" in page
    assert "Reason: Level is low." in page


def test_the_read_is_recorded_with_the_version_of_the_twin_that_was_shown(client, patient):
    version, _ = rows.twin(patient.subject)
    page_of(client, patient)
    event = AuditEvent.objects.filter(activity="page.patient").last()
    assert (event.subject_key, event.entity_type) == (str(patient.pk), "TwinVersion")
    assert (event.entity_id, event.entity_version) == (str(version.pk), version.digest)


def test_the_number_of_queries_does_not_grow_with_the_records(client, patient):
    rows.twin(patient.subject)

    def queries():
        with CaptureQueriesContext(connection) as found:
            page_of(client, patient)
        return len(found)

    before = queries()
    for hour in range(30):
        rows.sample(patient.subject, Channel.CREATININE, 1.0, case.START.replace(hour=hour % 24))
    assert queries() == before
    assert before <= 35


def test_comparisons_that_people_asked_for_can_be_found_again(client, clinician, patient):
    version, default = rows.twin(patient.subject)
    result = result_of(default)
    plans = [forecast.plan for forecast in result.forecasts]
    asked = store_comparison(version=version, plans=plans, result=result, asked_by=key_of(clinician))
    page = page_of(client, patient)
    assert f'href="/comparisons/{asked.pk}">4 plans, asked' in page

"""Asking for other plans: what is refused and why, and the wait for the answer."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from clinic.access.actor import key_of
from clinic.audit.event import AuditWriteError
from clinic.audit.models import AuditEvent
from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.estimation.fit import FitOutcome
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at
from twins.records.models import Job, JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(clinician):
    found = rows.patient()
    rows.twin(found.subject, fit=fits.individual(case.course()))
    return found


def entered(*, start_h=60.0, **changes):
    start = moment_at(case.START, start_h).strftime("%Y-%m-%dT%H:%M")
    values = {"amount_mg": "1250", "interval_h": "12", "duration_h": "1.5", "start": start, "loading_mg": ""}
    return {f"plan1-{name}": value for name, value in {**values, **changes}.items()}


def ask(client, patient, data):
    return client.post(f"/patients/{patient.pk}/compare", data)


def test_asking_is_on_record_with_the_job_and_without_a_record_there_is_no_job(client, patient, monkeypatch):
    ask(client, patient, entered())
    event = AuditEvent.objects.get(activity="comparison.ask")
    assert event.subject_key == str(patient.pk)
    assert event.detail["job"] == str(Job.objects.get(kind="comparison").pk)

    def broken(**_):
        raise AuditWriteError("the disk is full")

    monkeypatch.setattr("clinic.comparisons.ask_views.record", broken)
    assert ask(client, patient, entered(amount_mg="1500")).status_code == 500
    assert Job.objects.filter(kind="comparison").count() == 1


def test_the_form_shows_the_current_plan_and_enters_nothing_beforehand_but_the_next_dose(client, clinician):
    patient, course = rows.patient(), rows.recent_course()
    rows.twin(patient.subject, course=course, fit=fits.individual(course))
    page = client.get(f"/patients/{patient.pk}/compare").content.decode()
    assert "1000 mg over 1 h every 12 h" in page
    assert 'name="plan1-amount_mg" type="number" min="0" step="250.0" inputmode="decimal" value=""' in page
    assert moment_at(course.start, 60.0).strftime("%Y-%m-%dT%H:%M") in page


def test_a_dose_that_is_overdue_on_fresh_data_is_proposed_for_now(client, clinician):
    patient = rows.patient()
    start = timezone.now() - timedelta(hours=61)  # data until 11 h ago; the next dose was due 1 h ago
    course = case.course(start=start)
    rows.twin(patient.subject, course=course, fit=fits.individual(course))
    page = client.get(f"/patients/{patient.pk}/compare").content.decode()
    proposed = re.search(r'name="plan1-start" type="datetime-local" value="([^"]+)"', page)[1]
    moment = datetime.fromisoformat(proposed).replace(tzinfo=UTC)
    assert timedelta(0) < moment + timedelta(minutes=1) - timezone.now() < timedelta(minutes=3)


def test_a_plan_becomes_a_job_with_the_current_plan_first_and_a_page_that_waits(client, clinician, patient):
    response = ask(client, patient, entered() | {"stop": "1"})
    job = Job.objects.get(kind="comparison")
    assert response.headers["Location"] == f"/patients/{patient.pk}/compare/{job.pk}"
    plans = [Plan.from_json(plan) for plan in job.parameters["plans"]]
    assert [plan.label for plan in plans] == ["Current", "Asked 1", "Stop"]
    assert plans[1].regimen.amount_mg == 1250.0
    assert plans[1].regimen.start_h == pytest.approx(60.0)
    assert plans[2].regimen is None
    assert job.asked_by == key_of(clinician)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interval_h": ""}, "Choose the interval."),
        ({"duration_h": ""}, "Give the length of the infusion in hours."),
        ({"duration_h": "0.5"}, "Faster than 1000 mg/h; infuse over 1.2 h or longer."),
        ({"duration_h": "13"}, "at most the interval"),
        ({"amount_mg": "90000"}, "90000 mg is not between"),
        ({"amount_mg": "abc"}, "Enter a number."),
        ({"start": "soon"}, "This is no time; write it as 2026-11-22 14:05."),
        ({"start_h": 40.0}, "The twin&#x27;s data go beyond this time"),
        ({"start_h": 200.0}, "The forecast ends 72 h after the data"),
        ({"loading_mg": "10"}, "10 mg is not between"),
    ],
)
def test_what_cannot_be_given_is_refused_beside_its_field(client, patient, changes, said):
    response = ask(client, patient, entered(**changes))
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Job.objects.filter(kind="comparison").exists()


def test_a_daily_amount_beyond_practice_is_refused(client, patient):
    response = ask(client, patient, entered(amount_mg="3000", interval_h="6", duration_h="3"))
    assert "mg a day; at most" in response.content.decode()


def test_nothing_entered_is_not_a_comparison(client, patient):
    response = ask(client, patient, {})
    assert response.status_code == 422
    assert "No plan was entered" in response.content.decode()


def test_the_current_plan_entered_again_is_not_a_comparison(client, patient):
    response = ask(client, patient, entered(amount_mg="1000", duration_h="1"))
    assert response.status_code == 422
    assert "What you entered is the current plan" in response.content.decode()


def test_cannot_forecast_is_said_instead_of_a_form(client, clinician):
    patient = rows.patient()
    rows.twin(
        patient.subject,
        fit=case.fit(levels=0, outcome=FitOutcome.CANNOT, reason="No body weight on the chart."),
        compared=False,
    )
    page = client.get(f"/patients/{patient.pk}/compare").content.decode()
    assert "No body weight on the chart." in page
    assert 'id="builder"' not in page
    assert ask(client, patient, entered()).status_code == 409


def test_the_waiting_page_polls_and_leads_to_the_result(client, patient):
    address = ask(client, patient, entered()).headers["Location"]
    page = client.get(address).content.decode()
    assert "Computing the comparison" in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 204
    comparison = uuid4()
    Job.objects.filter(kind="comparison").update(state=JobState.DONE, result={"comparison": str(comparison)})
    assert client.get(address).headers["Location"] == f"/comparisons/{comparison}"
    polled = client.get(address, headers={"HX-Request": "true"})
    assert polled.headers["HX-Redirect"] == f"/comparisons/{comparison}"


def test_a_failed_job_gives_its_reason_and_a_way_on(client, patient):
    address = ask(client, patient, entered()).headers["Location"]
    Job.objects.filter(kind="comparison").update(state=JobState.FAILED, error="The twin is newer now; ask again.")
    page = client.get(address).content.decode()
    assert "The twin is newer now; ask again." in page
    assert "Ask again" in page


def test_a_job_of_another_patient_is_not_shown_under_this_one(client, patient):
    address = ask(client, patient, entered()).headers["Location"]
    other = rows.patient("Other")
    job = Job.objects.get(kind="comparison")
    assert client.get(f"/patients/{other.pk}/compare/{job.pk}").status_code == 404
    client.force_login(rows.person("vic", team="Ward 9"))
    assert client.get(address).status_code == 403

"""The worklist page: who is on it, in which order, why, and at what cost."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.decisions.sign import sign
from clinic.patients.models import Encounter
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.estimation.fit import FitOutcome
from twins.records.models import Job, JobKind, JobState, LevelForecast
from twins.records.store import store_comparison
from twins.records.twins import result_of
from twins.samples.channel import Channel
from twins.samples.quality import examine

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


def test_a_stranger_gets_401_and_no_name(client):
    rows.patient()
    response = client.get("/")
    assert response.status_code == 401
    assert b"Okafor" not in response.content


def test_a_role_without_the_permission_gets_403(client):
    client.force_login(rows.person("rae", Role.RESEARCHER))
    assert client.get("/").status_code == 403


def test_only_patients_of_my_care_teams_are_listed(client, clinician):
    mine, other = rows.patient("Mine"), rows.patient("Other", team="Ward 9")
    rows.twin(mine.subject)
    rows.twin(other.subject)
    page = client.get("/").content.decode()
    assert "Mine, Daniel" in page
    assert "Other, Daniel" not in page


def test_each_row_says_why_how_recent_and_leads_to_the_comparison_in_one_click(client, clinician):
    patient = rows.patient()
    _, comparison = rows.twin(patient.subject, course=rows.recent_course())
    page = client.get("/").content.decode()
    assert "The current plan misses the target" in page
    assert "2 h ago" in page  # the last heart rate
    assert "4 h ago" in page  # the last level
    assert "17.8 mg/L" in page
    assert f"/comparisons/{comparison.pk}" in page
    assert "none yet" in page


@pytest.mark.parametrize(
    ("number", "place", "shown"),
    [("", "", "Vancomycin"), ("MRN1", "", "Vancomycin · MRN1"), ("", "Bed 4", "Vancomycin · Bed 4")],
)
def test_below_the_name_stands_what_is_known_of_drug_bed_and_record_and_no_sign_between_nothing(
    client, clinician, number, place, shown
):
    patient = rows.patient()
    patient.record_number = number
    patient.save()
    Encounter.objects.all().delete()
    if place:
        Encounter.objects.create(source_key="w/e", patient=patient, status="in-progress", location=place)
    rows.twin(patient.subject)
    page = client.get("/").content.decode()
    assert f'<span class="small muted block plain-weight">{shown}</span>' in page


def test_who_cannot_be_forecast_stands_above_who_is_merely_unsigned(client, clinician):
    calm, cannot = rows.patient("Calm"), rows.patient("Zacharias")
    course = rows.recent_course(creatinine=((-2.0, 0.9), (46.0, 0.9)))
    rows.twin(calm.subject, course=course, result=in_target(case.result(course)))
    reason = "No body weight on the chart."
    rows.twin(
        cannot.subject, course=course, fit=case.fit(levels=0, outcome=FitOutcome.CANNOT, reason=reason), compared=False
    )
    page = client.get("/").content.decode()
    assert "Cannot forecast: no body weight on the chart." in page
    assert page.index("Zacharias, Daniel") < page.index("Calm, Daniel")


def in_target(result):
    """The comparison as if the current plan met the target on each day."""
    current = result.forecasts[0]
    days = tuple(replace(day, p_in_target=0.8, p_above=0.1, p_below=0.1) for day in current.days)
    return replace(result, forecasts=(replace(current, days=days), *result.forecasts[1:]))


def test_patients_without_the_drug_are_listed_apart(client, clinician):
    patient = rows.patient("Nodrug")
    rows.sample(patient.subject, Channel.HEART_RATE, 80.0, case.START)
    page = client.get("/").content.decode()
    assert page.index("On no drug followed here") < page.index("Nodrug")


def test_an_empty_list_says_what_to_do(client, clinician):
    assert "Patients appear here once" in client.get("/").content.decode()


def test_a_doubtful_value_is_counted(client, clinician):
    patient = rows.patient()
    rows.twin(patient.subject, course=rows.recent_course(findings=(case.soon_after_dose(),)))
    assert "1 doubtful entry in the data." in client.get("/").content.decode()


def test_a_dose_that_may_be_charted_twice_is_counted_and_shown_on_the_patients_page(client, clinician):
    patient = rows.patient()
    course = rows.recent_course()
    twice = replace(course, doses=(*course.doses, replace(course.doses[-1], source="MedicationAdministration/again")))
    rows.twin(patient.subject, course=examine(twice))
    page = client.get("/?why=doubt").content.decode()
    assert "doubtful entr" in page
    page = client.get(f"/patients/{patient.pk}").content.decode()
    assert "at the same time as another of" in page
    page = client.get(f"/patients/{patient.pk}", headers={"Accept-Language": "de"}).content.decode()
    assert "unter anderem Namen" in page


@pytest.mark.parametrize(("path", "activity"), [("/", "page.worklist"), ("/worklist/rows", "page.worklist-rows")])
def test_which_twins_were_listed_is_on_record_by_a_digest_of_their_keys(client, clinician, path, activity):
    def recorded(query=""):
        client.get(path + query)
        event = AuditEvent.objects.filter(activity=activity).latest("sequence")
        assert (event.entity_type, event.entity_id) == ("Worklist", path)
        return event.entity_version

    def digest(*lines):
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    patients = [rows.patient(family) for family in ("Okafor", "Elseworth", "Nontwin")]
    first, second = (rows.twin(patient.subject)[0] for patient in patients[:2])
    lines = [f"{patients[0].pk} {first.pk}", f"{patients[1].pk} {second.pk}", f"{patients[2].pk} none"]
    assert recorded() == digest(*lines)
    assert recorded("?q=Elseworth") == digest(lines[1])
    newer, _ = rows.twin(patients[0].subject, parent=first, with_records=False)
    assert recorded() == digest(f"{patients[0].pk} {newer.pk}", *lines[1:])
    assert not AuditEvent.objects.filter(entity_id__contains="Elseworth").exists()


def test_the_number_of_queries_does_not_grow_with_the_patients(client, clinician):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get("/").status_code == 200
        return len(found)

    rows.twin(rows.patient("First").subject)
    one = queries()
    for name in ("Second", "Third", "Fourth"):
        rows.twin(rows.patient(name).subject)
    assert queries() == one
    assert one <= 25


def test_the_read_is_recorded_with_every_patient_that_was_shown(client, clinician):
    shown = [rows.patient(name) for name in ("First", "Second")]
    client.get("/")
    event = AuditEvent.objects.filter(activity="page.worklist").last()
    assert set(event.detail["subjects"]) == {str(patient.pk) for patient in shown}


def test_a_signature_on_a_comparison_one_asked_for_counts_too(client, clinician):
    version, default = rows.twin(rows.patient().subject, course=rows.recent_course())
    assert "The comparison is not signed." in client.get("/").content.decode()
    result = result_of(default)
    plans = [forecast.plan for forecast in result.forecasts]
    asked = store_comparison(version=version, plans=plans, result=result, asked_by="user-1")
    sign(comparison=asked, plan_position=1, reason="Too low.", by=clinician, actor=actor_of(clinician))
    page = client.get("/").content.decode()
    assert "The comparison is not signed." not in page
    assert '<td data-label="Decision">signed</td>' in page
    assert "Plan B is signed; the order has not changed yet." in page
    assert f'href="/comparisons/{asked.pk}"' in page
    assert f'href="/comparisons/{default.pk}"' not in page


def test_the_current_plan_signed_asks_for_no_new_order(client, clinician):
    _, comparison = rows.twin(rows.patient().subject, course=rows.recent_course())
    sign(comparison=comparison, plan_position=0, reason="Goes on.", by=clinician, actor=actor_of(clinician))
    assert "the order has not changed yet" not in client.get("/").content.decode()


@pytest.fixture
def two(clinician):
    """One patient whose plan misses the target, one of whom nothing is to be said."""
    low, calm = rows.patient("Low"), rows.patient("Calm")
    course = rows.recent_course(creatinine=((-2.0, 0.9), (46.0, 0.9)))
    rows.twin(low.subject, course=course)
    rows.twin(calm.subject, course=course, result=in_target(case.result(course)))
    return low, calm


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Low", "Calm"}),
        ("?q=low", {"Low"}),
        ("?q=DANIEL+ward", {"Low", "Calm"}),
        ("?q=4711", {"Low", "Calm"}),
        ("?q=nobody", set()),
        ("?why=target", {"Low"}),
        ("?why=target&q=calm", set()),
        ("?why=renal", set()),
        ("?why=%00no", {"Low", "Calm"}),
    ],
)
@pytest.mark.parametrize("address", ["/", "/worklist/rows"])
def test_the_address_says_which_rows_are_shown_and_those_alone_are_recorded(client, two, address, query, shown):
    page = client.get(address + query).content.decode()
    assert {name for name in ("Low", "Calm") if f"{name}, Daniel</a>" in page} == shown
    event = AuditEvent.objects.filter(activity__startswith="page.worklist").last()
    keys = set(event.detail.get("subjects", [event.subject_key] if event.subject_key else []))
    assert keys == {str(patient.pk) for patient in two if patient.family_name in shown}


def test_a_reason_that_does_not_exist_is_named_with_what_to_do(client, two):
    assert "There is no reason called “weather”" in client.get("/?why=weather").content.decode()


def test_the_list_renews_itself_as_it_was_chosen(client, two):
    page = client.get("/?q=low&why=target").content.decode()
    assert 'hx-get="/worklist/rows?q=low&amp;why=target" hx-trigger="every 60s"' in page
    part = client.get("/worklist/rows?q=low&why=target").content.decode()
    assert part.startswith('<div id="list"')
    assert "<html" not in part


def test_minutes_of_a_device_are_not_read_one_by_one(client, clinician):
    patient = rows.patient()
    rows.twin(patient.subject)
    with CaptureQueriesContext(connection) as found:
        client.get("/")
    asked = [query["sql"] for query in found if "records_storedsample" in query["sql"] and "heart_rate" in query["sql"]]
    assert len(asked) == 1
    assert "MAX(" not in asked[0]
    assert "LIMIT 1" in asked[0]


def test_a_heart_rate_that_comes_no_more_is_a_reason_to_look_at_the_device(client, clinician):
    patient = rows.patient()
    rows.twin(patient.subject, course=rows.recent_course())
    now = timezone.now()
    for minute in range(12):
        rows.sample(patient.subject, Channel.OXYGEN_SATURATION, 97.0, now - timedelta(hours=3, minutes=minute))
    rows.sample(patient.subject, Channel.WEIGHT, 80.0, now - timedelta(minutes=5))
    assert "last came oxygen saturation (3 h ago)." in client.get("/?why=device").content.decode()


def test_the_last_update_of_a_twin_is_told_of_and_none_before_it(client, clinician):
    patient = rows.patient()
    rows.twin(patient.subject, course=rows.recent_course())
    now = timezone.now()

    def updated(state: JobState, minutes_ago: float) -> str:
        Job.objects.create(
            kind=JobKind.TWIN_UPDATE,
            key=f"{patient.pk}/vancomycin",
            state=state,
            enqueued_at=now - timedelta(minutes=minutes_ago),
        )
        return client.get("/").content.decode()

    failed, coming = "The twin could not be updated with the newest data.", "New data are being worked in."
    assert failed in updated(JobState.FAILED, 30)
    page = updated(JobState.RUNNING, 20)
    assert coming in page
    assert failed not in page
    Job.objects.filter(state=JobState.RUNNING).update(state=JobState.DONE)
    page = client.get("/").content.decode()
    assert coming not in page
    assert failed not in page
    assert failed in updated(JobState.FAILED, 10)


def test_the_last_level_is_held_against_what_was_said_before_it_came(client, clinician):
    patient = rows.patient()
    version, _ = rows.twin(patient.subject, course=rows.recent_course())
    last = patient.subject.samples.filter(channel=Channel.VANCOMYCIN).latest("event_time")
    said = {"q05": 9.0, "q25": 10.0, "q50": 11.0, "q75": 12.0, "q95": 13.0}
    entry = LevelForecast.objects.create(
        subject=patient.subject, drug="vancomycin", model_id=version.model_id, version=version, measured=last.value,
        source_key=last.source_key, source_version="1", event_time=last.event_time, code_version="0", **said,
    )  # fmt: skip
    assert "17.8 mg/L, contradicts the forecast: 9.0 to 13.0" in client.get("/?why=contradicted").content.decode()
    rows.sample(patient.subject, Channel.VANCOMYCIN, 11.0, entry.event_time + timedelta(hours=1))
    assert "contradicts the forecast" not in client.get("/").content.decode()

"""The patient page: timeline, twin, records, questions, decisions."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
from twins.records.models import (
    Job,
    JobKind,
    JobState,
    LevelForecast,
    Order,
    Question,
    QuestionAction,
    StoredSample,
    TwinVersion,
)
from twins.records.store import store_comparison
from twins.records.twins import result_of
from twins.samples.channel import Channel
from twins.samples.course import Finding, FindingCode

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(clinician):
    return rows.patient()


def page_of(client, patient, status=200, query=""):
    response = client.get(f"/patients/{patient.pk}{query}")
    assert response.status_code == status
    return response.content.decode()


def ask_about(record, user):
    return Question.objects.create(
        subject=record.subject,
        source_key=record.source_key,
        action=QuestionAction.EXCLUDE,
        reason="drawn from the line",
        asked_by=key_of(user),
        asked_at=timezone.now(),
    )


def foretold(patient, level, middle=15.0, model_id=case.MODEL_ID):
    """An entry in the ledger: what the first twin of a model had said of a level."""
    return LevelForecast.objects.create(
        subject=patient.subject,
        drug="vancomycin",
        model_id=model_id,
        version=TwinVersion.objects.get(subject=patient.subject, model_id=model_id),
        source_key=level.source_key,
        source_version=level.source_version,
        event_time=level.event_time,
        measured=level.value,
        q05=middle - 2.5,
        q25=middle - 1.0,
        q50=middle,
        q75=middle + 1.0,
        q95=middle + 2.5,
        code_version="test",
    )


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


def test_which_records_and_which_window_were_shown_without_a_twin_is_on_record(client, patient):
    def recorded(query=""):
        client.get(f"/patients/{patient.pk}{query}")
        event = AuditEvent.objects.filter(activity="page.patient").latest("sequence")
        assert (event.subject_key, event.entity_type) == (str(patient.pk), "Records")
        return event.entity_id, event.entity_version

    nothing = recorded()
    assert nothing == (str(patient.pk), hashlib.sha256(b"").hexdigest())
    times = (case.START + timedelta(hours=1), case.START + timedelta(hours=9))
    levels = [rows.sample(patient.subject, Channel.VANCOMYCIN, 13.1, at).pk for at in times]
    digest = hashlib.sha256("\n".join(sorted(f"sample {key}" for key in levels)).encode()).hexdigest()
    entity, version = recorded()
    assert (entity.partition("?")[0], version) == (str(patient.pk), digest)
    window = "from=2026-11-20T08:00:00Z&to=2026-11-20T12:00:00Z"
    closer = recorded(f"?{window}")[0].partition("?")[2]
    assert closer == "from=2026-11-20T08:00Z&to=2026-11-20T12:00Z"


def test_a_patient_without_any_data_still_has_a_page(client, patient):
    assert "Nothing was measured or given yet." in page_of(client, patient)


def test_a_questioned_record_is_struck_out_with_its_reason_and_can_be_undone(client, clinician, patient):
    rows.twin(patient.subject)
    level = StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN).first()
    question = ask_about(level, clinician)
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


def test_the_number_of_queries_does_not_grow_with_the_data_or_with_the_questions(client, clinician, patient):
    rows.twin(patient.subject)
    level = StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN).first()
    ask_about(level, clinician)
    foretold(patient, level)

    def queries(query=""):
        with CaptureQueriesContext(connection) as found:
            page_of(client, patient, query=query)
        return len(found)

    before = queries()
    at_once = [
        StoredSample(
            subject=patient.subject, channel=channel, value=60.0 + k % 30,
            event_time=case.START + timedelta(minutes=k), received_time=case.START,
            source_key=f"test/Observation/{channel}-strip", source_version="1", part=str(k),
        )
        for channel in (Channel.HEART_RATE, Channel.OXYGEN_SATURATION, Channel.CREATININE, Channel.WEIGHT)
        for k in range(500)
    ]  # fmt: skip
    StoredSample.objects.bulk_create(at_once)
    for k in range(5):
        doubted = rows.sample(patient.subject, Channel.HEART_RATE, 150.0, case.START, f"doubted-{k}")
        ask_about(doubted, rows.person(f"person-{k}"))
        foretold(patient, rows.sample(patient.subject, Channel.VANCOMYCIN, 14.0, case.START, f"more-{k}"))
    assert queries() == before
    assert queries("?window=all") == before
    assert before <= 36


def test_a_long_window_draws_no_more_than_a_short_one(client, patient):
    for channel in (Channel.HEART_RATE, Channel.CREATININE):
        StoredSample.objects.bulk_create(
            StoredSample(
                subject=patient.subject, channel=channel, value=1.0 + k % 7,
                event_time=case.START - timedelta(minutes=20 * k), received_time=case.START,
                source_key=f"test/Observation/{channel}-strip", source_version="1", part=str(k),
            )
            for k in range(3000)
        )  # fmt: skip
    whole = page_of(client, patient, query="?window=all")
    assert "are not drawn; a shorter window shows them" in whole
    assert len(whole) < 700_000
    assert whole.count("/records/sample/") < 1000


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?window=fortnight", "There is no window &#x27;fortnight&#x27;."),
        ("?from=2026-11-22T08:00&to=soon", "to is &#x27;soon&#x27;"),
        ("?from=2026-11-22T08:00&to=2026-11-22T07:00", "is not at least 10 minutes after"),
        ("?from=%00&to=9999-99-99", "no time that can be shown"),
    ],
)
def test_a_window_that_cannot_be_is_said_and_the_usual_one_is_shown(client, patient, query, said):
    rows.twin(patient.subject)
    page = page_of(client, patient, query=query)
    assert said in page
    assert 'aria-current="true">7 days</a>' in page


def test_the_window_of_the_address_is_shown_and_its_links_lead_on(client, patient):
    rows.twin(patient.subject)
    page = page_of(client, patient, query="?from=2026-11-21T08:00&to=2026-11-21T20:00")
    assert "21 Nov 2026 08:00 UTC to 21 Nov 2026 20:00 UTC" in page
    assert "from=2026-11-21T02:00Z&amp;to=2026-11-21T14:00Z#timeline" in page
    assert "aria-current" not in page.split('id="timeline"')[1].split("<svg")[0]


def test_another_window_is_swapped_in_alone_and_recorded_like_the_page(client, patient):
    version, _ = rows.twin(patient.subject)
    answer = client.get(f"/patients/{patient.pk}?window=24h", headers={"HX-Target": "timeline"}).content.decode()
    assert answer.lstrip().startswith('<section class="card long" id="timeline">')
    assert "<html" not in answer
    event = AuditEvent.objects.filter(activity="page.patient").last()
    assert (event.entity_id, event.entity_version) == (str(version.pk), version.digest)


def test_points_of_the_chart_and_rows_of_the_tables_lead_to_the_record(client, patient):
    rows.twin(patient.subject)
    level = StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN).first()
    page = page_of(client, patient)
    where = f"/patients/{patient.pk}/records/sample/{level.pk}"
    assert page.count(f'href="{where}"') == 3  # two drawings and the table
    assert 'aria-label="Vancomycin level 13.1 mg/L, 21 Nov 07:30"' in page


def test_each_ordered_dose_leads_to_its_order_and_names_when_it_is_due(client, patient):
    rows.twin(patient.subject)
    order = Order.objects.get(subject=patient.subject)
    page = page_of(client, patient)
    where = f"/patients/{patient.pk}/records/order/{order.pk}"
    drawn = page.count(f'<a href="{where}" aria-label="Order 1000 mg every 12 h over 1 h, due ')
    assert drawn >= 4
    assert drawn % 2 == 0  # two drawings
    assert "Order: 1000 mg every 12 h over 1 h" in client.get(where).content.decode()


def test_ordered_and_missed_doses_are_told_apart_from_given_ones(client, patient):
    missed = Finding(FindingCode.ORDERED_NOT_GIVEN, "1000 mg was ordered and no dose is charted.", 36.0, "x")
    rows.twin(patient.subject, course=case.course(findings=(missed,)))
    assert "5 doses given. 1 ordered and not given." in page_of(client, patient)


def test_kidney_function_is_shown_as_the_twin_reads_it_and_staged(client, patient):
    rows.twin(patient.subject)
    page = page_of(client, patient)
    # 67 years, male, 81 kg, 1.3 mg/dL: (140 - 67) * 81 / (72 * 1.3) = 63; CKD-EPI 2021 by hand 60
    assert "Creatinine clearance as the twin reads it (Cockcroft–Gault): 63 mL/min." in page
    assert "CKD-EPI 2021: 60 mL/min/1.73 m², in the range of G2." in page
    assert "KDIGO: acute kidney injury of stage 1 by the last creatinine." in page
    assert "KDIGO AKI 1" in page


def test_a_questioned_vital_sign_leaves_the_curve_and_stays_to_be_seen(client, clinician, patient):
    rows.twin(patient.subject)
    wild = rows.sample(patient.subject, Channel.HEART_RATE, 290.0, case.START + timedelta(hours=20), "wild")
    ask_about(wild, clinician)
    page = page_of(client, patient)
    assert "Heart rate 290 /min, 21 Nov 04:00, left out" in page


def test_how_past_forecasts_turned_out_is_on_the_twins_card(client, clinician, patient):
    rows.twin(patient.subject)
    first, second = StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN)
    assert "No level came yet that an earlier version" in page_of(client, patient)
    foretold(patient, first, middle=15.1)
    foretold(patient, second, middle=20.8)
    page = page_of(client, patient)
    assert "2.5 mg/L too high on average" in page
    assert "root mean square error 2.5 mg/L" in page
    assert "0 of 2 lay in the 50 % interval and 1 of 2 in the 90 % interval" in page
    thomson = "vancomycin-thomson-2009"
    rows.twin(patient.subject, fit=replace(case.fit(), model_id=thomson), compared=False, with_records=False)
    foretold(patient, first, middle=12.1, model_id=thomson)
    other = "Its forecasts of 1 level were 1.0 mg/L too low on average; root mean square error 1.0 mg/L, 1 of 1"
    assert other in page_of(client, patient)
    ask_about(second, clinician)  # a level that is left out scores nobody
    assert "root mean square error 2.0 mg/L" in page_of(client, patient)


def test_comparisons_that_people_asked_for_can_be_found_again(client, clinician, patient):
    version, default = rows.twin(patient.subject)
    result = result_of(default)
    plans = [forecast.plan for forecast in result.forecasts]

    def ask(user):
        return store_comparison(version=version, plans=plans, result=result, asked_by=key_of(user))

    asked = ask(clinician)
    with CaptureQueriesContext(connection) as before:
        page = page_of(client, patient)
    assert f'href="/comparisons/{asked.pk}">4 plans, asked' in page
    assert "by Mira Test</li>" in page
    for number in range(3):
        ask(rows.person(f"asker-{number}"))
    with CaptureQueriesContext(connection) as after:
        assert "by Asker-2 Test</li>" in page_of(client, patient)
    assert len(after) == len(before)

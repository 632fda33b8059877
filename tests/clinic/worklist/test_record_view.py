"""Every point can be opened: where it came from, its text as received, its quality, and who doubted it."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent, Outcome
from integrations.readings.models import Reading, Resource, Source
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case
from twins.records.models import GivenDose, Job, JobKind, Question, RecordState, StoredSample
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db

TEXT = '{"resourceType":"Observation","id":"x-1","valueQuantity":{"value":13.10,"unit":"mg/L"},"note":"<b>ü</b>"}'


@pytest.fixture
def clinician(client):
    user = rows.person()
    client.force_login(user)
    return user


@pytest.fixture
def patient(clinician):
    return rows.patient()


@pytest.fixture
def level(patient):
    return rows.sample(patient.subject, Channel.VANCOMYCIN, 13.1, case.START + timedelta(hours=23), "level")


def received_as(record, text=TEXT, subject=None):
    """The resource that `record` was read from, in a payload of its own."""
    source = Source.objects.get_or_create(slug="test", defaults={"address": "https://lab.example/fhir"})[0]
    reading = Reading.objects.create(
        source=source,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        content=text.encode(),
        content_type="application/fhir+json",
        origin="https://lab.example/fhir/Observation?_count=1",
        received_time=record.received_time,
    )
    return Resource.objects.create(
        source_key=record.source_key,
        resource_type="Observation",
        resource_id="x-1",
        version=record.source_version,
        last_updated=record.received_time,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        reading=reading,
        subject=subject or record.subject,
        status="final",
    )


def address(record, kind="sample", patient=None):
    return f"/patients/{(patient or record.subject_id)}/records/{kind}/{record.pk}"


def opened(client, record, kind="sample", **headers):
    response = client.get(address(record, kind), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_record_shows_its_source_its_times_and_its_text_exactly_as_received(client, level):
    received_as(level)
    page = opened(client, level)
    for text in (
        "Vancomycin level: 13.1 mg/L",
        "21 Nov 2026 07:00 UTC",
        level.reference,
        "https://lab.example/fhir/Observation?_count=1",
        hashlib.sha256(TEXT.encode()).hexdigest(),
        "agrees with the text below",
        "13.10",  # digit for digit
        "&lt;b&gt;ü&lt;/b&gt;",  # and escaped
        "nothing was flagged",
        "by nobody",
    ):
        assert text in page
    file = client.get(f"{address(level)}/received")
    assert file.content == TEXT.encode()
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_a_text_that_was_changed_behind_the_products_back_is_called_so(client, level):
    Resource.objects.filter(pk=received_as(level).pk).update(text=TEXT.replace("13.10", "31.10"))
    assert "does not agree with the text below" in opened(client, level)


def test_the_text_of_another_patients_resource_is_never_shown(client, patient, level):
    other = rows.patient("Other", team=None)
    received_as(level, subject=other.subject)
    page = opened(client, level)
    assert "is not kept here" in page
    assert "13.10" not in page
    assert client.get(f"{address(level)}/received").status_code == 404


def test_strangers_colleagues_other_roles_and_other_patients_addresses_are_refused(client, level):
    received_as(level)
    other = rows.patient("Other")
    for end in ("", "/received"):
        # the record of one patient under the address of another
        assert client.get(address(level, patient=other.pk) + end).status_code == 404
        client.logout()
        assert client.get(address(level) + end).status_code == 401
        client.force_login(rows.person(f"vic{end[1:]}", team="Ward 9"))
        refused = client.get(address(level) + end)
        assert refused.status_code == 403
        assert "13.1" not in refused.content.decode()
        client.force_login(rows.person(f"rae{end[1:]}", Role.RESEARCHER))
        assert client.get(address(level) + end).status_code == 403
        client.force_login(rows.person(f"mo{end[1:]}"))
    assert AuditEvent.objects.filter(outcome=Outcome.REFUSED, subject_key=str(level.subject_id)).exists()


@pytest.mark.parametrize("where", ["nothing/1", "dose/1", "sample/99999999999999999999"])
def test_what_is_not_there_is_not_found(client, patient, where):
    assert client.get(f"/patients/{patient.pk}/records/{where}").status_code == 404


def test_what_was_shown_is_on_record_with_its_version_and_without_its_content(client, level):
    received_as(level)
    for activity, end in (("page.record", ""), ("page.record-received", "/received")):
        client.get(address(level) + end)
        event = AuditEvent.objects.filter(activity=activity).last()
        assert (event.subject_key, event.entity_type) == (str(level.subject_id), "Observation")
        assert (event.entity_id, event.entity_version) == (level.source_key, "1")
        assert "13.1" not in json.dumps(event.detail)


def test_beside_the_timeline_it_is_a_panel_without_the_frame_of_a_page(client, level):
    panel = opened(client, level, **{"HX-Target": "record"})
    assert "<html" not in panel
    assert "Vancomycin level: 13.1 mg/L" in panel
    assert AuditEvent.objects.filter(activity="page.record").count() == 1


def test_from_the_record_it_is_questioned_recomputed_and_undone_and_the_record_tells_it_all(client, level):
    page = opened(client, level)
    assert f'action="/patients/{level.subject_id}/question"' in page
    sent = {"record": level.source_key, "action": "exclude", "reason": "Drawn from the line."}
    assert client.post(f"/patients/{level.subject_id}/question", sent).status_code == 302
    assert Job.objects.filter(kind=JobKind.TWIN_UPDATE).exists()
    page = opened(client, level)
    assert "left out" in page
    assert "Mira Test" in page
    assert "Drawn from the line." in page
    assert f'action="/patients/{level.subject_id}/question"' not in page
    question = Question.objects.get()
    assert client.post(f"/questions/{question.pk}/withdraw").status_code == 302
    page = opened(client, level)
    assert "taken back by Mira Test" in page
    assert f'action="/patients/{level.subject_id}/question"' in page


def test_flags_of_the_door_and_findings_of_the_twin_are_its_quality(client, patient):
    rows.twin(patient.subject, course=case.course(findings=(case.soon_after_dose(),)), with_records=False)
    key = "test/Observation/level-1"
    level = StoredSample.objects.create(
        subject=patient.subject, channel=Channel.VANCOMYCIN, value=17.8, event_time=case.START,
        received_time=case.START, source_key=key, source_version="1", quality=["level-in-future"],
        device_key="test/Device/analyser-3",
    )  # fmt: skip
    page = opened(client, level)
    assert "written down before it was measured" in page
    assert "its time may be wrong" in page
    assert "Device/analyser-3" in page


def test_doses_orders_other_versions_and_other_values_of_the_resource_can_be_opened_too(client, patient):
    rows.records_of(patient.subject, case.course())
    dose = GivenDose.objects.first()
    assert "Dose: 1000 mg over 1 h" in opened(client, dose, "dose")
    upper = rows.sample(patient.subject, Channel.SYSTOLIC_PRESSURE, 121.0, case.START, "bp", part="systolic")
    lower = rows.sample(patient.subject, Channel.DIASTOLIC_PRESSURE, 77.0, case.START, "bp", part="diastolic")
    page = opened(client, upper)
    assert address(lower) in page
    assert "the 1 other value in it is questioned too" in page
    old = StoredSample.objects.create(
        subject=patient.subject, channel=Channel.SYSTOLIC_PRESSURE, value=212.0, event_time=case.START,
        received_time=case.START, source_key=upper.source_key, source_version="0", part="systolic",
        state=RecordState.SUPERSEDED,
    )  # fmt: skip
    assert "212 mmHg" in opened(client, upper)
    superseded = opened(client, old)
    assert "replaced by a corrected version" in superseded
    assert "/question" not in superseded


def test_the_list_of_values_opens_each_and_turns_its_pages(client, patient):
    for minute in range(130):
        rows.sample(patient.subject, Channel.HEART_RATE, 60.0 + minute, case.START + timedelta(minutes=minute))
    where = f"/patients/{patient.pk}/values/heart_rate"

    def listed(query=""):
        return client.get(where + query)

    first = listed().content.decode()
    assert first.count("open the record") == 100
    assert "189 /min" in first
    older = first.split('href="?before=')[1].split('"')[0]
    assert listed(f"?before={older}").content.decode().count("open the record") == 30
    window = listed("?from=2026-11-20T08:00Z&to=2026-11-20T08:09Z").content.decode()
    assert window.count("open the record") == 10
    wrong = listed("?from=soon&before=x")
    assert wrong.status_code == 200
    assert "from is &#x27;soon&#x27;" in wrong.content.decode()
    assert client.get(f"/patients/{patient.pk}/values/mood").status_code == 404


def test_which_values_of_which_window_were_listed_is_on_record_by_their_keys(client, patient):
    made = [
        rows.sample(patient.subject, Channel.HEART_RATE, 60.0, case.START + timedelta(minutes=minute)).pk
        for minute in range(110)
    ]
    where = f"/patients/{patient.pk}/values/heart_rate"
    mine = f"{patient.pk}/heart_rate"
    window = "2026-11-20T08:00:00+00:00", "2026-11-20T08:09:00+00:00"
    for query, entity, listed in (
        ("", mine, made[10:]),
        (f"?before={made[10]}", mine, made[:10]),
        ("?from=2026-11-20T08:00Z&to=2026-11-20T08:09Z", f"{mine}?from={window[0]}&to={window[1]}", made[:10]),
        ("?from=soon&to=2026-11-20T08:09Z", f"{mine}?to={window[1]}", made[:10]),
        ("?from=2027-01-01T00:00Z", f"{mine}?from=2027-01-01T00:00:00+00:00", []),
    ):
        client.get(where + query)
        event = AuditEvent.objects.filter(activity="page.patient-values").latest("sequence")
        assert (event.subject_key, event.entity_type, event.entity_id) == (str(patient.pk), "Values", entity)
        assert event.entity_version == (f"{listed[0]}-{listed[-1]}" if listed else "none"), query


def test_neither_page_asks_more_of_the_database_where_there_is_more(client, clinician, patient, level):
    received_as(level)

    def queries(where):
        with CaptureQueriesContext(connection) as found:
            assert client.get(where).status_code == 200
        return len(found)

    pages = (address(level), f"/patients/{patient.pk}/values/vancomycin")
    before = [queries(where) for where in pages]
    for k in range(25):
        rows.sample(patient.subject, Channel.VANCOMYCIN, 10.0 + k, case.START, "level", part=str(k))
        Question.objects.create(
            subject=patient.subject, source_key=level.source_key if k == 0 else f"test/Observation/{k}",
            action="exclude", reason="why", asked_by=f"user-{clinician.pk}", asked_at=case.START,
        )  # fmt: skip
    after = [queries(where) for where in pages]
    assert all(now <= then + 1 for now, then in zip(after, before, strict=True))  # names are looked up once
    assert max(after) <= 24

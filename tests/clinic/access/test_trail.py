"""The auditor's page."""

import csv
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.access import wristband
from clinic.access.roles import Role
from clinic.audit.chain import link_hash
from clinic.audit.checkpoint import take
from clinic.audit.event import Actor, record
from clinic.audit.models import Action, AuditEvent, ChainHead, Outcome
from clinic.audit.retention import prune
from clinic.site.tasks import housekeeping
from tests.clinic.audit.tampering import unguarded
from tests.factories import patient_records

KEYS = [str(UUID(int=number + 1)) for number in range(9)]
pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client: Client) -> Client:
    user = User.objects.create_user("audie")
    user.groups.add(Group.objects.get(name=Role.AUDITOR))
    client.force_login(user)
    return client


def seen(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<th scope="row"><a href="/audit/events/\d+">(\d+)</a></th>', page)]


def some_events(count: int) -> None:
    for number in range(count):
        outcome = Outcome.REFUSED if number % 2 else Outcome.SUCCESS
        actor = Actor(f"user-{100 + number % 3}", ("clinician",))
        record(by=actor, action=Action.READ, activity="page.patient", subject_key=KEYS[number % 9], outcome=outcome)


def test_events_stand_newest_first_and_older_ones_on_pages_that_never_shift(auditor: Client) -> None:
    some_events(120)
    first = auditor.get("/audit").content.decode()
    assert seen(first) == list(range(120, 70, -1))
    older = re.findall(r'href="(\?before=\d+)"', first)[0]
    some_events(5)
    second = auditor.get(f"/audit{older}").content.decode()
    assert seen(second) == list(range(70, 20, -1))


def test_the_trail_is_found_by_person_by_subject_and_by_outcome(auditor: Client) -> None:
    some_events(12)
    assert seen(auditor.get("/audit?actor=user-101").content.decode()) == [11, 8, 5, 2]
    assert seen(auditor.get(f"/audit?subject_key={KEYS[3]}").content.decode()) == [4]
    assert seen(auditor.get("/audit?subject_key=00000000").content.decode()) == []
    refused = seen(auditor.get("/audit?outcome=4&activity=page.patient").content.decode())
    assert refused == [12, 10, 8, 6, 4, 2]


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 40, "outcome=7", "actor=%00"])
def test_odd_questions_are_answered_with_a_page(auditor: Client, query: str) -> None:
    assert auditor.get(f"/audit?{query}").status_code == 200


def test_a_page_that_showed_several_patients_is_found_by_each_of_them(auditor: Client) -> None:
    record(by=Actor("user-1"), action=Action.READ, activity="page.worklist", detail={"subjects": KEYS[:3]})
    assert seen(auditor.get(f"/audit?subject_key={KEYS[1]}").content.decode()) == [1]
    assert seen(auditor.get(f"/audit?subject_key={KEYS[5]}").content.decode()) == []


def test_reading_the_trail_is_in_the_trail(auditor: Client) -> None:
    auditor.get("/audit")
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.activity, last.action) == ("page.audit", Action.READ)
    assert (last.entity_type, last.entity_id, last.entity_version) == ("AuditTrail", "/audit", "none")
    auditor.get("/audit?activity=page.audit")
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.entity_id, last.entity_version) == ("/audit?activity=page.audit", "1-1")


def test_an_auditor_starts_at_the_trail_after_the_login(client: Client) -> None:
    user = User.objects.create_user("audie", password="a long enough pass phrase")
    user.groups.add(Group.objects.get(name=Role.AUDITOR))
    answer = client.post("/login", {"username": "audie", "password": "a long enough pass phrase"})
    assert answer.headers["Location"] == "/audit"


def test_housekeeping_removes_what_has_expired_and_nothing_else(auditor: Client) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    housekeeping()
    assert not Session.objects.filter(session_key="old").exists()
    assert auditor.get("/audit").status_code == 200


def test_what_an_auditor_types_and_nothing_has_is_not_kept(auditor: Client) -> None:
    some_events(1)
    for address in ("/audit?actor=Moreau", "/audit?actor=user-100&entity_id=Moreau", "/audit/export?client=Moreau"):
        assert auditor.get(address).status_code == 200
    auditor.get(f"/audit/patients/{KEYS[8]}")
    kept = [f"{event.entity_id} {event.detail} {event.subject_key}" for event in AuditEvent.objects.all()]
    assert len(kept) == 6
    assert not any("Moreau" in text for text in kept)
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.activity, last.subject_key) == ("page.audit-history", ""), "nobody has this key in the trail"


def test_the_trail_is_found_by_time_request_client_entity_and_purpose(auditor: Client) -> None:
    first = Actor("user-5", request_id="11111111-2222-3333-4444-555555555555", client="10.0.0.9")
    record(by=first, action=Action.READ, activity="comparison.sign", entity_type="Comparison", entity_id="c-1")
    record(by=Actor("user-6"), action=Action.READ, activity="comparison.ask", purpose="HRESCH")
    for query in (
        *("request_id=11111111-2222-3333-4444-555555555555", "client=10.0.0.9", "entity_type=Comparison"),
        *("entity_id=c-1", "activity=comparison.s*", "actor=user-5", "purpose=TREAT&activity=comparison.*"),
    ):
        assert seen(auditor.get(f"/audit?{query}").content.decode()) == [1], query
    assert seen(auditor.get("/audit?purpose=HRESCH").content.decode()) == [2]
    now = timezone.localtime()
    soon, past = (f"{now + timedelta(minutes=step):%Y-%m-%dT%H:%M}" for step in (2, -2))
    assert seen(auditor.get(f"/audit?activity=comparison.*&since={past}&until={soon}").content.decode()) == [2, 1]
    assert seen(auditor.get(f"/audit?activity=comparison.*&until={past}").content.decode()) == []
    assert seen(auditor.get(f"/audit?activity=comparison.*&since={soon}").content.decode()) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=yesterday", "This is no time"),
        ("since=2026-02-31T10:00", "This is no time"),
        ("subject_key=123", "no whole patient key"),
        ("since=2026-03-02T10:00&until=2026-03-01T10:00", "The end lies before the beginning"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named_and_nothing_is_exported(auditor: Client, query: str, words: str) -> None:
    some_events(1)
    page = auditor.get(f"/audit?{query}").content.decode()
    assert words in page
    assert 'aria-invalid="true"' in page
    assert seen(page) == []
    refused = auditor.get(f"/audit/export?{query}")
    assert refused.status_code == 400
    assert words in refused.content.decode()


def test_an_event_is_shown_whole_and_its_change_is_seen(auditor: Client) -> None:
    detail = {"subjects": KEYS[:2], "status": 200}
    record(by=Actor("user-1"), action=Action.READ, activity="page.worklist", detail=detail)
    page = auditor.get("/audit/events/1").content.decode()
    assert "gives its hash" in page
    assert "No checkpoint covers it yet" in page
    assert KEYS[1] in page
    assert AuditEvent.objects.get(pk=1).hash in page
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.entity_type, last.entity_id) == ("AuditEvent", "1")
    assert last.entity_version == AuditEvent.objects.get(pk=1).hash
    take()
    assert "Checkpoint 1, signed with the key" in auditor.get("/audit/events/1").content.decode()
    with unguarded() as cursor:
        cursor.execute("UPDATE audit_auditevent SET actor = 'x' WHERE sequence = 1")
    assert "This event was changed" in auditor.get("/audit/events/1").content.decode()
    assert auditor.get("/audit/events/999").status_code == 404
    assert auditor.get("/audit/events/" + "9" * 30).status_code == 404


def test_a_removed_event_says_where_it_went(auditor: Client, tmp_path: Path) -> None:
    some_events(3)
    take()
    prune(by=Actor("system"), folder=tmp_path, now=timezone.now() + timedelta(days=3000))
    gone = auditor.get("/audit/events/2")
    assert gone.status_code == 410
    assert "audit-1-3.jsonl.gz" in gone.content.decode()
    assert "were removed at the end of their retention" in auditor.get("/audit").content.decode()


def test_a_patients_history_says_who_when_what_and_why(auditor: Client) -> None:
    nurse = User.objects.create_user("nina")
    actor = Actor(f"user-{nurse.pk}", ("clinician",))
    record(by=actor, action=Action.READ, activity="page.patient", subject_key=KEYS[0], entity_type="page")
    record(by=actor, action=Action.READ, activity="page.worklist", detail={"subjects": KEYS[:3]})
    record(by=actor, action=Action.READ, activity="page.patient", subject_key=KEYS[4])
    page = auditor.get(f"/audit/patients/{KEYS[0]}").content.decode()
    assert re.findall(r"/audit/events/(\d+)", page) == ["2", "1"]
    for words in ("nina", "opened the patient&#x27;s page", "saw the worklist", "treatment"):
        assert words in page
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.activity, last.subject_key, last.entity_type) == ("page.audit-history", KEYS[0], "AccessHistory")
    assert last.entity_version == "1-2"
    again = auditor.get(f"/audit/patients/{KEYS[0]}").content.decode()
    assert "opened the access history" in again, "the auditor's own look is in it too"
    assert "nina" not in "".join(f"{event.detail} {event.actor}" for event in AuditEvent.objects.all())


def test_a_long_history_goes_on_on_further_pages(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.access.trail.A_HISTORY_PAGE", 3)
    for _ in range(5):
        record(by=Actor("user-1"), action=Action.READ, activity="page.patient", subject_key=KEYS[0])
    first = auditor.get(f"/audit/patients/{KEYS[0]}").content.decode()
    assert re.findall(r"/audit/events/(\d+)", first) == ["5", "4", "3"]
    older = re.findall(r'href="(\?before=3)"', first)[0]
    second = auditor.get(f"/audit/patients/{KEYS[0]}{older}").content.decode()
    assert re.findall(r"/audit/events/(\d+)", second) == ["2", "1"]


def exported(auditor: Client, query: str) -> str:
    answer = auditor.get(f"/audit/export?{query}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def test_json_lines_hold_every_field_as_it_was_hashed(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.access.trail_export.A_BATCH", 2)
    some_events(5)
    rows = [json.loads(text) for text in exported(auditor, "format=jsonl").splitlines()]
    assert [row["sequence"] for row in rows] == [1, 2, 3, 4, 5]
    for row in rows:
        assert link_hash({**row, "recorded": datetime.fromisoformat(row["recorded"])}) == row["hash"]


def test_csv_holds_what_the_filters_find_and_no_formulas(auditor: Client) -> None:
    hostile = Actor("user-1", client="=HYPERLINK(1)")
    record(by=hostile, action=Action.READ, activity="page.patient", detail={"status": 200})
    some_events(3)
    rows = list(csv.DictReader(exported(auditor, "outcome=0").splitlines()))
    assert [row["sequence"] for row in rows] == ["1", "2", "4"]
    assert (rows[0]["client"], rows[0]["detail"]) == ("'=HYPERLINK(1)", '{"status":200}')
    assert rows[1]["actor_roles"] == "clinician"


def test_an_export_is_on_record_before_it_leaves(auditor: Client) -> None:
    some_events(4)
    answer = auditor.get(f"/audit/export?subject_key={KEYS[2]}&format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="audit-3-3.csv"'
    event = AuditEvent.objects.get(activity="audit.export")
    assert (event.subject_key, event.entity_version, event.purpose) == (KEYS[2], "3-3", "HOPERAT")
    assert event.detail == {"format": "csv", "count": 1, "filters": {"subject_key": KEYS[2]}}
    assert auditor.get("/audit/export?format=xlsx").status_code == 400
    ChainHead.objects.all().delete()
    refused = auditor.get("/audit/export")
    assert refused.status_code == 500
    assert not refused.streaming


@pytest.mark.parametrize("address", ["/audit", "/audit/export", "/audit/events/1", f"/audit/patients/{KEYS[0]}"])
def test_nobody_but_an_auditor_reads_the_trail(client: Client, address: str) -> None:
    some_events(1)
    assert client.get(address).status_code == 401
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.exclude(name=Role.AUDITOR))
    client.force_login(user)
    assert client.get(address).status_code == 403
    last = AuditEvent.objects.order_by("-sequence")[0]
    assert (last.outcome, last.actor) == (Outcome.REFUSED, f"user-{user.pk}")
    user.groups.set(Group.objects.filter(name=Role.AUDITOR))
    assert client.get(address).status_code == 200
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(address).status_code == 401


@pytest.mark.parametrize("address", ["/audit", "/audit/events/1", f"/audit/patients/{KEYS[0]}"])
def test_pages_ask_the_database_as_often_for_many_events_as_for_few(auditor: Client, address: str) -> None:
    counts = []
    for _ in range(2):
        some_events(18)
        with CaptureQueriesContext(connection) as asked:
            auditor.get(address)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_access_history_is_found_by_what_stands_on_the_wristband(auditor: Client) -> None:
    patient = patient_records.patient()
    answer = auditor.post("/audit/patients", {"record_number": " 4711 ", "born": "1959-03-14"})
    assert (answer.status_code, answer["Location"]) == (302, f"/audit/patients/{patient.pk}")
    event = AuditEvent.objects.latest("sequence")
    assert (event.activity, event.outcome, event.subject_key) == ("page.audit-find", Outcome.SUCCESS, str(patient.pk))
    page = auditor.get(answer["Location"]).content.decode()
    assert "Who saw or changed this patient" in page
    assert "looked for a patient&#x27;s access history by a record number" in page
    assert not {"4711", "Okafor", "1959"} & set(re.findall(r"\w+", str(list(AuditEvent.objects.values()))))


def test_a_number_of_nobody_or_of_several_leads_nowhere_and_says_why(auditor: Client) -> None:
    patient_records.patient()
    patient_records.patient("Elseworth")
    for sent, told in (
        ({"record_number": "0815"}, "No patient has exactly this record number"),
        ({"record_number": "4711"}, "does not name one patient"),
        ({"record_number": ""}, "Enter the record number."),
        ({"record_number": "4711", "born": "14.3."}, "This is no date"),
    ):
        answer = auditor.post("/audit/patients", sent)
        assert (answer.status_code, told in answer.content.decode()) == (422, True), sent
    assert not AuditEvent.objects.exclude(subject_key="").exists()


def test_an_auditor_who_tries_numbers_of_nobody_is_stopped(auditor: Client) -> None:
    patient_records.patient()
    for number in range(wristband.MISSES):
        assert auditor.post("/audit/patients", {"record_number": f"of nobody {number}"}).status_code == 422
    assert auditor.post("/audit/patients", {"record_number": "4711"}).status_code == 429
    misses = AuditEvent.objects.filter(activity="wristband.find", outcome=Outcome.REFUSED)
    assert [event.purpose for event in misses] == ["HOPERAT"] * wristband.MISSES
    assert "of nobody" not in str(list(AuditEvent.objects.values()))

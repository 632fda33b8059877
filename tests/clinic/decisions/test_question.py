"""Questioning a record: left out or re-timed with a reason, the twin computed again, and undone."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from clinic.access.actor import actor_of, key_of
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.decisions.question import ask, withdraw
from clinic.decisions.refusal import NewTimeError, ReasonMissingError, RecordError
from tests.factories import patient_records as rows
from twins.records.courses import build_course
from twins.records.models import Job, JobKind, Question, QuestionAction, RecordState, StoredSample
from twins.samples.channel import Channel
from twins.samples.course import FindingCode

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return rows.person()


@pytest.fixture
def patient():
    made = rows.patient()
    rows.records_of(made.subject, rows.recent_course())
    return made


@pytest.fixture
def level(patient):
    return StoredSample.objects.filter(subject=patient.subject, channel=Channel.VANCOMYCIN).first()


def doubt(level, user, **changes):
    asked = {"action": QuestionAction.EXCLUDE, "reason": "Drawn from the line.", "source_key": level.source_key}
    return ask(subject=level.subject, by=user, actor=actor_of(user), **{**asked, **changes})


def test_a_level_left_out_leaves_the_course_and_is_named_there(level, user):
    before = build_course(level.subject, "vancomycin")
    doubt(level, user)
    after = build_course(level.subject, "vancomycin")
    assert len(after.levels) == len(before.levels) - 1
    assert [f.code for f in after.findings if f.code is FindingCode.EXCLUDED_BY_USER]
    level.refresh_from_db()
    assert level.state == RecordState.ACTIVE  # the record stays as its source gave it


def test_a_retimed_level_counts_at_its_new_time(level, user):
    moved = level.event_time - timedelta(minutes=40)
    doubt(level, user, action=QuestionAction.RETIME, new_time=moved)
    course = build_course(level.subject, "vancomycin")
    at = (moved - course.start) / timedelta(hours=1)
    assert any(abs(found.time_h - at) < 1e-9 for found in course.levels)


def test_the_twin_is_asked_to_learn_again(level, user):
    doubt(level, user)
    job = Job.objects.get(kind=JobKind.TWIN_UPDATE)
    assert job.key == f"{level.subject_id}/vancomycin"
    assert job.asked_by == key_of(user)


def test_undoing_brings_the_record_back_and_keeps_the_history(level, user):
    before = build_course(level.subject, "vancomycin").digest()
    withdraw(question=doubt(level, user), by=user, actor=actor_of(user))
    assert build_course(level.subject, "vancomycin").digest() == before
    question = Question.objects.get()
    assert question.withdrawn_by == key_of(user)
    with pytest.raises(RecordError, match="taken back already"):
        withdraw(question=question, by=user, actor=actor_of(user))


def test_a_question_needs_a_reason(level, user):
    with pytest.raises(ReasonMissingError):
        doubt(level, user, reason=" ")


def test_a_record_is_questioned_once_at_a_time(level, user):
    doubt(level, user)
    with pytest.raises(RecordError, match="questioned already; undo that question first"):
        doubt(level, user)


def test_a_record_of_nobody_or_of_another_patient_cannot_be_questioned(level, user):
    other = rows.patient("Other")
    with pytest.raises(RecordError, match="No record in use"):
        ask(
            subject=other.subject,
            source_key=level.source_key,
            action=QuestionAction.EXCLUDE,
            reason="Wrong patient.",
            by=user,
            actor=actor_of(user),
        )


@pytest.mark.parametrize(
    ("moved", "said"),
    [(None, "is missing"), (timedelta(0), "is the recorded one"), (timedelta(days=-3), "more than 2 days")],
)
def test_an_impossible_new_time_is_refused(level, user, moved, said):
    with pytest.raises(NewTimeError, match=said):
        doubt(level, user, action=QuestionAction.RETIME, new_time=None if moved is None else level.event_time + moved)


def test_a_time_in_the_future_is_refused(level, user):
    with pytest.raises(NewTimeError, match="future"):
        doubt(level, user, action=QuestionAction.RETIME, new_time=level.event_time + timedelta(days=1, hours=23))


def test_only_the_care_team_and_only_roles_that_may_doubt_data_do(level):
    for person in (rows.person("vic", team="Ward 9"), rows.person("rae", Role.RESEARCHER)):
        with pytest.raises(PermissionDenied):
            doubt(level, person)
    assert not Question.objects.exists()


def test_asking_and_undoing_are_recorded_without_the_words_of_the_reason(level, user):
    withdraw(question=doubt(level, user), by=user, actor=actor_of(user))
    for activity in ("question.ask", "question.withdraw"):
        event = AuditEvent.objects.get(activity=activity)
        assert event.subject_key == str(level.subject_id)
        assert event.detail == {"record": level.source_key, "action": "exclude"}


class TestOverHttp:
    def test_the_form_names_the_record_and_ticks_nothing(self, client, level, user):
        client.force_login(user)
        page = client.get(f"/patients/{level.subject_id}/question", {"record": level.source_key}).content.decode()
        assert level.reference in page
        assert "Vancomycin level of 13.1 mg/L" in page
        assert 'value="exclude" required>' in page

    def test_a_question_leads_back_to_the_patient_and_can_be_undone_there(self, client, level, user):
        client.force_login(user)
        data = {"record": level.source_key, "action": "exclude", "reason": "Drawn from the line."}
        response = client.post(f"/patients/{level.subject_id}/question", data)
        assert response.headers["Location"] == f"/patients/{level.subject_id}"
        question = Question.objects.get()
        assert client.post(f"/questions/{question.pk}/withdraw").status_code == 302
        assert client.post(f"/questions/{question.pk}/withdraw").status_code == 409

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"action": "exclude"}, "Say in a few words why"),
            ({"reason": "x"}, "Choose what to do"),
            ({"action": "retime", "reason": "x"}, "The new time is missing"),
            ({"action": "retime", "reason": "x", "new_time": "noon"}, "This is no time"),
        ],
    )
    def test_an_incomplete_form_comes_back_with_what_is_missing(self, client, level, user, data, said):
        client.force_login(user)
        response = client.post(f"/patients/{level.subject_id}/question", {"record": level.source_key, **data})
        assert response.status_code == 422
        assert said in response.content.decode()
        assert not Question.objects.exists()

    def test_an_unknown_record_is_not_found(self, client, level, user):
        client.force_login(user)
        assert client.get(f"/patients/{level.subject_id}/question", {"record": "nothing"}).status_code == 404

    def test_strangers_and_colleagues_of_other_wards_are_refused(self, client, level, user):
        question = doubt(level, user)
        addresses = (f"/patients/{level.subject_id}/question?record={level.source_key}",)
        for address in addresses:
            assert client.get(address).status_code == 401
        assert client.post(f"/questions/{question.pk}/withdraw").status_code == 401
        client.force_login(rows.person("vic", team="Ward 9"))
        assert client.get(addresses[0]).status_code == 403
        assert client.post(f"/questions/{question.pk}/withdraw").status_code == 403
        question.refresh_from_db()
        assert question.withdrawn_at is None

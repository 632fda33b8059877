"""One queued row stands for all equal requests, and messages go out only for what is committed."""

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import DjangoCaptureOnCommitCallbacks

from twins.jobs import queue
from twins.jobs.claim import claim
from twins.jobs.comparison import TooFewPlansError, request_comparison
from twins.jobs.queue import request
from twins.jobs.update import request_update
from twins.pharmacology.regimen import Plan
from twins.records.models import Job, JobKind, JobState, Subject, TwinVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """Messages that would have gone to the broker."""
    messages: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(queue.current_app, "send_task", lambda name, args, **_: messages.append((name, tuple(args))))
    return messages


def test_requests_that_wait_already_are_one(sent, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks):
    subject = Subject.objects.create()
    with django_capture_on_commit_callbacks(execute=True):
        first = request_update(subject, "vancomycin")
        assert not sent
        assert request_update(subject, "vancomycin", asked_by="user-1") == first
    assert sent == [("twins.jobs.update.run", (str(first.pk),))]
    assert Job.objects.count() == 1


def test_a_request_while_an_equal_job_runs_makes_a_new_row():
    subject = Subject.objects.create()
    first = request_update(subject, "vancomycin")
    assert claim(str(first.pk)) is not None
    second = request_update(subject, "vancomycin")
    assert second != first
    assert second.state == JobState.QUEUED


def test_other_subjects_have_their_own_row():
    first = request_update(Subject.objects.create(), "vancomycin")
    assert request_update(Subject.objects.create(), "vancomycin") != first


def test_a_request_that_is_rolled_back_sends_nothing(sent, django_capture_on_commit_callbacks):
    subject = Subject.objects.create()

    def accept() -> None:
        with transaction.atomic():
            request_update(subject, "vancomycin")
            raise KeyError("the reading was not stored")

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(KeyError):
        accept()
    assert not sent
    assert not Job.objects.exists()


@pytest.mark.parametrize("error", [BrokerError("connection refused"), OSError("disk full")])
def test_a_broker_that_is_down_leaves_the_row_queued(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks,
    caplog: pytest.LogCaptureFixture,
):
    def refuse(*args, **options):
        raise error

    monkeypatch.setattr(queue.current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = request_update(Subject.objects.create(), "vancomycin")
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert "the sweep will do it" in caplog.text


def test_a_row_that_another_request_made_at_the_same_moment_is_found(monkeypatch: pytest.MonkeyPatch):
    """The first look finds nothing, the insert is refused by the constraint, the second look finds the row."""
    asked = {"kind": JobKind.TWIN_UPDATE, "key": "x", "parameters": {}, "asked_by": "system"}
    other = request(**asked)
    look = Job.objects.select_for_update
    blind = iter([True])
    monkeypatch.setattr(
        Job.objects, "select_for_update", lambda: Job.objects.none() if next(blind, False) else look(), raising=True
    )
    assert request(**asked) == other


def test_a_comparison_of_one_plan_is_refused():
    with pytest.raises(TooFewPlansError, match=r"1 plan\(s\)"):
        request_comparison(TwinVersion(), [Plan("Current", None)], asked_by="user-1")

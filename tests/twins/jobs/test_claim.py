"""A job belongs to one worker at a time, for as long as that worker is heard of."""

from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from twins.jobs import sweep as sweeping
from twins.jobs.claim import MOST_ATTEMPTS, LeaseLostError, claim
from twins.jobs.sweep import sweep
from twins.jobs.update import request_update
from twins.jobs.work import JobError, work
from twins.records.models import Job, JobState, Subject
from twins.records.signals import job_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    messages: list[Job] = []
    monkeypatch.setattr(sweeping, "send", lambda job: messages.append(job) or True)
    return messages


@pytest.fixture
def job() -> Job:
    return request_update(Subject.objects.create(), "vancomycin")


def silent(job: Job) -> None:
    """The worker that has the job is not heard of until its lease is over."""
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_only_the_first_of_two_messages_gets_the_job(job: Job):
    assert claim(str(job.pk)) is not None
    assert claim(str(job.pk)) is None


def test_a_finished_job_keeps_its_result(job: Job):
    assert work(str(job.pk), lambda lease: lease.finish({"versions": []}))
    job.refresh_from_db()
    assert (job.state, job.result, job.done, job.lease_until) == (JobState.DONE, {"versions": []}, 1, None)
    assert job.started_at <= job.finished_at
    assert not work(str(job.pk), lambda _lease: pytest.fail("it is over"))


def test_a_renewed_lease_ends_later_and_a_lost_one_is_not_renewed(job: Job):
    lease = claim(str(job.pk))
    before = lease.until
    assert lease.renew()
    assert lease.until > before
    silent(job)
    assert not lease.renew()


def test_a_job_whose_worker_fell_silent_is_queued_again(job: Job, sent: list[Job]):
    claim(str(job.pk))
    assert sweep() == 0
    silent(job)
    assert sweep() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, sent) == (JobState.QUEUED, 1, [job])


def test_the_silent_worker_can_say_nothing_any_more(job: Job, sent: list[Job]):
    late = claim(str(job.pk))
    silent(job)
    sweep()
    claim(str(job.pk))
    with pytest.raises(LeaseLostError):
        late.finish({"versions": ["late"]})
    with pytest.raises(LeaseLostError):
        late.fail("late")
    late.give_back("late")
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == (JobState.RUNNING, {}, 1)


def test_a_job_that_kills_its_workers_is_given_up_with_its_reason(job: Job, sent: list[Job]):
    for _ in range(MOST_ATTEMPTS):
        assert claim(str(job.pk)) is not None
        silent(job)
        sweep()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.error == "Given up after 5 attempts. The last one: The worker that had it fell silent."
    assert len(sent) == MOST_ATTEMPTS - 1


def test_a_silent_job_gives_way_to_an_equal_one_that_is_queued(job: Job, sent: list[Job]):
    claim(str(job.pk))
    subject = Subject.objects.get()
    successor = request_update(subject, "vancomycin")
    silent(job)
    sweep()
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.CANCELLED, {"superseded_by": str(successor.pk)})
    successor.refresh_from_db()
    assert successor.state == JobState.QUEUED


def test_a_queued_job_whose_message_was_lost_is_sent_again(job: Job, sent: list[Job]):
    assert sweep() == 0
    Job.objects.update(enqueued_at=timezone.now() - timedelta(hours=1))
    assert sweep() == 1
    assert sent == [job]
    assert sweep() == 0


@pytest.mark.parametrize("error", [OperationalError("database is locked"), InterfaceError("connection already closed")])
def test_a_passing_failure_is_tried_again(job: Job, error: Exception):
    def fail(lease):
        raise error

    assert work(str(job.pk), fail)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    assert str(error) in job.error


def test_a_failure_that_will_not_pass_keeps_its_sentence(job: Job):
    def fail(lease):
        raise JobError("The twin was made with another version of its model.")

    assert work(str(job.pk), fail)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The twin was made with another version of its model.")


def test_an_unexpected_failure_is_kept_and_goes_on_to_the_log(job: Job):
    def fail(lease):
        raise ZeroDivisionError("division by zero")

    with pytest.raises(ZeroDivisionError):
        work(str(job.pk), fail)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "ZeroDivisionError: division by zero")


def test_listeners_hear_of_every_change(job: Job):
    heard: list[str] = []

    def listen(*, instance, asked_by, **_):
        heard.append(instance.state)

    job_changed.connect(listen)
    try:
        work(str(job.pk), lambda lease: lease.finish({}))
    finally:
        job_changed.disconnect(listen)
    assert heard == [JobState.RUNNING, JobState.DONE]

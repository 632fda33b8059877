"""A study is the sum of its chunks: each stored once, kept over a cancel, checked at the end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.twins.cohorts.studies import small
from twins.jobs import cohort
from twins.jobs.cohort import cancel, do_chunk, do_here, finish, missing_chunks, request_study, resume, start
from twins.jobs.publish import study_folder
from twins.jobs.sweep import sweep
from twins.records.models import Job, JobChunk, JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    messages: list[tuple] = []
    monkeypatch.setattr(cohort, "send_task", lambda *message: messages.append(message) or True)
    return messages


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    return tmp_path


def done(job: Job) -> Job:
    job.refresh_from_db()
    assert job.state == JobState.DONE, (job.state, job.error)
    return job


def digest_of(chunk: int) -> str:
    job = request_study(small(), asked_by="system", chunk=chunk)
    do_here(job)
    return done(job).result["result_digest"]


def test_the_chunk_size_does_not_change_the_result():
    assert digest_of(300) == digest_of(64) == digest_of(7)


def test_a_finished_study_has_its_files_table_and_figure():
    job = request_study(small(), asked_by="system", chunk=100)
    do_here(job)
    job = done(job)
    assert (job.done, job.total, job.seed) == (3, 3, 42)
    assert job.result["study_digest"] == small().digest()
    assert job.result["table"][0]["group"] == "all"
    names = {path.name for path in study_folder(job).iterdir()}
    assert names == {"patients.parquet", "table.csv", "table.md", "manifest.json", "figure.svg"}


def test_equal_studies_that_wait_are_one():
    assert request_study(small(), asked_by="a") == request_study(small(), asked_by="b")
    assert request_study(small(seed=1), asked_by="a") != request_study(small(), asked_by="a")


def test_lanes_make_way_after_each_slice_and_walk_through_all_chunks(
    sent: list[tuple], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cohort, "SLICE_SECONDS", -1.0)
    job = request_study(small(), asked_by="system", chunk=10)
    cohort.run(str(job.pk))
    assert len(sent) == cohort.LANES
    handled = 0
    while sent:
        name, job_id, number = sent.pop(0)
        assert name == "twins.jobs.cohort.lane"
        assert len(sent) < cohort.LANES
        cohort.lane(job_id, number)
        handled += 1
    assert handled == 30
    assert done(job).result["result_digest"] == digest_of(300)


def test_a_chunk_that_comes_twice_is_stored_once(sent: list[tuple]):
    job = request_study(small(), asked_by="system", chunk=100)
    job = start(str(job.pk))
    assert do_chunk(job, 1)
    assert do_chunk(job, 1)
    job.refresh_from_db()
    assert (job.done, job.chunks.count()) == (1, 1)


def test_a_cancelled_study_computes_nothing_more_and_is_resumed_from_its_chunks(sent: list[tuple]):
    job = request_study(small(), asked_by="system", chunk=100)
    job = start(str(job.pk))
    do_chunk(job, 0)
    assert cancel(job, asked_by="user-1")
    assert not do_chunk(job, 1)
    assert not cancel(job, asked_by="user-1")
    first = JobChunk.objects.get(job=job).finished_at
    assert resume(job, asked_by="user-1")
    assert not resume(job, asked_by="user-1")
    do_here(job)
    assert done(job).result["result_digest"] == digest_of(300)
    assert job.chunks.get(number=0).finished_at == first


def test_a_resumed_study_forgets_chunks_of_other_code():
    job = request_study(small(), asked_by="system", chunk=100)
    job = start(str(job.pk))
    do_chunk(job, 0)
    cancel(job, asked_by="user-1")
    Job.objects.filter(pk=job.pk).update(code_version="0.0.9+older")
    resume(job, asked_by="user-1")
    assert missing_chunks(start(str(job.pk))) == [0, 1, 2]


def test_a_study_that_fell_silent_goes_on_with_what_is_missing(sent: list[tuple]):
    job = request_study(small(), asked_by="system", chunk=100)
    job = start(str(job.pk))
    do_chunk(job, 1)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    cohort.run(str(job.pk))
    assert sent == [("twins.jobs.cohort.lane", str(job.pk), number) for number in (0, 2)]
    do_chunk(job, 0)
    job.refresh_from_db()
    assert job.attempts == 0


def test_a_worker_lost_while_the_files_were_written_is_made_up_for(sent: list[tuple]):
    job = request_study(small(), asked_by="system", chunk=300)
    job = start(str(job.pk))
    do_chunk(job, 0)
    Job.objects.update(state=JobState.QUEUED)
    cohort.run(str(job.pk))
    assert not sent
    done(job)


def test_two_workers_that_finish_at_once_do_no_harm():
    job = request_study(small(), asked_by="system", chunk=300)
    job = start(str(job.pk))
    do_chunk(job, 0)
    finish(job)
    first = done(job).finished_at
    finish(job)
    assert done(job).finished_at == first


def test_a_chunk_that_was_changed_is_found():
    job = request_study(small(), asked_by="system", chunk=300)
    job = start(str(job.pk))
    do_chunk(job, 0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_jobchunk SET content = %s", [b"\0" * len(job.chunks.get().content)])
    finish(job)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "chunk 1 of 1 was changed after it was stored" in job.error
    resume(job, asked_by="user-1")
    do_here(job)
    assert done(job).result["result_digest"] == digest_of(300)


def test_a_model_that_has_changed_fails_with_its_sentence():
    job = request_study(small(), asked_by="system", chunk=300)
    job.parameters["spec"]["model_version"] = "0.9"
    job.save()
    do_here(job)
    job.refresh_from_db()
    assert (job.state, job.error) == (
        JobState.FAILED,
        "Chunk 1 of 1: the study names version 0.9 of vancomycin-goti-2018, which is now 1; start the study again",
    )


def test_a_patient_beyond_the_models_equations_fails_with_its_sentence():
    clearance = {"distribution": "fixed", "value": 0.5, "assumed": "x"}
    weight = {"distribution": "fixed", "value": 70, "assumed": "x"}
    spec = small(
        model="vancomycin-thomson-2009",
        covariates={"creatinine_clearance_ml_per_min": clearance, "weight_kg": weight},
    )
    job = request_study(spec, asked_by="system")
    do_here(job)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "its equations do not reach this patient" in job.error

"""``manage.py study run|status|cancel|resume``: studies of virtual patients from the command line."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from twins.cohorts.read import StudyError, read
from twins.cohorts.study import StudySpec
from twins.jobs.cohort import cancel, do_here, request_study, resume
from twins.jobs.publish import study_folder
from twins.records.models import Job, JobKind, JobState
from twins.records.models.job import OPEN_STATES

_POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = "Run a study of virtual patients, ask how it is getting on, cancel it or resume it."
    requires_system_checks = ()  # they load every page, which takes longer than the command

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="run|status|cancel|resume")
        run = verbs.add_parser("run", help="queue the study written in FILE (JSON or TOML)")
        run.add_argument("file", type=Path, metavar="FILE")
        run.add_argument("--wait", action="store_true", help="show the progress until it is over")
        run.add_argument("--here", action="store_true", help="compute in this process, without a worker")
        run.add_argument("--chunk", type=int, help="virtual patients in a chunk (default: by how long the model takes)")
        status = verbs.add_parser("status", help="say how a study is getting on; without ID, the last ten")
        status.add_argument("id", type=UUID, nargs="?", metavar="ID")
        for verb, what in (("cancel", "stop a study, keeping its chunks"), ("resume", "go on with a study")):
            parser = verbs.add_parser(verb, help=what)
            parser.add_argument("id", type=UUID, metavar="ID")

    def handle(self, *, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    def _run(self, *, file: Path, wait: bool, here: bool, chunk: int | None, **_: Any) -> None:
        spec = _read(file)
        if chunk is not None and chunk < 1:
            raise CommandError(f"--chunk is {chunk}; give 1 or more")
        job = request_study(spec, asked_by="system", chunk=chunk, announce=not here)
        self.stdout.write(f"Study {job.pk}: {spec.title}")
        if here:
            do_here(job)
            job.refresh_from_db()
            self._end(job)
        elif wait:
            self._wait(job)
        else:
            self.stdout.write(f"Queued. Ask with: manage.py study status {job.pk}")

    def _status(self, *, id: UUID | None, **_: Any) -> None:
        if id is not None:
            self._end(_job(id))
            return
        for job in Job.objects.filter(kind=JobKind.STUDY).order_by("-enqueued_at")[:10]:
            self.stdout.write(f"{job.pk}  {job.state:<9}  {job.done}/{job.total}  {_spec(job).title}")

    def _cancel(self, *, id: UUID, **_: Any) -> None:
        job = _job(id)
        if not cancel(job, asked_by="system"):
            raise CommandError(f"study {id} is {job.state}; only a queued or running one can be cancelled")
        self.stdout.write(f"Cancelled with {job.done} of {job.total} chunks done.")

    def _resume(self, *, id: UUID, **_: Any) -> None:
        job = _job(id)
        if not resume(job, asked_by="system"):
            job.refresh_from_db()
            raise CommandError(
                f"study {id} is {job.state}; only a cancelled or failed one, that is not queued again, can be resumed"
            )
        self.stdout.write(f"Queued again with {job.done} of {job.total} chunks done.")

    def _wait(self, job: Job) -> None:
        shown = -1
        while job.state in OPEN_STATES:
            if job.done != shown:
                shown = job.done
                self.stdout.write(f"{job.state}: {job.done} of {job.total} chunks")
            time.sleep(_POLL_SECONDS)
            job.refresh_from_db()
        self._end(job)

    def _end(self, job: Job) -> None:
        self.stdout.write(f"{job.state}: {job.done} of {job.total} chunks")
        if job.state == JobState.FAILED:
            raise CommandError(job.error)
        if job.state != JobState.DONE:
            return
        folder = study_folder(job)
        self.stdout.write(f"Study digest  {job.result['study_digest']}")
        self.stdout.write(f"Result digest {job.result['result_digest']}")
        self.stdout.write(f"Files in {folder}")
        self.stdout.write((folder / "table.md").read_text(encoding="utf-8"))


def _read(file: Path) -> StudySpec:
    kind = file.suffix.lstrip(".").lower()
    if kind not in ("json", "toml"):
        raise CommandError(f"{file} ends in neither .json nor .toml; a study is written in one of them")
    try:
        return read(file.read_text(encoding="utf-8"), kind=kind)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text: {error.reason}") from error
    except StudyError as error:
        raise CommandError("\n".join([f"{file} is not a study that can be run:", *error.mistakes])) from error


def _job(key: UUID) -> Job:
    job = Job.objects.filter(pk=key, kind=JobKind.STUDY).first()
    if job is None:
        raise CommandError(f"no study has the id {key}; manage.py study status lists them")
    return job


def _spec(job: Job) -> StudySpec:
    return StudySpec.from_json(job.parameters["spec"])

"""Studies of virtual patients: the list, the form, progress, result, files. No patient is ever shown here."""

import secrets
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action
from clinic.research.drawing import FIGURE
from clinic.research.figure import study_figure
from clinic.research.form import StudyForm
from clinic.research.shown import ShownStudy, rows_of
from twins.cohorts.read import StudyError
from twins.cohorts.study import StudySpec
from twins.jobs.cohort import cancel, request_study, resume
from twins.jobs.publish import study_folder
from twins.pharmacology import formulary
from twins.records.models import Job, JobKind

_MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_SHOWN = 100
_SEEDS = 2**31


@page(Permission.STUDY_VIEW)
@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    """The last studies, newest first."""
    jobs = Job.objects.filter(kind=JobKind.STUDY).order_by("-enqueued_at")[:_SHOWN]
    return render(request, "research/studies.html", {"section": "studies", "studies": [ShownStudy.of(j) for j in jobs]})


@page(Permission.STUDY_RUN)
@require_http_methods(["GET", "HEAD", "POST"])
def new_study(request: HttpRequest) -> HttpResponse:
    """The form; what it is sent becomes a job, or comes back with every mistake named."""
    mistakes: tuple[str, ...] = ()
    form = StudyForm.empty(secrets.randbelow(_SEEDS))
    if request.method == "POST":
        form = StudyForm.posted(request.POST.dict())
        try:
            spec = form.study()
        except StudyError as error:
            mistakes = error.mistakes
        else:
            with transaction.atomic():
                job = request_study(spec, asked_by=request.actor.key)
                _record(request, "study.run", job)
            return redirect("study", job.pk)
    models = [formulary.model(model_id) for model_id in formulary.model_ids()]
    content = {"section": "studies", "form": form, "mistakes": mistakes, "models": models}
    return render(request, "research/new_study.html", content, status=400 if mistakes else 200)


@page(Permission.STUDY_VIEW)
@require_safe
def study(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One study: its progress while it runs (asked for again by htmx), its table and figure when it is done."""
    job = _study(job_id)
    content = {"section": "studies", "study": ShownStudy.of(job)}
    if request.htmx:
        answer = render(request, "research/progress.html", content)
        if not content["study"].open:
            answer["HX-Refresh"] = "true"
        return answer
    if content["study"].done:
        shown = content["study"]
        target, rows = shown.target, shown.rows(rows_of(job))
        wide, narrow = (
            # Built from escaped elements by clinic.charts.svg.
            mark_safe(study_figure(rows, target, prefix=prefix, width=width))  # noqa: S308
            for prefix, width in (("study", 900.0), ("study-narrow", 380.0))
        )
        content |= {"rows": rows, "wide": wide, "narrow": narrow, "files": _files(job)}
    return render(request, "research/study.html", content)


@page(Permission.STUDY_RUN)
@require_POST
def cancel_study(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Stop it; chunks that are done are kept."""
    job = _study(job_id)
    with transaction.atomic():
        if cancel(job, asked_by=request.actor.key):
            _record(request, "study.cancel", job)
    return redirect("study", job.pk)


@page(Permission.STUDY_RUN)
@require_POST
def resume_study(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Go on from the chunks that are done."""
    job = _study(job_id)
    with transaction.atomic():
        if resume(job, asked_by=request.actor.key):
            _record(request, "study.resume", job)
    return redirect("study", job.pk)


@page(Permission.STUDY_VIEW)
@require_safe
def study_file(_request: HttpRequest, job_id: UUID, name: str) -> FileResponse:
    """One file of a finished study, as a download."""
    job = _study(job_id)
    if name not in _files(job):
        raise Http404("This study has no such file.")
    path = study_folder(job) / name
    if not path.is_file():
        raise Http404("The file is not on this machine; run the study again.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=_MEDIA[Path(name).suffix])


def _study(job_id: UUID) -> Job:
    return get_object_or_404(Job, pk=job_id, kind=JobKind.STUDY)


def _files(job: Job) -> list[str]:
    """Names of the files, those that hold numbers first."""
    return [*job.result["files"], FIGURE] if job.result.get("files") else []


def _record(request: HttpRequest, activity: str, job: Job) -> None:
    record(
        by=request.actor,
        action=Action.EXECUTE,
        activity=activity,
        entity_type="Job",
        entity_id=job.pk,
        entity_version=StudySpec.from_json(job.parameters["spec"]).digest(),
        purpose="HRESCH",
    )

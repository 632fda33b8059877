"""Ask for other plans, and wait for their comparison."""

from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clinic.access.actor import key_of
from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action
from clinic.charts.words import plan_title
from clinic.comparisons.ask import AskForm, Frame
from twins.estimation.fit import FitOutcome
from twins.jobs.comparison import request_comparison
from twins.pharmacology.regimen import Plan, current_plan
from twins.records.house import drug_here
from twins.records.models import Job, JobKind, JobState, TwinVersion
from twins.records.twins import course_of, latest

DRUG = "vancomycin"


@page(Permission.COMPARISON_ASK)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """The form, and what becomes of it."""
    patient = patient_for(request, subject_key)
    version = latest(patient.subject, DRUG)
    content = {"section": "worklist", "patient": patient, "version": version, "cannot": _cannot(version)}
    if content["cannot"]:
        return render(request, "comparisons/ask.html", content, status=409 if request.method == "POST" else 200)
    course = course_of(version)
    drug = drug_here(DRUG)
    current = current_plan(course) or Plan("No further doses", None)
    form = AskForm(
        current,
        Frame(course.start, course.until_h, drug.practice),
        timezone.now(),
        request.POST if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        plans = form.plans()
        if len(plans) > 1:
            with transaction.atomic():
                job = request_comparison(version, plans, asked_by=key_of(request.user))
                record(
                    by=request.actor,
                    action=Action.EXECUTE,
                    activity="comparison.ask",
                    subject_key=patient.pk,
                    entity_type="TwinVersion",
                    entity_id=version.pk,
                    entity_version=version.digest,
                    detail={"job": str(job.pk), "plans": len(plans)},
                )
            return redirect("comparison-wait", patient.pk, job.pk)
        form.problem = "What you entered is the current plan; enter another dose, interval, infusion time or start."
    content |= {"form": form, "practice": drug.practice}
    return render(request, "comparisons/ask.html", content, status=422 if request.method == "POST" else 200)


@page(Permission.COMPARISON_ASK)
@require_safe
def wait(request: HttpRequest, subject_key: UUID, job_id: UUID) -> HttpResponse:
    """The waiting page; polled until the comparison exists, then it leads there."""
    patient = patient_for(request, subject_key)
    job = get_object_or_404(Job, pk=job_id, kind=JobKind.COMPARISON)
    version = TwinVersion.objects.filter(pk=job.parameters.get("version")).only("subject_id").first()
    if version is None or version.subject_id != patient.pk:
        raise Http404("This is not a comparison of this patient.")
    if job.state == JobState.DONE and "comparison" in job.result:
        target = reverse("comparison", args=[job.result["comparison"]])
        if request.htmx:
            response = HttpResponse(status=200)
            response["HX-Redirect"] = target
            return response
        return redirect(target)
    waiting = job.state in (JobState.QUEUED, JobState.RUNNING)
    if request.htmx:
        response = HttpResponse(status=204)
        if not waiting:
            response = HttpResponse(status=200)
            response["HX-Refresh"] = "true"
        return response
    plans = [plan_title(Plan.from_json(plan)) for plan in job.parameters["plans"]]
    content = {"section": "worklist", "patient": patient, "job": job, "waiting": waiting, "plans": plans}
    return render(request, "comparisons/wait.html", content)


def _cannot(version: TwinVersion | None) -> str:
    """Why no plan can be compared, or nothing."""
    if version is None:
        return "There is no twin yet; a twin is made from the first order, dose or level."
    if version.outcome not in (FitOutcome.FITTED.name, FitOutcome.PRIOR_ONLY.name):
        return version.fit.get("reason") or FitOutcome[version.outcome].value
    return ""

"""Build plans, see at once what they give, ask for their comparison, and wait for it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from clinic.access.actor import key_of
from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.pace import PREVIEWS, WINDOW, too_many
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action
from clinic.charts.shown_levels import ShownLevels
from clinic.charts.twin_facts import STALE_AFTER
from clinic.charts.words import plan_title
from clinic.comparisons.ask import AskForm, Frame
from clinic.comparisons.assumed import Assumed
from clinic.comparisons.entered import Entered, Models, Row, again, row_of
from clinic.comparisons.left_out import left_out_levels
from clinic.comparisons.pending import update_pending
from clinic.comparisons.preview import preview as preview_of
from clinic.comparisons.proposals import proposals
from clinic.comparisons.several import other_standings
from clinic.patients.models import Patient
from clinic.twin_words.said import said
from twins.forecasts.optimise import way_in
from twins.jobs.comparison import request_comparison
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan
from twins.records.courses import drugs_on_record
from twins.records.followed import stopped, usual_drug
from twins.records.kept import why_none
from twins.records.models import Job, JobKind, JobState, TwinVersion
from twins.records.standing import Standing, standing
from twins.records.twins import course_of, latest

NO_TWIN = gettext_lazy("There is no twin yet; a twin is made from the first order, dose or level.")
TOO_FAST = gettext_lazy("You had very many plans computed within a minute. Wait a moment, then compute again.")


@dataclass(frozen=True, slots=True)
class Bench:
    """The newest twin of a patient; `cannot` says why no plan can be tried on it."""

    patient: Patient
    standing: Standing | None
    cannot: str

    @classmethod
    def open(cls, request: HttpRequest, subject_key: UUID) -> "Bench":
        """After the reader's right to the patient was checked, and which twin is shown was said."""
        patient = patient_for(request, subject_key)
        given = request.POST if request.method == "POST" else request.GET
        if given.get("drug", "") in stopped():
            return cls(patient, None, said(why_none(given["drug"])))
        drug = Entered.of(given).drug or (*drugs_on_record(patient.subject), usual_drug())[0]
        version = latest(patient.subject, drug)
        if version is None:
            return cls(patient, None, str(NO_TWIN))
        found = standing(version)
        _disclose(request, patient, found)
        return cls(patient, found, said(ShownLevels.of(found.drug).sentence(found.cannot)))

    def form(self, entered: Entered) -> AskForm:
        known = self.standing
        if known is None:
            raise Http404(self.cannot)
        route = way_in(known.model, known.course, known.current)
        frame = Frame(known.course.start, known.course.until_h, known.drug.practice, route)
        return AskForm(known.current, frame, timezone.now(), entered)


@page(Permission.COMPARISON_ASK)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """The builder; its buttons lead to its address with other plans in it, and the last one asks for the comparison."""
    bench = Bench.open(request, subject_key)
    if bench.standing is None or bench.cannot:
        content = {"section": "worklist", "patient": bench.patient, "cannot": bench.cannot}
        return render(request, "comparisons/ask.html", content, status=409 if request.method == "POST" else 200)
    entered = Entered.of(request.POST if request.method == "POST" else request.GET)
    form = bench.form(entered)
    status = 200
    if request.method == "POST":
        if "do" in request.POST:
            changed = entered.after(request.POST["do"], given=_given(bench.standing, request.POST["do"]))
            return redirect(_address(bench.patient, changed))
        moved, status = _moved(request.POST, bench.standing.version), 422
        if moved:
            form.problem, status = f"{moved} {_('The plans are computed on it below; look again, then save.')}", 409
        elif form.is_valid():
            plans = form.plans()
            if len(plans) > 1:
                job = _requested(request, bench, plans, entered.models)
                return redirect("comparison-wait", bench.patient.pk, job.pk)
            form.problem = _(
                "What you entered is the current plan; enter another dose, interval, infusion time or start."
            )
    content, computed = _computed(request, bench, form, entered)
    content |= {
        "section": "worklist",
        "patient": bench.patient,
        "version": bench.standing.version,
        "practice": bench.standing.drug.practice,
        "drug": bench.standing.drug,
        "target": ShownLevels.of(bench.standing.drug).target(bench.standing.drug.target),
        "page": Assumed.of_standing(bench.standing),
        "proposals": proposals(bench.standing),
        "entered": entered,
        "updating": update_pending(bench.standing.version),
        "stale": timezone.now() - bench.standing.version.data_until > STALE_AFTER,
    }
    return render(request, "comparisons/ask.html", content, status=status if computed else 429)


@page(Permission.COMPARISON_ASK)
@require_safe
def preview(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """What the entered plans give, for the page that is open already; whoever opens it alone is led to the whole."""
    entered = Entered.of(request.GET)
    bench = Bench.open(request, subject_key)
    address = _address(bench.patient, entered)
    if not request.htmx:
        return redirect(address)
    if bench.standing is None or bench.cannot:
        response = HttpResponse(status=200)
        response["HX-Refresh"] = "true"  # the page itself says what it is that cannot be
        return response
    content, computed = _computed(request, bench, bench.form(entered), entered)
    content |= {"moved": _moved(request.GET, bench.standing.version), "address": address}
    response = render(request, "comparisons/preview.html", content, status=200 if computed else 429)
    response["HX-Replace-Url"] = address
    if not computed:
        response["Retry-After"] = str(int(WINDOW.total_seconds()))
    return response


@page(Permission.COMPARISON_ASK)
@require_safe
def wait(request: HttpRequest, subject_key: UUID, job_id: UUID) -> HttpResponse:
    """The waiting page; polled until the comparison exists, then it leads there."""
    patient = patient_for(request, subject_key)
    job = get_object_or_404(Job, pk=job_id, kind=JobKind.COMPARISON)
    version = TwinVersion.objects.filter(pk=job.parameters.get("version")).only("subject_id", "drug").first()
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
    plans = [Plan.from_json(plan) for plan in job.parameters["plans"]]
    averaged = bool(job.parameters.get("others"))
    content = {
        "section": "worklist",
        "patient": patient,
        "job": job,
        "waiting": waiting,
        "why": ShownLevels.of(version.drug).sentence(job.error),
        "plans": [plan_title(plan) for plan in plans],
        "again": "" if waiting else _address(patient, again(plans, course_of(version), averaged=averaged)),
    }
    return render(request, "comparisons/wait.html", content)


def _computed(request: HttpRequest, bench: Bench, form: AskForm, entered: Entered) -> tuple[dict[str, Any], bool]:
    """What the preview shows, and whether it was computed or the person has had too many."""
    content: dict[str, Any] = {"form": form, "entered": entered, "problems": form.problems(), "patient": bench.patient}
    known = bench.standing
    if known is None:
        return content, False
    content |= {"version": known.version, "model": known.model, "now": timezone.now()}
    if too_many(request.actor, timezone.now(), PREVIEWS):
        return content | {"too_fast": TOO_FAST}, False
    others = other_standings(known) if entered.models is not Models.FIRST else ()
    for other in others:
        _disclose(request, bench.patient, other)
    content["preview"] = preview_of(
        known,
        others,
        form.ready(),
        models=entered.models,
        why=entered.why,
        left_out=left_out_levels(ShownLevels.of(known.drug).course(known.course), bench.patient.subject),
    )
    return content, True


def _moved(data: QueryDict, version: TwinVersion) -> str:
    """That another twin answers than the one whose page is open, or nothing.

    `seen` is the number that page shows, `by` the model.
    """
    if data.get("by", version.model_id) != version.model_id:
        title = formulary.model(version.model_id).title
        return _("Since this page was opened the drug is followed by another model, {model}.").format(model=title)
    seen = data.get("seen", "")
    if seen in ("", str(version.number)):
        return ""
    return _("New data came in since this page was opened; the twin is version {number} now.").format(
        number=version.number
    )


def _requested(request: HttpRequest, bench: Bench, plans: tuple[Plan, ...], wanted: Models) -> Job:
    version = bench.standing.version
    others = [each.version for each in other_standings(bench.standing)] if wanted is Models.AVERAGED else []
    for other in others:
        disclose(request, bench.patient.pk, entity_type="TwinVersion", entity_id=other.pk, entity_version=other.digest)
    models = [each.model_id for each in (version, *others)]
    with transaction.atomic():
        job = request_comparison(version, plans, asked_by=key_of(request.user), others=others)
        record(
            by=request.actor,
            action=Action.EXECUTE,
            activity="comparison.ask",
            subject_key=bench.patient.pk,
            entity_type="TwinVersion",
            entity_id=version.pk,
            entity_version=version.digest,
            detail={"job": str(job.pk), "plans": len(plans), "models": models},
        )
    return job


def _given(known: Standing, button: str) -> dict[str, Row]:
    """What a button takes its row from: the current plan, or a proposal."""
    plans = {"current": known.current}
    if button.startswith("take-p"):
        plans |= {item.name: item.proposal.plan for item in proposals(known)}
    rows = {name: row_of(plan, known.course) for name, plan in plans.items()}
    return {name: row for name, row in rows.items() if row is not None}


def _address(patient: Patient, entered: Entered) -> str:
    return reverse("comparison-new", args=[patient.pk]) + entered.query()


def _disclose(request: HttpRequest, patient: Patient, known: Standing) -> None:
    version = known.version
    disclose(request, patient.pk, entity_type="TwinVersion", entity_id=version.pk, entity_version=version.digest)

"""The pages of emergency access: opening a patient and ending it, and the review queue."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import break_glass as verbs
from clinic.access.actor import key_of
from clinic.access.disclosure import disclose
from clinic.access.emergency import form as form_of
from clinic.access.gate import page
from clinic.access.permissions import BREAK_THE_GLASS
from clinic.access.roles import Permission
from clinic.access.wristband import TooManyMissesError, WristbandError
from clinic.access.wristband_form import WristbandForm
from clinic.audit.models import AuditEvent
from clinic.patients.models import Opening, Patient
from clinic.patients.opening import running

_A_PAGE = 50
_LONGEST_KEY = 10**18


@page(Permission.GLASS_BREAK)
@require_http_methods(["GET", "HEAD", "POST"])
def by_number(request: HttpRequest) -> HttpResponse:
    """Open a patient by record number; and the openings that run."""
    form = WristbandForm(request.POST if request.method == "POST" else None)
    problem, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                emergency, reason = request.POST.get("emergency", ""), request.POST.get("reason", "")
                verbs.stated(emergency, reason)
                patient = verbs.find(**form.cleaned_data, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
                return _opened(request, patient, emergency, reason, "")
            except (verbs.GlassError, WristbandError) as error:
                problem = str(error)
                status = 429 if isinstance(error, TooManyMissesError) else 422
    mine = list(running(request.user).select_related("patient"))
    disclose(request, *(opening.patient_id for opening in mine))
    if mine:
        _say_why(request)
    content = {
        "section": "emergency",
        "form": form,
        "problem": problem,
        "mine": mine,
        **form_of(request),
    }
    return render(request, "access/break_glass.html", content, status=status)


@page(Permission.GLASS_BREAK)
@require_POST
def by_link(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """Open the patient whose page was refused, and go on to that page."""
    patient = Patient.objects.filter(pk=subject_key).first()
    if patient is None:
        raise Http404("No patient has this key.")
    goes_on = request.POST.get("next", "")
    try:
        return _opened(request, patient, request.POST.get("emergency", ""), request.POST.get("reason", ""), goes_on)
    except verbs.GlassError as error:
        disclose(request)  # nothing of the patient is on the page
        content = {"subject_key": subject_key, "next": goes_on, "problem": str(error), **form_of(request)}
        return render(request, "access/closed_patient.html", content, status=422)


@page(Permission.GLASS_BREAK)
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an opening of one's own, from its banner."""
    found = get_object_or_404(Opening, pk=_key(pk), person=request.user.pk)
    verbs.end(opening=found, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
    disclose(request, found.patient_id)
    return redirect("break-glass")


@page(Permission.GLASS_REVIEW)
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """The openings that wait for a review, the oldest first; below them those reviewed last."""
    found = Opening.objects.select_related("person", "reviewer")
    waiting = list(found.filter(reviewed__isnull=True).order_by("begun")[: _A_PAGE + 1])
    done = list(found.filter(reviewed__isnull=False).order_by("-reviewed")[:_A_PAGE])
    disclose(request, *(opening.patient_id for opening in (*waiting[:_A_PAGE], *done)))
    content = {
        "section": "reviews",
        "waiting": waiting[:_A_PAGE],
        "more": len(waiting) > _A_PAGE,
        "done": done,
        "now": timezone.now(),
        "often": _often(),
    }
    return render(request, "access/reviews.html", content)


@page(Permission.GLASS_REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One opening with all that was done under it, and the form that judges it or ends it."""
    found = get_object_or_404(Opening.objects.select_related("person", "reviewer"), pk=_key(pk))
    disclose(request, found.patient_id, entity_type="Opening", entity_id=found.pk)
    problem = ""
    if request.method == "POST":
        try:
            _judged(request, found)
        except verbs.GlassError as error:
            problem = str(error)
        else:
            return (
                redirect("break-glass-review", found.pk) if "end" in request.POST else redirect("break-glass-reviews")
            )
    events = _under(found)
    content = {
        "section": "reviews",
        "opening": found,
        "events": events[:_A_PAGE],
        "count": events.count(),
        "history": _history(found),
        "is_running": found.over > timezone.now(),
        "is_own": found.person_id == request.user.pk,
        "problem": problem,
        "note": request.POST.get("note", ""),
        "verdict": request.POST.get("verdict", ""),
        "note_limit": verbs.NOTE_LIMIT,
    }
    return render(request, "access/review.html", content, status=422 if problem else 200)


def _opened(request: HttpRequest, patient: Patient, emergency: str, reason: str, goes_on: str) -> HttpResponse:
    opening = verbs.break_glass(
        patient=patient,
        emergency=emergency,
        reason=reason,
        by=request.user,
        actor=request.actor,  # type: ignore[attr-defined]
    )
    if opening is not None:
        _say_why(request)
    disclose(request, patient.pk)
    here = url_has_allowed_host_and_scheme(goes_on, {request.get_host()}, require_https=request.is_secure())
    if here and goes_on.startswith("/"):  # anything else `redirect` would take for the name of a view
        return redirect(goes_on)
    return redirect(reverse("patient", args=[patient.pk]))


def _say_why(request: HttpRequest) -> None:
    """Have all that the request does from here on recorded as emergency access."""
    request.actor = replace(request.actor, purpose=BREAK_THE_GLASS)  # type: ignore[attr-defined]


def _judged(request: HttpRequest, opening: Opening) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    if "end" in request.POST:
        verbs.end(opening=opening, by=request.user, actor=actor)
        return
    verdict = request.POST.get("verdict", "")
    if verdict not in ("justified", "unjustified"):
        raise verbs.ReviewError(_("Choose whether the emergency access was justified."))
    verbs.review(
        opening=opening,
        justified=verdict == "justified",
        note=request.POST.get("note", ""),
        by=request.user,
        actor=actor,
    )


def _under(opening: Opening) -> QuerySet[AuditEvent]:
    """What the person did with the patient's data while it was open."""
    return AuditEvent.objects.filter(
        actor=key_of(opening.person),
        subject_key=str(opening.patient_id),
        recorded__gte=opening.begun,
        recorded__lte=opening.over,
    ).order_by("sequence")


def _history(opening: Opening) -> str:
    """The address of the patient's access history from the beginning of the opening."""
    query = urlencode({"actor": key_of(opening.person), "since": opening.begun.strftime("%Y-%m-%dT%H:%M+00:00")})
    return f"{reverse('audit-history', args=[opening.patient_id])}?{query}"


def _often() -> Any:
    """Who opened patients how often in the last thirty days, the most often first."""
    since = timezone.now() - timedelta(days=30)
    counted = Opening.objects.filter(begun__gte=since).values("person__username")
    return counted.annotate(times=Count("pk"), unjustified=Count("pk", filter=Q(justified=False))).order_by(
        "-times", "person__username"
    )[:10]


def _key(pk: int) -> int:
    """No key is longer than 18 digits, and a longer one is no number for SQLite."""
    return pk if pk < _LONGEST_KEY else 0

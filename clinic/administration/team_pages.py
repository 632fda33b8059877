"""The pages of care teams: members, sources, and single patients by their record number. No patient is listed."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.access.wristband import TooManyMissesError, WristbandError, find
from clinic.access.wristband_form import WristbandForm
from clinic.administration import posted
from clinic.administration import team as verbs
from clinic.administration.refusal import AdministrationError
from clinic.patients.models import CareTeam


@page(Permission.CARE_TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: HttpRequest) -> HttpResponse:
    """All care teams, and the form for another."""
    problem = ""
    if request.method == "POST":
        try:
            made = verbs.make(
                name=request.POST.get("name", ""),
                sources=request.POST.get("sources", "").split(),
                by=request.user,
                actor=request.actor,  # type: ignore[attr-defined]
            )
            return redirect("team", made.pk)
        except AdministrationError as error:
            problem = str(error)
    found = CareTeam.objects.annotate(
        member_count=Count("members", distinct=True), patient_count=Count("patients", distinct=True)
    )
    content = {
        "section": "teams",
        "teams": found.order_by("name"),
        "problem": problem,
        "name": request.POST.get("name", ""),
        "sources": request.POST.get("sources", ""),
    }
    return render(request, "administration/teams.html", content, status=422 if problem else 200)


@page(Permission.CARE_TEAM_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """One care team; what is sent replaces its name, members and sources."""
    found = _team(pk)
    if request.method != "POST":
        return _shown(request, found)
    try:
        changed = verbs.change(
            team=found,
            name=request.POST.get("name", ""),
            sources=request.POST.get("sources", "").split(),
            members=posted.people(request, "member"),
            by=request.user,
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except AdministrationError as error:
        return _shown(request, found, problem=str(error))
    return _shown(request, _team(pk), done=_("Changed.") if changed else _("Nothing was changed."))


@page(Permission.CARE_TEAM_MANAGE)
@require_POST
def patients(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one patient in, or let one go (`go`), found by what stands on the wristband."""
    found = _team(pk)
    form = WristbandForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, form=form)
    go = "go" in request.POST
    try:
        patient = find(**form.cleaned_data, actor=request.actor)  # type: ignore[attr-defined]
        disclose(request, patient.pk, entity_type="CareTeam", entity_id=found.pk)
        verb = verbs.let_go if go else verbs.take_in
        verb(team=found, patient=patient, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
    except (AdministrationError, WristbandError) as error:
        status = 429 if isinstance(error, TooManyMissesError) else 422
        return _shown(request, found, form=form, problem=str(error), status=status)
    number = form.cleaned_data["record_number"].strip()
    done = (
        _("The patient with the record number %(number)s is no longer in the care team.")
        if go
        else _("The patient with the record number %(number)s is now in the care team.")
    )
    return _shown(request, found, done=done % {"number": number})


def _team(pk: int) -> CareTeam:
    return get_object_or_404(CareTeam, pk=posted.key(pk))


def _shown(
    request: HttpRequest,
    found: CareTeam,
    *,
    form: WristbandForm | None = None,
    problem: str = "",
    done: str = "",
    status: int = 422,
) -> HttpResponse:
    members = set(found.members.values_list("pk", flat=True))
    people: Any = get_user_model().objects.filter(is_active=True) | get_user_model().objects.filter(pk__in=members)
    content = {
        "section": "teams",
        "team": found,
        "people": [
            (one, one.pk in members) for one in people.distinct().order_by("last_name", "first_name", "username")
        ],
        "patient_count": found.patients.count(),
        "form": form or WristbandForm(),
        "problem": problem,
        "done": done,
    }
    bad = problem or (form is not None and form.errors)
    return render(request, "administration/team.html", content, status=status if bad else 200)

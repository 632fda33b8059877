"""The page of restrictions: whom patients wished to be closed to, by record number and without names."""

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.access.wristband import TooManyMissesError, WristbandError, find
from clinic.access.wristband_form import WristbandForm
from clinic.administration import posted
from clinic.administration import restriction as verbs
from clinic.administration.refusal import AdministrationError
from clinic.patients.models import CareTeam, Hidden, Restriction

SHOWN = 200


@page(Permission.RESTRICTION_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def restrictions(request: HttpRequest) -> HttpResponse:
    """Those that were not lifted, and the form for another."""
    if request.method != "POST":
        return _shown(request)
    form = WristbandForm(request.POST)
    if not form.is_valid():
        return _shown(request, form, status=422)
    try:
        begins = posted.moment(request, "begins", _("The beginning"))
        ends = posted.moment(request, "ends", _("The end"))
        team, person = posted.teams(request), posted.people(request, "person")
        patient = find(**form.cleaned_data, actor=request.actor)  # type: ignore[attr-defined]
        disclose(request, patient.pk)  # whatever becomes of it: who asks learns that the number is somebody's here
        verbs.restrict(
            patient=patient,
            hidden_from=request.POST.get("hidden_from", ""),
            team=team[0] if team else None,
            person=person[0] if person else None,
            begins=begins,
            ends=ends,
            reason=request.POST.get("reason", ""),
            by=request.user,
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except (AdministrationError, WristbandError) as error:
        status = 429 if isinstance(error, TooManyMissesError) else 422
        return _shown(request, form, problem=str(error), status=status)
    return redirect("restrictions")


@page(Permission.RESTRICTION_MANAGE)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of them."""
    found = get_object_or_404(Restriction, pk=posted.key(pk))
    because = request.POST.get("because", "")
    try:
        verbs.lift(restriction=found, because=because, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
    except AdministrationError as error:
        return _shown(request, problem=str(error), status=422)
    return redirect("restrictions")


def _shown(
    request: HttpRequest, form: WristbandForm | None = None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    found = Restriction.objects.filter(lifted_at__isnull=True).select_related("patient", "team", "person")
    shown = list(found.order_by("-recorded_at")[:SHOWN])
    disclose(request, *(one.patient_id for one in shown))
    content = {
        "section": "restrictions",
        "restrictions": shown,
        "count": found.count(),
        "now": timezone.now(),
        "form": form or WristbandForm(),
        "problem": problem,
        "kinds": Hidden.choices,
        "teams": CareTeam.objects.order_by("name"),
        "people": get_user_model().objects.order_by("last_name", "first_name", "username"),
        "given": request.POST,
        "reason_limit": verbs.REASON_LIMIT,
    }
    return render(request, "administration/restrictions.html", content, status=status)

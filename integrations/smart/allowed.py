"""``/apps``: what a person allowed which apps, and taking it back."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import visible_patients
from clinic.access.roles import Permission
from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.smart.authorization import living, withdraw
from integrations.smart.scopes import parse


@page(Permission.APP_AUTHORIZE)
@require_safe
def apps(request: HttpRequest) -> HttpResponse:
    """Every authorization of the person that still has a token in force, the newest first."""
    found = list(living(request.user.pk).select_related("application").order_by("-created", "-pk"))
    keys = {one.subject_id for one in found if one.subject_id}
    patients = {patient.pk: patient for patient in visible_patients(request.user).filter(pk__in=keys)}
    disclose(request, *patients)
    shown = [(one, patients.get(one.subject_id), [scope.words for scope in parse(one.scope).clinical]) for one in found]
    return render(request, "smart/apps.html", {"section": "apps", "apps": shown})


@page(Permission.APP_AUTHORIZE)
@require_POST
@transaction.atomic
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """End every token of one of them."""
    one = get_object_or_404(living(request.user.pk).select_related("application"), pk=pk if pk < 10**18 else 0)
    withdraw(one)
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=Action.DELETE,
        activity="oauth.withdraw",
        subject_key=one.subject_id or "",
        entity_type="Authorization",
        entity_id=one.pk,
        detail={"client": one.application.client_id},
    )
    disclose(request)
    return redirect("apps")

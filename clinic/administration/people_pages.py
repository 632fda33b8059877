"""The pages of people: who may sign in, as what, in which care teams, and the link that lets them set a password."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission, Role
from clinic.administration import person as verbs
from clinic.administration import posted
from clinic.administration.refusal import AdministrationError
from clinic.patients.models import CareTeam

SHOWN = 200
_IN_WORDS = {
    Role.CLINICIAN: gettext_lazy("sees the patients of their care teams, compares plans and signs"),
    Role.PHARMACIST: gettext_lazy("the same, and works off the quarantine"),
    Role.RESEARCHER: gettext_lazy("runs studies on simulated patients; sees no patient"),
    Role.AUDITOR: gettext_lazy("reads the audit trail and reviews emergency accesses"),
    Role.ADMINISTRATOR: gettext_lazy("people, care teams, apps, sources; sees no patient's data"),
}


@page(Permission.PERSON_MANAGE)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, those out of service last; `find` narrows by name."""
    found = get_user_model().objects.prefetch_related("groups", "care_teams")
    for word in request.GET.get("find", "").replace("\x00", "")[:100].split():
        found = found.filter(Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word))
    shown = list(found.order_by("-is_active", "last_name", "first_name", "username")[: SHOWN + 1])
    content = {
        "section": "people",
        "people": shown[:SHOWN],
        "more": len(shown) > SHOWN,
        "shown": SHOWN,
        "find": request.GET.get("find", ""),
    }
    return render(request, "administration/people.html", content)


@page(Permission.PERSON_MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    """The form; what it is sent becomes a person, with the link to hand over."""
    problem = ""
    if request.method == "POST":
        try:
            made = verbs.make(
                username=request.POST.get("username", ""),
                given=request.POST.get("given", "").strip(),
                family=request.POST.get("family", "").strip(),
                roles=request.POST.getlist("role"),
                teams=posted.teams(request),
                by=request.user,
                actor=request.actor,  # type: ignore[attr-defined]
            )
            link = verbs.invitation(person=made, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
            return shown(request, made, link=link, status=201)
        except AdministrationError as error:
            problem = str(error)
    content = {
        "section": "people",
        "problem": problem,
        "given": request.POST.get("given", ""),
        "family": request.POST.get("family", ""),
        "username": request.POST.get("username", ""),
        **_choices(request.POST.getlist("role"), {team.pk for team in posted.teams(request)}),
    }
    return render(request, "administration/new_person.html", content, status=422 if problem else 200)


@page(Permission.PERSON_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person; what is sent replaces their roles and care teams."""
    found = _person(pk)
    if request.method != "POST":
        return shown(request, found)
    try:
        changed = verbs.change(
            person=found,
            roles=request.POST.getlist("role"),
            teams=posted.teams(request),
            by=request.user,
            actor=request.actor,  # type: ignore[attr-defined]
        )
    except AdministrationError as error:
        return shown(request, found, problem=str(error))
    return shown(request, found, done=_("Changed.") if changed else _("Nothing was changed."))


@page(Permission.PERSON_MANAGE)
@never_cache
@require_POST
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """A link to set a password, shown in the answer and never again."""
    found = _person(pk)
    try:
        link = verbs.invitation(person=found, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
    except AdministrationError as error:
        return shown(request, found, problem=str(error))
    return shown(request, found, link=link)


@page(Permission.PERSON_MANAGE)
@require_POST
def service(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of service, or into it again (`into`)."""
    found = _person(pk)
    verb = verbs.put_into_service if "into" in request.POST else verbs.put_out_of_service
    try:
        verb(person=found, by=request.user, actor=request.actor)  # type: ignore[attr-defined]
    except AdministrationError as error:
        return shown(request, found, problem=str(error))
    return redirect("person", found.pk)


def _person(pk: int) -> Any:
    return get_object_or_404(get_user_model(), pk=posted.key(pk))


def shown(
    request: HttpRequest, found: Any, *, problem: str = "", done: str = "", link: str = "", status: int = 200
) -> HttpResponse:
    """The page of one person, with what was done or what went wrong on top."""
    held = [group.name for group in found.groups.all()]
    content = {
        "section": "people",
        "person": found,
        "problem": problem,
        "done": done,
        "link": request.build_absolute_uri(link) if link else "",
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        "by_mail": bool(settings.EMAIL_HOST),
        "is_own": found.pk == request.user.pk,
        "is_system": Role.INTEGRATION in held,
        "held": held,
        **_choices(held, set(found.care_teams.values_list("pk", flat=True))),
    }
    return render(request, "administration/person.html", content, status=422 if problem else status)


def _choices(roles: list[str], teams: set[int]) -> dict[str, Any]:
    return {
        "roles": [(role.value, _IN_WORDS[role], role.value in roles) for role in verbs.OF_PEOPLE],
        "teams": [(team, team.pk in teams) for team in CareTeam.objects.order_by("name")],
    }

"""What the Gate shows of emergency access: the way in from a refused page, and the way out when the time is over."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.access.permissions import NotInCareTeamError, granted
from clinic.access.roles import Permission
from clinic.patients.models import Emergency, Opening


def form(request: HttpRequest) -> dict[str, object]:
    """What the form of an emergency access shows: the choices, and what was entered before."""
    return {
        "emergencies": Emergency.choices,
        "emergency": request.POST.get("emergency", ""),
        "reason": request.POST.get("reason", ""),
        "minutes": settings.BREAK_GLASS_MINUTES,
        "reason_limit": Opening._meta.get_field("reason").max_length,
    }


def closed_patient(request: HttpRequest, error: NotInCareTeamError) -> HttpResponse | None:
    """The 403 page that offers emergency access; None for those who may not have it."""
    if Permission.GLASS_BREAK not in granted(request.actor.roles):  # type: ignore[attr-defined]
        return None
    match = request.resolver_match
    # Only an address that names what it shows is gone back to: any other may hold what is good for once.
    goes_on = request.path if request.method == "GET" and match is not None and match.kwargs else ""
    content = {"subject_key": error.subject_key, "next": goes_on, **form(request)}
    return render(request, "access/closed_patient.html", content, status=403)


def leave_when_over(request: HttpRequest, response: HttpResponse) -> None:
    """Have the browser load the page again when the emergency access is over, so that nothing stays on the screen."""
    opening: Opening | None = getattr(request, "opening", None)
    if opening is not None and request.method == "GET" and response.status_code == 200:
        response["Refresh"] = str(max(1, int((opening.until - timezone.now()).total_seconds()) + 1))

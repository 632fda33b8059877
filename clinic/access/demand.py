"""Roles of which the site demands a second factor: until it was shown, only one's own account is open."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from clinic.access.stage import has_shown_two


def demands_a_second_factor(request: HttpRequest) -> bool:
    """Whether the person of `request` holds such a role and this session saw one factor alone."""
    demanded = set(settings.SECOND_FACTOR_ROLES).intersection(request.actor.roles)  # type: ignore[attr-defined]
    return bool(demanded) and not has_shown_two(request)


def lead_to_second_factor(request: HttpRequest) -> HttpResponse:
    """To one's own account, which says what to do; a program is told."""
    where = reverse("account")
    if getattr(request, "htmx", False):
        response = HttpResponse(status=403)
        response["HX-Redirect"] = where
        return response
    return redirect(where)

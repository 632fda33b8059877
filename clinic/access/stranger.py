"""What one who is not signed in gets: 401, with the login form where a person asks, and nothing of the page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode

from clinic.access.idle import has_ended


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """401: the login form for a browser, a redirect for htmx, JSON for a program that asks for it."""
    if getattr(request, "htmx", False):
        login = resolve_url(settings.LOGIN_URL)
        here = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
        response = HttpResponse(status=401)
        response["HX-Redirect"] = f"{login}?{urlencode({'next': here})}" if here else login
        return response
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"error": "Log in first."}, status=401)
    back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    response = render(request, "access/login.html", {"next": back, "ended": has_ended(request)}, status=401)
    response["Cache-Control"] = "no-store, private"
    return response

"""A forgotten password: who may help, and, where the site sends e-mail, a link to the address that is known here.

Whatever name is typed, the answer is the same and takes as long: a worker looks the person up and writes to them.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clinic.access import throttle
from clinic.access.gate import public
from clinic.audit.event import record
from clinic.audit.models import Action
from twins.jobs.queue import send_task


@public("who forgot their password cannot be signed in; nothing is said of any person")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Say what to do; take a user name where the site sends e-mail."""
    content = {"by_mail": bool(settings.EMAIL_HOST)}
    if request.method != "POST" or not settings.EMAIL_HOST:
        return render(request, "access/forgotten.html", content)
    name = request.POST.get("username", "")[:150].replace("\x00", "�")
    counted, address = f"forgotten\x00{name}", request.client_address  # type: ignore[attr-defined]
    if throttle.is_blocked(counted, address):
        response = render(request, "access/forgotten.html", content | {"too_often": True}, status=429)
        response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
        return response
    throttle.note_failure(counted, address)
    record(by=request.actor, action=Action.EXECUTE, activity="password.forgotten", purpose="")  # type: ignore[attr-defined]
    site = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    send_task("clinic.access.tasks.send_password_link", name, site)
    return render(request, "access/forgotten.html", content | {"sent": True, "login": reverse("login")})

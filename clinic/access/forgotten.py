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
    # Never the address that the request names: whoever asks for somebody else's link would say where it leads.
    by_mail = bool(settings.EMAIL_HOST and settings.PUBLIC_URL)
    content = {"by_mail": by_mail}
    if request.method != "POST" or not by_mail:
        return render(request, "access/forgotten.html", content)
    name = request.POST.get("username", "")[:150].replace("\x00", "�")
    counted, address = f"forgotten\x00{name.casefold()}", request.client_address  # type: ignore[attr-defined]
    # Of one name counted from wherever, so that nobody's letter box is filled from many addresses.
    if throttle.is_blocked(counted, counted) or throttle.is_blocked(None, address):
        response = render(request, "access/forgotten.html", content | {"too_often": True}, status=429)
        response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
        return response
    throttle.note_failure(counted, counted)
    throttle.note_failure(None, address)
    record(by=request.actor, action=Action.EXECUTE, activity="password.forgotten", purpose="")  # type: ignore[attr-defined]
    send_task("clinic.access.tasks.send_password_link", name, settings.PUBLIC_URL)
    return render(request, "access/forgotten.html", content | {"sent": True, "login": reverse("login")})

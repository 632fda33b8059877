"""Login and logout."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.usersessions.models import UserSession
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import throttle
from clinic.access.actor import actor_of, roles_of
from clinic.access.gate import public
from clinic.access.home import home
from clinic.access.idle import has_ended
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome


@public("the login form, which is for those who are not signed in yet")
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The login form; a wrong name and a wrong password get the same answer, in about the same time."""
    if request.method != "POST":
        # A page that asked how long its session lasts sees it end, and with the answer the browser forgot its cookie.
        ended = has_ended(request) or request.GET.get("ended") == "1"
        return render(request, "access/login.html", {"next": next_page(request), "ended": ended})
    name = request.POST.get("username", "")[:150].replace("\x00", "\ufffd")  # NUL is no text for PostgreSQL
    address = request.client_address  # type: ignore[attr-defined]
    if throttle.is_blocked(name, address):
        return _again(request, name, _("Too many failed logins. Wait a quarter of an hour and try again."), 429)
    user = auth.authenticate(request, username=name, password=request.POST.get("password", "")[:4096])
    if user is None:
        throttle.note_failure(name, address)
        blocked = throttle.is_blocked(name, address)
        record(
            by=request.actor,  # type: ignore[attr-defined]
            action=Action.EXECUTE,
            activity="login",
            outcome=Outcome.REFUSED,
            purpose="",
            detail={"blocked_from_now_on": blocked},
        )
        return _again(request, name, _("This user name and password do not belong together."), 401)
    throttle.forget(name, address)
    if request.user.is_authenticated:
        _leave(request)
    # What goes on from here, to the second factor or straight in, is in clinic.access.adapter.
    started = Login(user=user, redirect_url=next_page(request) or home(roles_of(user)))
    response: HttpResponse = perform_password_login(request, {}, started)
    if not request.user.is_authenticated:
        record(by=actor_of(user, request), action=Action.EXECUTE, activity="login.password", purpose="")
    return response


@public("logging out: nothing is shown, and without a session nothing happens")
@never_cache
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        _leave(request)
    return redirect("login")


def _leave(request: HttpRequest) -> None:
    record(by=request.actor, action=Action.EXECUTE, activity="logout", purpose="")  # type: ignore[attr-defined]
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    auth.logout(request)


def _again(request: HttpRequest, name: str, problem: str, status: int) -> HttpResponse:
    content = {"next": next_page(request), "username": name, "problem": problem}
    response = render(request, "access/login.html", content, status=status)
    if status == 429:
        response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
    return response


def next_page(request: HttpRequest) -> str:
    """Where to go after the login: only a page of this site, and not back to the login or logout."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return ""
    # The front page is left to the roles: not everybody's work begins there.
    return "" if wanted.split("?")[0] in (reverse("login"), reverse("logout"), "/") else wanted

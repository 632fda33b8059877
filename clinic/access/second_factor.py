"""The second step of a login: a code of the authenticator app, a recovery code, or a key."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import clear_login
from allauth.account.stages import LoginStageController
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from clinic.access import factors, passkey, throttle
from clinic.access.actor import actor_of, key_of
from clinic.access.gate import public
from clinic.access.stage import SecondFactorStage
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome

_WRONG = gettext_lazy("This is no code that works now. An app's code works once; a recovery code too.")
_WRONG_KEY = gettext_lazy("This key did not prove that you are you. Try again, or use a code.")
_LOCKED = gettext_lazy("Too many wrong codes. Wait a quarter of an hour and log in again.")


@public("the second step of a login, which is for those who are not signed in yet; it needs the first one's session")
@sensitive_post_parameters("code", "credential")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for it, and let the person in where it is right."""
    stage = LoginStageController.enter(request, SecondFactorStage.key) if request.user.is_anonymous else None
    person = stage.login.user if stage is not None else None
    if stage is None or person is None or not person.is_active:
        return redirect("login")
    # Counted for the person from wherever: who gets as far as here knows the password, so that no stranger locks
    # anybody out, and one who guesses from many addresses gets no more tries.
    name = f"factor\x00{key_of(person)}"
    if throttle.is_blocked(name, name):
        return _locked(request)
    if request.method != "POST":
        return _ask(request, person)
    code, answer = request.POST.get("code", "")[:100], request.POST.get("credential", "")
    used = factors.prove(person=person, code=code, answer=answer, by=actor_of(person, request))
    if used is None:
        throttle.note_failure(name, name)
        blocked = throttle.is_blocked(name, name)
        record(
            by=actor_of(person, request),
            action=Action.EXECUTE,
            activity="login.second-factor",
            outcome=Outcome.REFUSED,
            purpose="",
            detail={"blocked_from_now_on": blocked},
        )
        return _locked(request) if blocked else _ask(request, person, _WRONG_KEY if answer else _WRONG, 401)
    throttle.forget(name, name)
    record_authentication(request, person, "mfa", id=used.pk, type=str(used.type))
    return stage.exit()


def _ask(
    request: HttpRequest, person: AbstractBaseUser, problem: str | Promise = "", status: int = 200
) -> HttpResponse:
    kinds = {factor.type for factor in factors.of(person)}
    content = {
        "problem": problem,
        "app": factors.Kind.TOTP in kinds,
        "options": passkey.request_options(person) if factors.Kind.WEBAUTHN in kinds else "",
    }
    return render(request, "access/second_factor.html", content, status=status)


def _locked(request: HttpRequest) -> HttpResponse:
    clear_login(request)
    response = render(request, "access/login.html", {"problem": _LOCKED}, status=429)
    response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
    return response

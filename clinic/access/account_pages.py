"""A person's own account: how they log in, from where, and a new password."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import factors, sessions, throttle
from clinic.access.gate import page
from clinic.access.lent_password import must_be_changed, unmark
from clinic.access.password import change_password
from clinic.access.reauthentication import Confirmation, confirmed, recently
from clinic.access.roles import Permission
from clinic.access.stage import has_shown_two

_DONE = {
    "password": gettext_lazy(
        "Your password is changed. Every other session of yours is over, and apps must ask you anew."
    ),
    "removed": gettext_lazy("It is removed, and opens nothing any more."),
    "added": gettext_lazy("It is set up. From the next login on you are asked for it."),
    "session": gettext_lazy("That session is over."),
    "sessions": gettext_lazy("Every other session of yours is over."),
}


@page(Permission.ACCOUNT_OWN)
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Password, second factors and sessions of the person."""
    return show_account(request, done=str(_DONE.get(request.GET.get("done", ""), "")))


def show_account(request: HttpRequest, *, done: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    """The page, with what was done or what went wrong on top."""
    person: Any = request.user
    held = factors.of(person)
    content = {
        "section": "account",
        "done": done,
        "problem": problem,
        "factors": [{"number": factor.pk, "factor": factor} for factor in held],
        "has_app": any(factor.type == factors.Kind.TOTP for factor in held),
        "codes_left": factors.unused_codes(person),
        "has_password": person.has_usable_password(),
        "demanded": factors.are_demanded_of(person) and not has_shown_two(request),
        "sessions": sessions.of(person, here=request.session.session_key),
        "ask_again": not recently(request),
    }
    return render(request, "access/account.html", content, status=status)


def again(request: HttpRequest) -> Confirmation:
    """Whether a change of one's own account may go on: confirmed lately, or by what was typed now."""
    if recently(request):
        return Confirmation.CONFIRMED
    return confirmed(request, request.POST.get("again", ""), request.POST.get("again_key", ""))


def status_of(answer: Confirmation) -> int:
    """400 where it was wrong: the form was not filled in rightly, while the page itself is open to the person."""
    return 429 if answer is Confirmation.LOCKED else 400


def refused(response: HttpResponse, answer: Confirmation) -> HttpResponse:
    """The page that says so, with the time to wait where it is about that."""
    if answer is Confirmation.LOCKED:
        response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
    return response


@page(Permission.ACCOUNT_OWN)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """The old one is asked for every time: a session left open must not be taken over by a new password."""
    person: Any = request.user
    if request.method != "POST":
        return _ask_password(request)
    if not person.has_usable_password():
        return _ask_password(
            request, [_("You log in without a password here, so there is none to change.")], status=409
        )
    new = request.POST.get("new", "")[:4096]
    if new != request.POST.get("new_again", "")[:4096]:
        return _ask_password(
            request, [_("The two new passwords are not the same. Type the new one twice.")], status=400
        )
    answer = confirmed(request, request.POST.get("again", ""), request.POST.get("again_key", ""))
    if not answer:
        return refused(_ask_password(request, again_problem=answer.sentence, status=status_of(answer)), answer)
    try:
        change_password(person=person, new=new, by=request.actor)  # type: ignore[attr-defined]
    except ValidationError as error:
        return _ask_password(request, error.messages, status=400)
    unmark(request)
    known = UserSession.objects.filter(session_key=request.session.session_key).first()
    update_session_auth_hash(request, person)
    if known is not None:
        UserSession.objects.filter(pk=known.pk).update(session_key=request.session.session_key)
    UserSession.objects.filter(user_id=person.pk).exclude(session_key=request.session.session_key).delete()
    return redirect_done("password")


def _ask_password(
    request: HttpRequest, problems: list[str] | None = None, *, again_problem: str = "", status: int = 200
) -> HttpResponse:
    content = {
        "section": "account",
        "problems": problems or [],
        "again_problem": again_problem,
        "is_lent": must_be_changed(request),
        "rules": password_validators_help_texts(),
    }
    return render(request, "access/password.html", content, status=status)


@page(Permission.ACCOUNT_OWN)
@require_POST
def end_session(request: HttpRequest, number: int) -> HttpResponse:
    """End one session of one's own, on whichever machine; ending this one is logging out."""
    person: Any = request.user
    if not sessions.end(person=person, number=number, by=request.actor):  # type: ignore[attr-defined]
        return show_account(request, problem=_("This session was over already, or is not yours."), status=404)
    return redirect_done("session")


@page(Permission.ACCOUNT_OWN)
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    sessions.end_others(person=person, here=request.session.session_key, by=request.actor)  # type: ignore[attr-defined]
    return redirect_done("sessions")


def redirect_done(what: str) -> HttpResponse:
    """Back to the account, which says what was done."""
    return redirect(f"{reverse('account')}?done={what}")

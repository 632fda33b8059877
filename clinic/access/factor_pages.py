"""Setting up and removing one's own second factors, each time by one who just proved who they are."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import factors, passkey
from clinic.access.account_pages import again, redirect_done, refused, show_account, status_of
from clinic.access.gate import page
from clinic.access.reauthentication import recently
from clinic.access.roles import Permission

_NEW_APP = "access_new_app"


@page(Permission.ACCOUNT_OWN)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def add_app(request: HttpRequest) -> HttpResponse:
    """Show a secret to the app, and take a code of it as proof that the app has it."""
    person: Any = request.user
    sealed = request.session.get(_NEW_APP)
    if request.method != "POST" or not sealed:
        secret = generate_totp_secret()
        request.session[_NEW_APP] = get_adapter().encrypt(secret)
        return _ask_app(request, secret)
    secret = get_adapter().decrypt(sealed)
    answer = again(request)
    if not answer:
        return refused(_ask_app(request, secret, again_problem=answer.sentence, status=status_of(answer)), answer)
    try:
        codes = factors.add_app(
            person=person,
            secret=secret,
            code=request.POST.get("code", "")[:100],
            by=request.actor,  # type: ignore[attr-defined]
        )
    except factors.FactorError as error:
        return _ask_app(request, secret, problem=str(error), status=400)
    del request.session[_NEW_APP]
    return _added(request, factors.Kind.TOTP, codes)


@page(Permission.ACCOUNT_OWN)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def add_key(request: HttpRequest) -> HttpResponse:
    """Have the browser make a passkey, and keep what it says of it."""
    person: Any = request.user
    if request.method != "POST":
        return _ask_key(request)
    answer = again(request)
    if not answer:
        return refused(_ask_key(request, again_problem=answer.sentence, status=status_of(answer)), answer)
    try:
        codes = factors.add_key(
            person=person,
            name=request.POST.get("name", ""),
            answer=request.POST.get("credential", ""),
            by=request.actor,  # type: ignore[attr-defined]
        )
    except factors.FactorError as error:
        return _ask_key(request, problem=str(error), status=400)
    return _added(request, factors.Kind.WEBAUTHN, codes)


@page(Permission.ACCOUNT_OWN)
@require_POST
def remove(request: HttpRequest, number: int) -> HttpResponse:
    person: Any = request.user
    answer = again(request)
    if not answer:
        return refused(show_account(request, problem=answer.sentence, status=status_of(answer)), answer)
    try:
        factors.remove(person=person, number=number, by=request.actor)  # type: ignore[attr-defined]
    except factors.FactorError as error:
        return show_account(request, problem=str(error), status=409)
    return redirect_done("removed")


@page(Permission.ACCOUNT_OWN)
@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    answer = again(request)
    if not answer:
        return refused(show_account(request, problem=answer.sentence, status=status_of(answer)), answer)
    try:
        codes = factors.renew_codes(person=person, by=request.actor)  # type: ignore[attr-defined]
    except factors.FactorError as error:
        return show_account(request, problem=str(error), status=409)
    return _show_codes(request, codes)


def _added(request: HttpRequest, kind: factors.Kind, codes: list[str]) -> HttpResponse:
    """The person showed the new factor just now, which is as good as showing it at the login."""
    record_authentication(request, request.user, "mfa", type=str(kind))  # type: ignore[arg-type]
    return _show_codes(request, codes) if codes else redirect_done("added")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    shown = [f"{code[:4]} {code[4:]}" for code in codes]
    return render(request, "access/recovery_codes.html", {"section": "account", "codes": shown})


def _ask_app(
    request: HttpRequest, secret: str, *, problem: str = "", again_problem: str = "", status: int = 200
) -> HttpResponse:
    adapter = get_adapter()
    drawing = adapter.build_totp_svg(adapter.build_totp_url(request.user, secret))
    content = {
        "section": "account",
        # The library draws it of our own address alone, every part of it escaped.
        "drawing": mark_safe(drawing[drawing.index("<svg") :]),  # noqa: S308
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        "problem": problem,
        "again_problem": again_problem,
        "ask_again": not recently(request),
    }
    return render(request, "access/new_app.html", content, status=status)


def _ask_key(request: HttpRequest, *, problem: str = "", again_problem: str = "", status: int = 200) -> HttpResponse:
    content = {
        "section": "account",
        "options": passkey.creation_options(request.user),  # type: ignore[arg-type]
        "problem": problem,
        "again_problem": again_problem,
        "ask_again": not recently(request),
    }
    return render(request, "access/new_key.html", content, status=status)

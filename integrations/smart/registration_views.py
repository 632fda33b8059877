"""The administrator's pages: which apps and systems are registered, and what each may ask for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from integrations.smart.models import Kind, Proof, Purpose, SmartClient
from integrations.smart.registration import disable, register, rotate_secret
from integrations.smart.registration_form import RegistrationError, RegistrationForm
from integrations.smart.scope_words import named
from integrations.smart.scopes import parse


@page(Permission.CLIENT_MANAGE)
@require_safe
def clients(request: HttpRequest) -> HttpResponse:
    """All of them, those out of service last."""
    found = SmartClient.objects.select_related("application")
    shown = sorted(found, key=lambda one: (one.disabled is not None, one.application.name.casefold(), one.pk))
    return render(request, "smart/clients.html", {"section": "clients", "clients": shown})


@page(Permission.CLIENT_MANAGE)
@sensitive_post_parameters("jwks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_client(request: HttpRequest) -> HttpResponse:
    """The form; what it is sent becomes a client, or comes back with every mistake named."""
    form, mistakes = RegistrationForm(), ()
    if request.method == "POST":
        form = RegistrationForm.posted(request.POST.dict())
        try:
            asked = form.asked()
        except RegistrationError as error:
            mistakes = error.mistakes
        else:
            client, secret = register(asked=asked, by=request.actor)  # type: ignore[attr-defined]
            return _shown(request, client, secret, status=201)
    content = {
        "section": "clients",
        "form": form,
        "mistakes": mistakes,
        "kinds": Kind.choices,
        "proofs": Proof.choices,
        "purposes": Purpose.choices,
    }
    return render(request, "smart/new_client.html", content, status=400 if mistakes else 200)


@page(Permission.CLIENT_MANAGE)
@require_safe
def client(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, without its secret, which nobody can read again."""
    return _shown(request, _client(pk))


@page(Permission.CLIENT_MANAGE)
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret, shown in the answer and never again."""
    found = _client(pk)
    if found.proof != Proof.SECRET or found.disabled is not None:
        return _shown(request, found, problem=_("This client has no secret, or is out of service."), status=409)
    return _shown(request, found, rotate_secret(client=found, by=request.actor))  # type: ignore[attr-defined]


@page(Permission.CLIENT_MANAGE)
@require_POST
def switch_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of service, with all its tokens."""
    disable(client=_client(pk), by=request.actor)  # type: ignore[attr-defined]
    return redirect("client", pk)


def _client(pk: int) -> SmartClient:
    # No key is longer than 18 digits, and a longer one is no number for SQLite.
    return get_object_or_404(SmartClient.objects.select_related("application"), pk=pk if pk < 10**18 else 0)


def _shown(
    request: HttpRequest, found: SmartClient, secret: str = "", *, problem: str = "", status: int = 200
) -> HttpResponse:
    scopes = parse(found.scope)
    content = {
        "section": "clients",
        "client": found,
        "secret": secret,
        "problem": problem,
        "words": [named(name) for name in scopes.named] + [scope.words for scope in scopes.clinical],
        "redirect_uris": found.application.redirect_uris.split(),
        "kids": [key["kid"] for key in (found.jwks or {}).get("keys", [])],
    }
    response = render(request, "smart/client.html", content, status=status)
    response["Cache-Control"] = "no-store"
    return response

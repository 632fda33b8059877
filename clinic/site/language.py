"""The language of the pages: what the person chose, else the site's own, else what the browser asks for.

Who is signed in chooses for their account (`clinic.access.own_language`), anybody else for the browser.

What machines read (FHIR, CDS Hooks, OAuth, health) is English whatever a browser says, as are the command line, the
logs and all that is stored: ``LANGUAGE_CODE``, which is in force wherever no page is being answered.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from clinic.access import own_language
from clinic.access.gate import Door, public, rule_of

_A_YEAR = 365 * 24 * 3600


class SpokenLanguage:
    """Answers each page in its reader's language, and leaves the thread as it was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of(request)):
            response = self.get_response(request)
            spoken = translation.get_language()
        response.setdefault("Content-Language", spoken)
        if not getattr(request, "is_for_machines", False):
            patch_vary_headers(response, ("Cookie", "Accept-Language"))
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> None:
        if _is_for_machines(view):
            request.is_for_machines = True  # type: ignore[attr-defined]
            translation.activate(settings.LANGUAGE_CODE)


def language_of(request: HttpRequest) -> str:
    """What the browser keeps, the site says or the browser asks for: who sits there is known further in."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in dict(settings.LANGUAGES):
        return chosen
    if settings.SITE_LANGUAGE:
        return str(settings.SITE_LANGUAGE)
    for wanted, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return translation.get_supported_language_variant(wanted)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def _is_for_machines(view: Callable[..., Any]) -> bool:
    """A view that asks for a token, or one of the doors that lets anybody ask."""
    rule = rule_of(view)
    if rule is None or rule.door is Door.PAGE:
        return False
    return rule.door is Door.BEARER or view.__module__.startswith("integrations.")


@public("which language the pages speak: kept with one's own account, or in the browser before signing in")
@never_cache
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the language and go back to the page, if it is one of this site; 400 for a language that is not spoken.

    It is kept with the account of who is signed in. The browser, which a ward may share, stays as it was then.
    """
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return HttpResponse(
            gettext("This language is not spoken here."), status=400, content_type="text/plain; charset=utf-8"
        )
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    # Anything without a slash `redirect` would take for the name of a view.
    response = redirect(back if here and back.startswith("/") else "/")
    if request.user.is_authenticated:
        own_language.keep(person=request.user, code=chosen, by=request.actor)  # type: ignore[attr-defined]
        return response
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=_A_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite=settings.SESSION_COOKIE_SAMESITE,
        httponly=True,
    )
    return response

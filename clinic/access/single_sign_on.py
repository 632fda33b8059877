"""The hospital's single sign-on (OpenID Connect): lets in people who are known here already, and makes nobody.

The settings OIDC_* name one provider; without them none of this is reachable. A person is the one to whom the
provider's subject id was bound, once: by an administrator, or by an e-mail address that the provider has verified,
where the setting allows it. Roles and care teams are this site's own and come from nowhere else.
"""

import hashlib
import secrets
import time
from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic.access import throttle
from clinic.access.binding import AlreadyBoundError, bind, person_by_email
from clinic.access.gate import public
from clinic.access.home import home
from clinic.access.views import next_page
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome

_METADATA_S = 600
_DOWN_S = 10
_UNKNOWN = gettext_lazy(
    "Your hospital login is right, but nobody here is bound to it. Ask an administrator of this site to bind it."
)
_FAILED = gettext_lazy(
    "The hospital's login did not answer as it should, or took too long. Try again, or log in with a password."
)
_OFTEN = gettext_lazy("Too many failed logins from here. Wait a quarter of an hour and try again.")
_LEFT = gettext_lazy("You did not finish the hospital's login. Try again, or log in with a password.")
# What the parsers raise on answers that no provider gives.
_BROKEN = (OAuth2Error, requests.RequestException, KeyError, TypeError, ValueError, AttributeError)


def provider_id() -> str:
    """Names the provider by its address, so that a subject id of one never means a person of another."""
    return f"oidc-{hashlib.sha256(settings.OIDC['issuer'].encode()).hexdigest()[:16]}"


class HospitalLogin(OpenIDConnectOAuth2Adapter):
    """The provider's addresses, kept for a while, and its identity tokens, whose signature is always checked."""

    @property
    def openid_config(self) -> dict[str, Any]:
        key = f"access.{self.provider_id}"
        known: dict[str, Any] | None = cache.get(key)
        if known is None:
            cache.set(key, {}, _DOWN_S)  # while it is asked, or does not answer, nobody else waits for it
            known = dict(super().openid_config)
            cache.set(key, known, _METADATA_S)
        if known.get("issuer") != settings.OIDC["issuer"]:
            raise OAuth2Error("the provider does not answer, or names another issuer than OIDC_ISSUER")
        return known

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        self.did_fetch_access_token = False  # allauth would take a token unread that came by TLS
        return dict(super()._decode_id_token(app, id_token))

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:  # noqa: ARG002 - the parent's signature
        return request.build_absolute_uri(reverse("single-sign-on-return"))


class HospitalPeople(DefaultSocialAccountAdapter):
    """Who of the people here came back from the provider; anybody else is refused, and nobody is made."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:  # noqa: ARG002
        """The one of the settings: rows of a database let nobody in."""
        if not settings.OIDC or provider not in (None, OpenIDConnectProvider.id, provider_id()):
            return []
        return [
            SocialApp(
                provider=OpenIDConnectProvider.id,
                provider_id=provider_id(),
                name=settings.OIDC["name"],
                client_id=settings.OIDC["client_id"],
                secret=settings.OIDC["client_secret"],
                settings={
                    "server_url": settings.OIDC["issuer"].rstrip("/"),
                    "oauth_pkce_enabled": True,
                    "scope": ["openid", "email"],
                },
            )
        ]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        said = sociallogin.account.extra_data.get("id_token") or {}
        more = sociallogin.account.extra_data.get("userinfo") or {}
        # Who somebody is, the provider knows; here nothing of it is kept but the subject id.
        SocialAccount.objects.filter(pk=sociallogin.account.pk).update(extra_data={})
        sociallogin.account.extra_data = {}
        nonce = (sociallogin.state.get("data") or {}).get("nonce", "")
        if not nonce or not constant_time_compare(str(said.get("nonce", "")), nonce):
            raise ImmediateHttpResponse(_refuse(request, "nonce", _FAILED, 401))
        if not said.get("sub") or more.get("sub", said["sub"]) != said["sub"] or sociallogin.account.uid != said["sub"]:
            raise ImmediateHttpResponse(_refuse(request, "subject", _FAILED, 401))
        if not sociallogin.is_existing:
            self._bind_by_email(request, sociallogin, {**more, **said})
        since = said.get("auth_time")
        request.proved_lately = (  # type: ignore[attr-defined]
            isinstance(since, int) and 0 <= time.time() - since < settings.REAUTHENTICATION_MINUTES * 60
        )
        if sociallogin.user is None or not sociallogin.user.is_active:
            raise ImmediateHttpResponse(_refuse(request, "out of service", _UNKNOWN, 403))

    def _bind_by_email(self, request: HttpRequest, sociallogin: SocialLogin, said: dict[str, Any]) -> None:
        verified = said.get("email_verified") is True and isinstance(said.get("email"), str)
        person = person_by_email(said["email"]) if settings.OIDC_MATCH_EMAIL and verified else None
        if person is None:
            raise ImmediateHttpResponse(_refuse(request, "unknown", _UNKNOWN, 403))
        try:
            sociallogin.account = bind(
                person=person,
                provider=sociallogin.account.provider,
                subject=sociallogin.account.uid,
                by=request.actor,  # type: ignore[attr-defined]
            )
        except AlreadyBoundError as error:
            raise ImmediateHttpResponse(_refuse(request, "bound to another", _UNKNOWN, 403)) from error
        sociallogin.user = person

    def on_authentication_error(  # the parent's signature
        self,
        request: HttpRequest,
        provider: Any,  # noqa: ARG002
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        left = request.GET.get("error") == "access_denied"
        why = "left" if left else type(exception).__name__ if exception else str(error)
        raise ImmediateHttpResponse(_refuse(request, why, _LEFT if left else _FAILED, 401))


@public("leads a stranger to the hospital's login")
@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """To the provider, with the question who this is; nothing of the question is taken from the address but `next`."""
    if request.user.is_authenticated:
        return redirect(home(request.actor.roles))  # type: ignore[attr-defined]
    provider = _provider(request)
    nonce = secrets.token_urlsafe(32)
    try:
        answer: HttpResponse = provider.redirect(
            request,
            process="login",
            next_url=next_page(request) or None,
            data={"nonce": nonce},
            auth_params={"nonce": nonce},
        )
    except ImmediateHttpResponse as immediate:
        return immediate.response
    except _BROKEN as error:
        return _refuse(request, type(error).__name__, _FAILED, 401)
    return answer


@public("where the hospital's login sends people back to; without a question of this very session nobody comes in")
@never_cache
@require_safe
def finish(request: HttpRequest) -> HttpResponse:
    """Back from the provider: a code becomes an identity, and the identity a person of this site."""
    if request.user.is_authenticated:
        return redirect(home(request.actor.roles))  # type: ignore[attr-defined]
    _provider(request)
    try:
        view = OAuth2CallbackView.adapter_view(HospitalLogin(request, provider_id()))
        answer: HttpResponse = view(request)
    except _BROKEN as error:
        return _refuse(request, type(error).__name__, _FAILED, 401)
    return answer


def _provider(request: HttpRequest) -> OpenIDConnectProvider:
    if not settings.OIDC:
        raise Http404("This site has no single sign-on.")
    provider = get_adapter().get_provider(request, provider_id())
    provider.oauth2_adapter_class = HospitalLogin
    return provider


def _refuse(request: HttpRequest, why: str, sentence: Promise, status: int) -> HttpResponse:
    """The login form with the reason. What one address gets refused too often is not recorded any more."""
    address = request.client_address  # type: ignore[attr-defined]
    if throttle.is_blocked(None, address):
        response = render(request, "access/login.html", {"problem": _OFTEN}, status=429)
        response["Retry-After"] = str(int(throttle.WINDOW.total_seconds()))
        return response
    throttle.note_failure(None, address)
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=Action.EXECUTE,
        activity="login",
        outcome=Outcome.REFUSED,
        purpose="",
        detail={"by": ["socialaccount"], "why": why[:60]},
    )
    return render(request, "access/login.html", {"problem": sentence}, status=status)

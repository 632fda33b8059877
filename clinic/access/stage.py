"""The step of a login between the first proof and the session: the second factor of those who have one."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class SecondFactorStage(AuthenticateStage):
    """As allauth's, at our own address; the hospital's single sign-on counts as both where the setting says so."""

    urlname = "second-factor"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if not self._should_handle(self.request):
            return None, True
        return HttpResponseRedirect(reverse(self.urlname)), True

    def _should_handle(self, request: HttpRequest) -> bool:
        if settings.OIDC_IS_SECOND_FACTOR and _came_by_single_sign_on(request, self.login.user):
            return False
        return bool(super()._should_handle(request))


def has_shown_two(request: HttpRequest) -> bool:
    """Whether this session's person showed a second factor, at the login or when they set one up."""
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    if any(entry.get("method") == "mfa" for entry in records):
        return True
    return settings.OIDC_IS_SECOND_FACTOR and _came_by_single_sign_on(request, request.user)


def _came_by_single_sign_on(request: HttpRequest, user: object) -> bool:
    return any(
        entry.get("method") == "socialaccount"
        for entry in get_authentication_records(request, user)  # type: ignore[arg-type]
    )

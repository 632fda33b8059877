"""What allauth asks this site: which steps a login has, who may sign up (nobody), how secrets are kept."""

import ipaddress

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic.access import lent_password, reauthentication
from clinic.access.actor import actor_of, roles_of
from clinic.access.home import home
from clinic.access.sealing import SealError, seal, unseal
from clinic.audit.event import record
from clinic.audit.models import Action

_SECRETS = "second factors"
_UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - nothing listens there; the column takes no empty address


class AccountAdapter(DefaultAccountAdapter):
    """Logins end here, whichever way they came; nobody gives themselves one."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the parent's signature
        return False

    def get_login_stages(self) -> list[str]:
        return ["clinic.access.stage.SecondFactorStage"]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return home(roles_of(request.user))  # type: ignore[arg-type]

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:  # noqa: ARG002
        return HttpResponseRedirect(reverse("login"))

    def get_client_ip(self, request: HttpRequest) -> str:
        """What `clinic.access.middleware` found, so that all that is kept of a request names one address."""
        address = getattr(request, "client_address", "")
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            return _UNKNOWN_ADDRESS

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Recorded first: a login that cannot be is none."""
        shown = get_authentication_records(request, user)
        ways = [entry.get("type") or entry["method"] for entry in shown]
        record(
            by=actor_of(user, request),
            action=Action.EXECUTE,
            activity="login",
            purpose="",
            detail={"by": ways or ["password"]},
        )
        # A new session key, so that one planted before the login is worth nothing.
        super().login(request, user)
        if not ways or "password" in ways:
            lent_password.mark(request, user)
        # A single sign-on may let in whoever sits there, without asking; then nothing was proved just now.
        if any(entry["method"] != "socialaccount" for entry in shown) or getattr(request, "proved_lately", False):
            reauthentication.note(request)


class FactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are unreadable in the database and in its backups."""

    def encrypt(self, text: str) -> str:
        return seal(text, _SECRETS)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return unseal(encrypted_text, _SECRETS)
        except SealError as error:
            raise InvalidToken from error

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def _get_site_name(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()

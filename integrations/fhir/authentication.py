"""Who calls: a bearer token of a service user in the integration role; and how often they may."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from oauth2_provider.models import AccessToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from clinic.access.actor import actor_of
from clinic.access.permissions import granted
from clinic.access.roles import Permission
from clinic.audit.event import STRANGER, Actor, record
from clinic.audit.models import Action, Outcome
from integrations.fhir.outcome import Refusal

REFUSALS_A_MINUTE = 30
"""Credentials of one address that each process refuses and records in a minute; further wrong ones get 429, unrecorded.

A valid token passes however many wrong ones came from its address before: behind a proxy, others share that address.
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """A service user with a valid token."""

    actor: Actor
    scope: str
    is_authenticated: bool = True

    def may(self, resource_type: str, interaction: str) -> bool:
        """Whether the token's scope covers reading (``r``) or searching (``s``) a type: ``system/*.rs``."""
        for scope in self.scope.split():
            match = re.fullmatch(r"system/(\*|[A-Za-z]+)\.(c?r?u?d?s?)", scope)
            if match and match[1] in ("*", resource_type) and interaction in match[2]:
                return True
        return False

    def reach(self, resource_type: str, interaction: str) -> "Reach":
        """Whom the scopes that cover the interaction reach; 403 where none does."""
        if not self.may(resource_type, interaction):
            raise Refusal(
                403, "forbidden", f"The token's scope does not cover it; ask for system/{resource_type}.{interaction}."
            )
        return Reach()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose data an interaction may touch: everyone's, or that of `subjects` (rows of primary keys)."""

    everyone: bool = True
    subjects: Any = None
    queries: tuple[tuple[tuple[str, str], ...], ...] = ()


class BearerToken(BaseAuthentication):
    """``Authorization: Bearer …``, and nowhere else: a token in an address would end in logs."""

    def authenticate(self, request: Request) -> tuple[Caller, str]:
        header = request.headers.get("Authorization", "")
        if not header:
            raise _unauthorised("Send a bearer token: Authorization: Bearer …", error="")
        match = re.fullmatch(r"[Bb]earer +([A-Za-z0-9\-._~+/]{1,512}=*)", header)
        token = _token(match[1]) if match else None
        if token is None:
            refuse(request._request, "fhir.token")
            raise _unauthorised("The bearer token is unknown, expired or withdrawn; ask for a new one.")
        user = token.user or token.application.user
        actor = actor_of(user, request._request)
        if Permission.FHIR_READ not in granted(actor.roles):
            refuse(request._request, "fhir.token", actor)
            raise Refusal(403, "forbidden", "The token's user is not in the integration role.")
        return Caller(actor, token.scope), match[1] if match else ""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the parent's signature
        return 'Bearer realm="fhir"'


def _token(text: str) -> Any:
    """The token's row, if it is in force and belongs to an active user."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    token = AccessToken.objects.select_related("user", "application__user").filter(token_checksum=digest).first()
    if token is None or token.is_expired():
        return None
    user = token.user or (token.application.user if token.application else None)
    return token if user is not None and user.is_active else None


def _unauthorised(sentence: str, *, error: str = ', error="invalid_token"') -> Refusal:
    return Refusal(401, "login", sentence, WWW_Authenticate=f'Bearer realm="fhir"{error}')


def refuse(request: HttpRequest, activity: str, actor: Actor | None = None, *, client: str = "") -> None:
    """Count and record a refused credential; never the credential itself. `client` has a budget of its own.

    Raises
    ------
    Refusal
        429 once the budget is used up; then nothing is recorded.
    """
    check_budget(request, client=client)
    key = _budget_key(request, client)
    cache.add(key, 0, timeout=60)
    cache.incr(key)
    nobody = Actor(STRANGER.key, (), request.request_id, request.client_address)  # type: ignore[attr-defined]
    record(
        by=actor or nobody,
        action=Action.EXECUTE,
        activity=activity,
        outcome=Outcome.REFUSED,
        purpose="",
        detail={"path": request.path[:200]},
    )


def check_budget(request: HttpRequest, *, client: str = "") -> None:
    """Raise 429 where enough credentials of this address, and of this OAuth client, were refused within the minute."""
    if int(cache.get(_budget_key(request, client), 0)) >= REFUSALS_A_MINUTE:
        raise Refusal(429, "throttled", "Too many refused tokens; wait a minute.", Retry_After="60")


def _budget_key(request: HttpRequest, client: str) -> str:
    address = request.client_address  # type: ignore[attr-defined]
    return "fhir-refused-" + hashlib.sha256(f"{address}\n{client}".encode("utf-8", "replace")).hexdigest()


class CallerRate(SimpleRateThrottle):
    """Requests of one service user a minute, in each process."""

    rate = "1200/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # noqa: ARG002 - the parent's signature
        caller = request.user
        return f"fhir-rate-{caller.actor.key}" if isinstance(caller, Caller) else None

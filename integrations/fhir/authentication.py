"""Who calls: a bearer token of a hospital system, or of an app that a person allowed; how far, and how often."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from oauth2_provider.models import AccessToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from clinic.access import throttle
from clinic.access.actor import actor_of
from clinic.access.permissions import granted, visible_patients
from clinic.access.roles import Permission
from clinic.audit.event import STRANGER, Actor, record
from clinic.audit.models import Action, Outcome
from clinic.patients.consent import closed_to_systems
from integrations.fhir.outcome import Refusal
from integrations.smart.scopes import Context, Scope, parse
from twins.records.models import Subject

REFUSALS_A_MINUTE = 30
"""Credentials of one address that each process refuses and records in a minute; further wrong ones get 429, unrecorded.

A valid token passes however many wrong ones came from its address before: behind a proxy, others share that address.
"""
_OF_A_PERSON = {"r": Permission.PATIENT_VIEW, "s": Permission.PATIENT_VIEW}
"""What a person's role must grant for each interaction through an app. No role writes a record through one."""
_NO_RECORD = {"Subscription"}
"""Types that tell nothing of a patient: an app may write them for one who sees patients."""
_READING = frozenset("rs")
_OF_A_TYPE = {"AuditEvent": Permission.AUDIT_VIEW}
"""What it must grant besides, for single types."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose resources of one type a token reaches by one interaction, and which of them.

    `subjects` is a subquery of Subject keys, or None where `everyone` is true. Of `queries` one must hold, and of it
    all pairs of parameter and value; without any there is no restriction. What belongs to no subject (a Medication, a
    Practitioner) is not restricted by `subjects`.
    """

    everyone: bool
    subjects: QuerySet[Any] | None
    queries: tuple[tuple[tuple[str, str], ...], ...] = ()
    caller: "Caller | None" = field(default=None, repr=False, compare=False)
    resource_type: str = field(default="", repr=False, compare=False)

    def of(self, resource_type: str) -> "Reach | None":
        """How far the same token goes with another type that comes along, by include or chain; None: not at all.

        With its own type it goes as far as it does: what may be read is not what may be found.
        """
        if resource_type == self.resource_type:
            return self
        for interaction in ("r", "s"):
            if self.caller is not None and self.caller.covers(resource_type, interaction):
                return self.caller.reach(resource_type, interaction)
        return None


@dataclass(frozen=True, slots=True)
class Caller:
    """A service user, or a person through an app, with a valid token."""

    actor: Actor
    scope: str
    user: Any = None
    client_id: str = ""
    token_jti: str = ""
    """Names the token in the audit trail; made from its digest, never the token."""
    patient: str = ""
    """Subject key of the patient that the app was started for."""
    authorization: int | None = None
    """Which `Authorization` of a person the token came of."""
    purpose: str = "TREAT"
    is_person: bool = False
    is_authenticated: bool = True
    known_closed: list[Any] = field(default_factory=list, repr=False, compare=False)

    def may(self, resource_type: str, interaction: str) -> bool:
        """Whether an interaction (a letter of ``cruds``) with a type is covered for every patient and all of it.

        For those who do not narrow to a reach: an app's token never passes here.
        """
        everybody = _of(self._covering(resource_type, interaction), Context.SYSTEM)
        return bool(everybody) and not _queries(everybody)

    def covers(self, resource_type: str, interaction: str) -> bool:
        """Whether scope and role cover it for anybody at all."""
        return bool(self._covering(resource_type, interaction))

    def reach(self, resource_type: str, interaction: str, *, wishes: bool = True) -> Reach:
        """How far the token goes.

        A system reads and finds nothing of a patient whose wish closes them to anybody; what it sends of them is taken.

        Parameters
        ----------
        wishes
            False where a system only says again what it has itself: whether a resource that it sends is here already.

        Raises
        ------
        Refusal
            403 where no scope covers the interaction, or the person's role does not permit it.
        """
        covering = self._covering(resource_type, interaction)
        if not covering:
            raise Refusal(403, "forbidden", self._why_not(resource_type, interaction))
        everybody = _of(covering, Context.SYSTEM)
        if everybody:
            closed = self._closed() if wishes and interaction in _READING else ()
            if not closed:
                return Reach(True, None, _queries(everybody), self, resource_type)
            open_to_it = Subject.objects.exclude(pk__in=closed).values("pk")
            return Reach(False, open_to_it, _queries(everybody), self, resource_type)
        team = visible_patients(self.user)
        mine, launched = _of(covering, Context.USER), _of(covering, Context.PATIENT)
        # Where the wider circle is restricted and the one patient is not, the two cannot be told as one; the one
        # patient it is then: less is shown, never more.
        if mine and not (launched and _queries(mine) and not _queries(launched)):
            return Reach(False, team.values("subject_id"), _queries(mine), self, resource_type)
        alone = team.filter(pk=self.patient).values("subject_id")
        return Reach(False, alone, _queries(launched), self, resource_type)

    def _closed(self) -> Sequence[Any]:
        """Looked up once for each caller, who lives as long as a request or a part of an export."""
        if not self.known_closed:
            self.known_closed.append(closed_to_systems())
        return self.known_closed[0]

    def _covering(self, resource_type: str, interaction: str) -> tuple[Scope, ...]:
        """The scopes that cover it and that this kind of token can use."""
        usable = {Context.USER, *([Context.PATIENT] if self.patient else [])} if self.is_person else {Context.SYSTEM}
        if self.is_person and not self._role_permits(resource_type, interaction):
            return ()
        return tuple(
            scope for scope in parse(self.scope).covering(resource_type, interaction) if scope.context in usable
        )

    def _role_permits(self, resource_type: str, interaction: str) -> bool:
        of_all = Permission.PATIENT_VIEW if resource_type in _NO_RECORD else None
        needed = {_OF_A_PERSON.get(interaction, of_all), _OF_A_TYPE.get(resource_type, Permission.PATIENT_VIEW)}
        return needed <= granted(self.actor.roles)

    def _why_not(self, resource_type: str, interaction: str) -> str:
        if self.is_person and not self._role_permits(resource_type, interaction):
            return f"The role of the person does not permit {resource_type}.{interaction}; it takes another role."
        context = Context.USER if self.is_person else Context.SYSTEM
        return f"The token's scope does not cover it; ask for {context}/{resource_type}.{interaction}."


def _of(scopes: tuple[Scope, ...], context: Context) -> tuple[Scope, ...]:
    return tuple(scope for scope in scopes if scope.context is context)


def _queries(scopes: tuple[Scope, ...]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The restrictions of scopes that hold side by side: none as soon as one of them has none."""
    queries = tuple(dict.fromkeys(scope.query for scope in scopes))
    return () if () in queries else queries


class BearerToken(BaseAuthentication):
    """``Authorization: Bearer …``, and nowhere else: a token in an address would end in logs."""

    def authenticate(self, request: Request) -> tuple[Caller, str]:
        header = request.headers.get("Authorization", "")
        if not header:
            raise _unauthorised("Send a bearer token: Authorization: Bearer …", error="")
        match = re.fullmatch(r"(?i:bearer) +([A-Za-z0-9\-._~+/]{1,512}=*)", header)
        token = valid_token(match[1]) if match else None
        if token is None:
            refuse(request._request, "fhir.token")
            raise _unauthorised("The bearer token is unknown, expired or withdrawn; ask for a new one.")
        caller = _caller(token, request._request)
        needed = Permission.PATIENT_VIEW if caller.is_person else Permission.FHIR_READ
        if needed not in granted(caller.actor.roles):
            refuse(request._request, "fhir.token", caller.actor)
            role = "a role that sees patients" if caller.is_person else "the integration role"
            raise Refusal(403, "forbidden", f"The token's user is not in {role}.")
        return caller, match[1] if match else ""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the parent's signature
        return 'Bearer realm="fhir"'


_READ_OF_A_TOKEN = (
    *("token_checksum", "scope", "created", "expires", "user__is_active"),
    *("application__client_id", "application__user__is_active"),
    *("application__smart__disabled", "application__smart__purpose", "authorized__authorization__subject"),
)
"""Every request asks for these; all columns of the seven tables would cost it half a millisecond more."""


def valid_token(text: str) -> Any:
    """The token's row, if it is in force, of a client that is not disabled, and belongs to an active user."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    known = AccessToken.objects.select_related(
        "user", "application__user", "application__smart", "authorized__authorization"
    ).only(*_READ_OF_A_TOKEN)
    try:
        token = known.get(token_checksum=digest)  # first() would order, which costs every request a millisecond
    except AccessToken.DoesNotExist:
        return None
    if token.is_expired() or token.application is None:
        return None
    registration = getattr(token.application, "smart", None)
    if registration is not None and registration.disabled is not None:
        return None
    user = token.user or token.application.user
    return token if user is not None and user.is_active else None


def jti_of(token: Any) -> str:
    """A name for an access token that says nothing about it: half of a digest of its stored digest."""
    return hashlib.sha256(f"jti {token.token_checksum}".encode()).hexdigest()[:32]


def _caller(token: Any, request: HttpRequest) -> Caller:
    authorized = getattr(token, "authorized", None)
    registration = getattr(token.application, "smart", None)
    subject = authorized.authorization.subject_id if authorized is not None else None
    user = token.user or token.application.user
    return Caller(
        actor=actor_of(user, request),
        scope=token.scope,
        user=user,
        client_id=token.application.client_id,
        token_jti=jti_of(token),
        patient=str(subject or ""),
        authorization=authorized.authorization_id if authorized is not None else None,
        purpose=registration.purpose if registration is not None else "TREAT",
        is_person=token.user is not None,
    )


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
    address = throttle.line(request.client_address)  # type: ignore[attr-defined]
    return "fhir-refused-" + hashlib.sha256(f"{address}\n{client}".encode("utf-8", "replace")).hexdigest()


def caller_of(request: HttpRequest) -> Caller:
    """The caller of a view that is no view of the door: token first, then rate.

    Raises
    ------
    Refusal
        401, 403 or 429.
    """
    asking = Request(request)
    caller, _token = BearerToken().authenticate(asking)
    asking.user = caller
    rate = CallerRate()
    if not rate.allow_request(asking, None):  # type: ignore[arg-type]
        wait = str(max(1, int(rate.wait() or 1)))
        raise Refusal(429, "throttled", f"Too many requests; wait {wait} s.", Retry_After=wait)
    return caller


class CallerRate(SimpleRateThrottle):
    """Requests of one service user a minute, in each process."""

    rate = "1200/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # noqa: ARG002 - the parent's signature
        caller = request.user
        return f"fhir-rate-{caller.actor.key}" if isinstance(caller, Caller) else None

    def count(self, request: Request, more: int) -> None:
        """Count what one request does besides itself, all of it or nothing.

        Raises
        ------
        Refusal
            429 where there are not so many left.
        """
        key, now = self.get_cache_key(request, None), self.timer()
        counted = [when for when in self.cache.get(key, []) if when > now - self.duration]
        beyond = len(counted) + more - self.num_requests
        if beyond > 0:
            first = counted[-min(beyond, len(counted))] if counted else now
            wait = str(max(1, int(first + self.duration - now)))
            sentence = (
                f"It does {more} requests more, and fewer are left for this minute; send fewer, or wait {wait} s."
            )
            raise Refusal(429, "throttled", sentence, Retry_After=wait)
        self.cache.set(key, [*[now] * more, *counted], self.duration)

"""How long a session lasts: until nobody did anything for a while, and never longer than a shift."""

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.audit.event import record
from clinic.audit.models import Action

UNATTENDED = "X-Unattended"
"""The header of requests that a page makes by itself, so that a page left open keeps no session alive."""
_BEGAN = "access_began"
_SEEN = "access_seen"


def begin(request: HttpRequest, **_signal: Any) -> None:
    """A session begins: whichever way the person came in, its clocks start now."""
    request.session[_BEGAN] = request.session[_SEEN] = time.time()


def watch(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """End a session that lasted a whole shift, and renew one in which somebody does something.

    The idle limit is SESSION_COOKIE_AGE, counted from when the session was saved last: Django's own store lets go of it
    then, for every process alike. So renewing is saving, at most every tenth of the limit.
    """

    def follow(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = time.time()
            if now - request.session.get(_BEGAN, now) >= settings.SESSION_HOURS * 3600:
                _end(request)
            elif not _is_unattended(request):
                renew(request)
        return get_response(request)

    return follow


def renew(request: HttpRequest, *, at_once: bool = False) -> None:
    """The person is there: the idle limit counts from now, to a tenth, or exactly where it is to be `at_once`."""
    now = time.time()
    if _BEGAN not in request.session:
        begin(request)
    elif at_once or now - request.session[_SEEN] >= settings.SESSION_COOKIE_AGE / 10:
        request.session[_SEEN] = now
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())


def seconds_left(request: HttpRequest) -> int:
    """Seconds until this session ends, if nobody does anything; 0 for a stranger."""
    if not request.user.is_authenticated:
        return 0
    now = time.time()
    idle = request.session.get(_SEEN, now) + settings.SESSION_COOKIE_AGE - now
    whole = request.session.get(_BEGAN, now) + settings.SESSION_HOURS * 3600 - now
    return max(0, int(min(idle, whole)))


def has_ended(request: HttpRequest) -> bool:
    """Whether the browser names a session that is over, as one who was here before does."""
    return settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.is_empty()


def _is_unattended(request: HttpRequest) -> bool:
    return request.headers.get(UNATTENDED) == "1"


def _end(request: HttpRequest) -> None:
    record(
        by=actor_of(request.user, request),  # type: ignore[arg-type]
        action=Action.EXECUTE,
        activity="session.end",
        purpose="",
        detail={"why": "as long as a shift"},
    )
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    auth.logout(request)

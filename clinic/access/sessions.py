"""A person's sessions on this and other machines, and ending them from here."""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic.access.actor import key_of
from clinic.audit.event import Actor, record
from clinic.audit.models import Action


@dataclass(frozen=True, slots=True)
class Seen:
    """One session as the list shows it."""

    number: int
    began: datetime
    last: datetime
    address: str
    browser: str
    here: bool


def of(person: AbstractBaseUser, *, here: str | None) -> list[Seen]:
    """The sessions that are alive, newest first; `here` is the key of the one that asks."""
    known = UserSession.objects.filter(user_id=person.pk).order_by("-created_at", "-pk")
    alive = set(
        Session.objects.filter(
            session_key__in=[one.session_key for one in known], expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    return [
        Seen(one.pk, one.created_at, one.last_seen_at, one.ip, browser(one.user_agent), one.session_key == here)
        for one in known
        if one.session_key in alive
    ]


@transaction.atomic
def end(*, person: AbstractBaseUser, number: int, by: Actor) -> bool:
    """End one session of the person; False where it is none of theirs, or over already."""
    one = UserSession.objects.filter(user_id=person.pk, pk=number).first()
    if one is None:
        return False
    _end(one, by)
    return True


@transaction.atomic
def end_others(*, person: AbstractBaseUser, here: str | None, by: Actor) -> int:
    """End every session of the person but `here`; returns how many."""
    others = list(UserSession.objects.filter(user_id=person.pk).exclude(session_key=here))
    for one in others:
        _end(one, by)
    return len(others)


def forget_ended() -> None:
    """Remove from the list what Django's store let go of."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def browser(user_agent: str) -> str:
    """Which browser on which system, as far as it says so itself."""
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    program = next((name for sign, name in _PROGRAMS if sign in user_agent), "")
    if program and system:
        return _("%(program)s on %(system)s") % {"program": program, "system": _(system)}
    if program or system:
        return program or _(system)
    return _("a program that does not say what it is")


_SYSTEMS = (
    *(("Android", "Android"), ("iPhone", gettext_noop("an iPhone")), ("iPad", gettext_noop("an iPad"))),
    *(("Windows", "Windows"), ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)
# Each names those it descends from as well, so the order decides.
_PROGRAMS = (
    *(("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari")),
)


def _end(one: UserSession, by: Actor) -> None:
    record(
        by=by,
        action=Action.DELETE,
        activity="session.revoke",
        entity_type="Session",
        entity_id=one.pk,
        purpose="",
        detail={"person": key_of(one.user)},
    )
    one.end()

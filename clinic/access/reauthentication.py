"""Saying once more who one is, before something that counts: a signature, or a change of one's own factors.

Ask with ``access/again_field.html``, whose fields are ``again`` and ``again_key``, and give `confirmed` what they hold.
"""

import time
from enum import Enum
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop

from clinic.access import key_again, one_time_code, throttle
from clinic.access.actor import key_of
from clinic.audit.event import record
from clinic.audit.models import Action, Outcome

_CONFIRMED_AT = "access_confirmed_at"
_REPEATED_AT = "access_repeated_at"
_LONGEST = 4096


class Confirmation(Enum):
    """How it ended; true only where the person is who they say. The others have a `sentence` for the page."""

    CONFIRMED = ""
    WRONG = gettext_noop(
        "This is neither your password nor a fresh code of your authenticator app. Each code works once."
    )
    WRONG_KEY = gettext_noop(
        "Your key did not confirm it. Try again, and answer within two minutes what the browser asks."
    )
    LOCKED = gettext_noop("Too many wrong passwords or codes. Wait a quarter of an hour and try again.")

    def __bool__(self) -> bool:
        return self is Confirmation.CONFIRMED

    @property
    def sentence(self) -> str:
        """In the language of the page; empty where nothing is wrong."""
        return gettext(self.value) if self.value else ""

    @property
    def status(self) -> int:
        """The HTTP status of a page that says this; with 429 goes Retry-After, as `throttle.WINDOW` is long."""
        return {Confirmation.CONFIRMED: 200, Confirmation.LOCKED: 429}.get(self, 403)


def confirmed(request: HttpRequest, password_or_code: str, key_answer: str = "") -> Confirmation:
    """Whether the signed-in person gave their password, a code of their authenticator app, or a proof by their key.

    Wrong ones are counted by the lock-out of logins, for this person from this address, and each answer is on record;
    what is refused unseen while locked is not, so that nobody makes the trail grow.

    Raises
    ------
    AuditWriteError
        The answer could not be recorded; then nothing was confirmed.
    """
    name, address = _name(request), request.client_address  # type: ignore[attr-defined]
    if throttle.is_blocked(name, address):
        return Confirmation.LOCKED
    given = password_or_code[:_LONGEST].replace("\x00", "�")
    with transaction.atomic():
        method = _method(request, given, key_answer)
        if method:
            _record(request, Outcome.SUCCESS, {"method": method})
    if not method:
        throttle.note_failure(name, address)
        blocked = throttle.is_blocked(name, address)
        _record(request, Outcome.REFUSED, {"blocked_from_now_on": blocked})
        return Confirmation.WRONG_KEY if key_answer else Confirmation.WRONG
    throttle.forget(name, address)
    note(request)
    request.session[_REPEATED_AT] = time.time()
    return Confirmation.CONFIRMED


def recently(request: HttpRequest, *, seconds: int | None = None) -> bool:
    """Whether this session's person proved who they are within `seconds`, by default REAUTHENTICATION_MINUTES.

    A login counts, but for one by a single sign-on that asked nothing at that time.
    """
    return _within(request, _CONFIRMED_AT, settings.REAUTHENTICATION_MINUTES * 60 if seconds is None else seconds)


def repeated(request: HttpRequest) -> bool:
    """Whether this session's person said once more who they are within REAUTHENTICATION_MINUTES: a login is not enough.

    It is for who has no password, app or key here, if the single sign-on did ask: they have nothing else to say.
    """
    if _within(request, _REPEATED_AT, settings.REAUTHENTICATION_MINUTES * 60):
        return True
    return recently(request) and not _has_own_way(request.user)


def note(request: HttpRequest) -> None:
    """Remember in the session that the person just proved who they are."""
    request.session[_CONFIRMED_AT] = time.time()


def _within(request: HttpRequest, name: str, seconds: int) -> bool:
    at = request.session.get(name)
    return request.user.is_authenticated and isinstance(at, int | float) and 0 <= time.time() - at < seconds


def _has_own_way(person: Any) -> bool:
    return person.has_usable_password() or Authenticator.objects.filter(user_id=person.pk).exists()


def _method(request: HttpRequest, given: str, key_answer: str) -> str:
    """``webauthn`` where a key answered, else ``password`` or ``totp``, whichever `given` is; empty for none."""
    # Fresh from the database: a password changed meanwhile on another machine is the one that counts.
    person: Any = get_user_model().objects.filter(pk=request.user.pk, is_active=True).first()
    if person is None:
        return ""
    if key_answer:
        return "webauthn" if key_again.use(request, person, key_answer) is not None else ""
    if not given:
        return ""
    # Not person.check_password, which may store the hash anew and so end every session of the person.
    if check_password(given, person.password):
        return "password"
    return "totp" if one_time_code.use(person, given) is not None else ""


def _name(request: HttpRequest) -> str:
    """The throttle's name of this person, which nobody can type at the login: strangers lock out no signature."""
    return f"again\x00{key_of(request.user)}"  # type: ignore[arg-type]


def _record(request: HttpRequest, outcome: Outcome, detail: dict[str, Any]) -> None:
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=Action.EXECUTE,
        activity="login.confirm",
        outcome=outcome,
        purpose="",
        detail=detail,
    )

"""Second factors of a person: set up, used, taken away; each on record, with the recovery codes that go with them."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.access import one_time_code, passkey
from clinic.access.actor import key_of, roles_of
from clinic.audit.event import Actor, record
from clinic.audit.models import Action

Kind = Authenticator.Type
_REAL = (Kind.TOTP, Kind.WEBAUTHN)
MOST_KEYS = 10
NAME_LIMIT = 60


class FactorError(ValueError):
    """A factor that is not set up or taken away; the sentence says why and what to do."""


def of(person: AbstractBaseUser) -> list[Authenticator]:
    """The person's apps and keys, without the recovery codes, oldest first."""
    return list(Authenticator.objects.filter(user_id=person.pk, type__in=_REAL).order_by("created_at", "pk"))


def unused_codes(person: AbstractBaseUser) -> int:
    """How many recovery codes are left."""
    codes = Authenticator.objects.filter(user_id=person.pk, type=Kind.RECOVERY_CODES).first()
    try:
        return len(RecoveryCodes(codes).get_unused_codes()) if codes else 0
    except InvalidToken:
        return 0


def are_demanded_of(person: AbstractBaseUser) -> bool:
    """Whether a role of the person is one of which SECOND_FACTOR_ROLES asks a second factor."""
    return bool(set(settings.SECOND_FACTOR_ROLES) & set(roles_of(person)))


@transaction.atomic
def add_app(*, person: AbstractBaseUser, secret: str, code: str, by: Actor) -> list[str]:
    """Set up an authenticator app that shows `code` now; returns recovery codes where these are the first.

    Raises
    ------
    FactorError
        There is an app already, or the code is not the app's.
    """
    if Authenticator.objects.filter(user_id=person.pk, type=Kind.TOTP).exists():
        raise FactorError(_("You have an authenticator app already. Remove it first to set up another."))
    counter = one_time_code.matching_counter(secret, code)
    if counter is None:
        raise FactorError(_("This is not the code that the app shows now. Look at the app again, and at its clock."))
    app = TOTP.activate(person, secret).instance
    app.data["last_counter"] = counter
    app.save(update_fields=["data"])
    return _added(person, app, by)


@transaction.atomic
def add_key(*, person: AbstractBaseUser, name: str, answer: str, by: Actor) -> list[str]:
    """Add a passkey or security key; returns recovery codes where this is the first factor.

    Raises
    ------
    FactorError
        Too many keys already, or the browser's answer is no proof.
    """
    if Authenticator.objects.filter(user_id=person.pk, type=Kind.WEBAUTHN).count() >= MOST_KEYS:
        raise FactorError(_("You have %(most)d keys, which is the most. Remove one first.") % {"most": MOST_KEYS})
    try:
        credential = passkey.checked_new(answer)
    except passkey.KeyRefusedError as error:
        raise FactorError(str(error)) from error
    name = " ".join(name.split())[:NAME_LIMIT] or "Key"
    return _added(person, WebAuthn.add(person, name, credential).instance, by)


@transaction.atomic
def remove(*, person: AbstractBaseUser, number: int, by: Actor) -> None:
    """Take one app or key away, and the recovery codes with the last.

    Raises
    ------
    FactorError
        It is not the person's, or it is the last and a role demands one.
    """
    held = list(Authenticator.objects.select_for_update().filter(user_id=person.pk, type__in=_REAL))
    found = next((factor for factor in held if factor.pk == number), None)
    if found is None:
        raise FactorError(_("This is none of your apps and keys; it was removed already."))
    if len(held) == 1 and are_demanded_of(person):
        raise FactorError(_("Your role needs a second factor. Add another one first, then remove this."))
    _record(found, Action.DELETE, "factor.remove", by)
    found.delete()
    if len(held) == 1:
        Authenticator.objects.filter(user_id=person.pk).delete()


@transaction.atomic
def renew_codes(*, person: AbstractBaseUser, by: Actor) -> list[str]:
    """New recovery codes; those before are worth nothing.

    Raises
    ------
    FactorError
        There is no factor that they could stand in for.
    """
    if not of(person):
        raise FactorError(_("Recovery codes stand in for an app or a key. Set up one of these first."))
    Authenticator.objects.filter(user_id=person.pk, type=Kind.RECOVERY_CODES).delete()
    return _codes(person, by)


@transaction.atomic
def forget(*, person: AbstractBaseUser, by: Actor) -> int:
    """Take all factors away, for one who lost them; returns how many there were."""
    held = of(person)
    for factor in held:
        _record(factor, Action.DELETE, "factor.remove", by)
    Authenticator.objects.filter(user_id=person.pk).delete()
    return len(held)


@transaction.atomic
def prove(*, person: AbstractBaseUser, code: str, answer: str, by: Actor) -> Authenticator | None:
    """The factor that `code` (of an app, or a recovery code) or a key's `answer` proves; it is then used up."""
    used = passkey.use(person, answer) if answer else one_time_code.use(person, code)
    if used is None and code and not answer:
        used = _recovered(person, code)
    if used is not None:
        _record(used, Action.EXECUTE, "login.second-factor", by)
    return used


def _recovered(person: AbstractBaseUser, code: str) -> Authenticator | None:
    codes = Authenticator.objects.select_for_update().filter(user_id=person.pk, type=Kind.RECOVERY_CODES).first()
    digits = "".join(code.split())
    try:
        return codes if codes is not None and RecoveryCodes(codes).validate_code(digits) else None
    except InvalidToken:  # sealed with a key of the site that is gone
        return None


def _added(person: AbstractBaseUser, factor: Authenticator, by: Actor) -> list[str]:
    _record(factor, Action.CREATE, "factor.add", by)
    if Authenticator.objects.filter(user_id=person.pk, type=Kind.RECOVERY_CODES).exists():
        return []
    return _codes(person, by)


def _codes(person: AbstractBaseUser, by: Actor) -> list[str]:
    made = RecoveryCodes.activate(person)
    _record(made.instance, Action.CREATE, "factor.codes", by)
    return made.generate_codes()


def _record(factor: Authenticator, action: Action, activity: str, by: Actor) -> None:
    record(
        by=by,
        action=action,
        activity=activity,
        entity_type="Factor",
        entity_id=factor.pk,
        purpose="",
        detail={"kind": str(factor.type), "person": key_of(factor.user)},
    )

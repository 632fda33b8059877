"""Passkeys and security keys (WebAuthn): what the browser is asked, and whether its answer holds."""

import json
import struct
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

_LONGEST = 20_000
# What the parsers raise on answers that no browser gives.
BROKEN = (
    *(ValidationError, InvalidSignature, struct.error),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError),
)


class KeyRefusedError(ValueError):
    """The browser's answer is no proof; the sentence is for the person."""


def creation_options(user: AbstractBaseUser) -> str:
    """What ``navigator.credentials.create`` is asked, as JSON; the challenge waits in the session."""
    return written(auth.begin_registration(user, False))


def request_options(user: AbstractBaseUser) -> str:
    """What ``navigator.credentials.get`` is asked, as JSON; the challenge waits in the session."""
    return written(auth.begin_authentication(user))


def checked_new(answer: str) -> dict[str, Any]:
    """A new credential whose answer fits the challenge of this session, which is used up.

    Raises
    ------
    KeyRefusedError
    """
    credential = read(answer)
    try:
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
    except BROKEN as error:
        raise KeyRefusedError(_("The key could not be added. Try again, and answer while the page is open.")) from error
    finally:
        auth.clear_state()
    return credential


def use(user: AbstractBaseUser, answer: str) -> Authenticator | None:
    """The person's key that signed the challenge of this session, which is used up; None where none did."""
    try:
        credential = read(answer)
        auth.parse_authentication_response(credential)
        key = auth.complete_authentication(user, credential)
    except BROKEN:
        return None
    finally:
        auth.clear_state()
    key.last_used_at = timezone.now()
    key.save(update_fields=["last_used_at"])
    return key


def read(answer: str) -> dict[str, Any]:
    """What the browser sent, as the library takes it; raises `KeyRefusedError` where that is nothing."""
    try:
        credential = json.loads(answer[:_LONGEST])
    except (ValueError, RecursionError):
        credential = None
    if not isinstance(credential, dict):
        raise KeyRefusedError(_("The browser sent no key. Try again; the page needs JavaScript for keys."))
    return credential


def written(options: dict[str, Any]) -> str:
    """Options as the JSON that the page's script reads."""
    return json.dumps(options, default=dict)

"""Texts that nobody reads in the database or in its backups: sealed with the site's secret key."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealError(ValueError):
    """What was sealed with a key of the site that is gone, and opens no more."""


def seal(text: str, what: str) -> str:
    """`text`, sealed for one purpose; what is sealed for another does not open it."""
    return _box(what).encrypt(text.encode()).decode()


def unseal(sealed: str, what: str) -> str:
    """The text again.

    Raises
    ------
    SealError
        Neither the secret key nor one that it replaced opens it.
    """
    try:
        return _box(what).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealError(f"the {what} were sealed with a key of the site that is gone; set them anew") from error


def _box(what: str) -> MultiFernet:
    """Sealed with the site's secret key; those that it replaced still open what they sealed."""
    return MultiFernet([_fernet(key, what) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(key: str, what: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=f"patient-twin {what}".encode()).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))

"""Ed25519 signatures (RFC 8032) of what must hold outside the database: the key that signs, the keys that check."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

_PUBLIC_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class SigningKeyError(RuntimeError):
    """A key that cannot be used; names where it came from and the remedy."""


def canonical(statement: dict[str, Any]) -> bytes:
    """The bytes that are signed and hashed: JSON with sorted keys, without spaces, in ASCII."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode(
        "ascii"
    )


def digest(statement: dict[str, Any]) -> str:
    """SHA-256 of a statement, in hex."""
    return hashlib.sha256(canonical(statement)).hexdigest()


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of the 32 bytes of a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


class Signer:
    """This site's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key()
        self.key_id = key_id(self.public)

    def sign(self, statement: dict[str, Any]) -> str:
        """The signature of a statement, in base64."""
        return base64.b64encode(self._key.sign(canonical(statement))).decode("ascii")

    def public_pem(self) -> str:
        return self.public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode("ascii")


class Keyring:
    """Public keys by their id."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys = {key_id(key): key for key in keys}

    def fault(self, statement: dict[str, Any], key: str, signature: str) -> str:
        """What is wrong with the signature of a statement; empty where it is right."""
        public = self._keys.get(key)
        if public is None:
            known = ", ".join(self._keys) or "none"
            return f"it is signed with the key {key}, which is not among those given ({known})"
        try:
            public.verify(base64.b64decode(signature, validate=True), canonical(statement))
        except (InvalidSignature, binascii.Error, ValueError):
            return f"its signature does not fit the key {key}: it was changed or forged"
        return ""


def signer() -> Signer:
    """The key of ``AUDIT_SIGNING_KEY``.

    Raises
    ------
    SigningKeyError
        It is no Ed25519 private key in PEM.
    """
    try:
        key = serialization.load_pem_private_key(settings.AUDIT_SIGNING_KEY.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(
            "AUDIT_SIGNING_KEY is no private key without a password; make one with openssl genpkey -algorithm ed25519"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError("AUDIT_SIGNING_KEY is no Ed25519 key; make one with openssl genpkey -algorithm ed25519")
    return Signer(key)


def keyring() -> Keyring:
    """This site's own key and those it retired (``AUDIT_RETIRED_KEYS``)."""
    retired = _public_keys(settings.AUDIT_RETIRED_KEYS, "AUDIT_RETIRED_KEYS") if settings.AUDIT_RETIRED_KEYS else []
    return Keyring([signer().public, *retired])


def keyring_of(text: str, where: str) -> Keyring:
    """The keys of a file of one or more public keys in PEM, and no others."""
    return Keyring(_public_keys(text, where))


def _public_keys(text: str, where: str) -> list[Ed25519PublicKey]:
    found = []
    for pem in _PUBLIC_PEM.findall(text):
        try:
            key = serialization.load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SigningKeyError(
                f"{where} holds a public key that cannot be read; give what audit_key prints"
            ) from error
        if not isinstance(key, Ed25519PublicKey):
            raise SigningKeyError(f"{where} holds a key that is not Ed25519; give what audit_key prints")
        found.append(key)
    if not found:
        raise SigningKeyError(f"{where} holds no public key in PEM; give what audit_key prints")
    return found

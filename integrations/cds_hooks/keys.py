"""The public keys of a client: by value, or from the one address that the setting names, kept for a while."""

import functools
import logging
import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

log = logging.getLogger(__name__)

_SHORTEST_RSA_BITS = 2048
_KEEP_S = 3600.0
"""How long fetched keys are used where the server says nothing; what it says is obeyed between `_AGAIN_S` and a day."""
_LONGEST_S = 24 * 3600.0
_AGAIN_S = 30.0
"""A key that is not among those kept makes us look again, but not more often: tokens with made-up names cost little."""
_TIMEOUT_S = 3.0
_LARGEST_BYTES = 256 * 1024


class KeysUnavailableError(RuntimeError):
    """The keys could not be fetched and none are kept."""


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


@dataclass(slots=True)
class _Kept:
    keys: dict[str, RSAKey | ECKey]
    fetched: float
    fresh_until: float


_kept: dict[str, _Kept] = {}
_lock = threading.Lock()


@functools.lru_cache(maxsize=64)
def key_set(text: str) -> dict[str, RSAKey | ECKey]:
    """The keys of a JWK Set that a token may be signed with, by name: RSA of 2048 bits and more, and P-384.

    A key that cannot be used is left out, and keeps no other out.

    Raises
    ------
    ValueError
        If it is no JWK Set.
    """
    listed = msgspec.json.decode(text, type=_KeySet).keys
    found: dict[str, RSAKey | ECKey] = {}
    for entry in listed:
        if entry.get("kty") not in ("RSA", "EC") or entry.get("use", "sig") != "sig" or not entry.get("kid"):
            continue
        try:
            key = KeySet.import_key_set({"keys": [entry]}).keys[0]
        except (JoseError, ValueError, TypeError, LookupError) as error:
            log.warning("the key %r cannot be read: %s", entry["kid"], error)
            continue
        if isinstance(key, RSAKey | ECKey) and _is_strong(key):
            found[entry["kid"]] = key
    return found


def _is_strong(key: RSAKey | ECKey) -> bool:
    if isinstance(key, RSAKey):
        return key.public_key.key_size >= _SHORTEST_RSA_BITS
    return key.curve_name == "P-384"


def key_named(name: str, *, jwks: str, jwks_url: str) -> RSAKey | ECKey | None:
    """The key called `name`, or None.

    Raises
    ------
    KeysUnavailableError
        If the address did not answer with a JWK Set and nothing is kept of it.
    """
    if jwks:
        return key_set(jwks).get(name)
    now = time.monotonic()
    with _lock:
        kept = _kept.get(jwks_url)
        due = kept is None or now >= kept.fresh_until or (name not in kept.keys and now >= kept.fetched + _AGAIN_S)
        if due:
            try:
                kept = _kept[jwks_url] = _fetch(jwks_url, now)
            except (httpx.HTTPError, ValueError) as error:
                if kept is None:
                    raise KeysUnavailableError(f"{jwks_url} gave no JWK Set ({type(error).__name__})") from error
                kept.fetched = now  # a server that is down keeps nobody out whose key is known
    return kept.keys.get(name) if kept else None


def forget() -> None:
    """Let go of all fetched keys."""
    with _lock:
        _kept.clear()


def _fetch(url: str, now: float) -> _Kept:
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client, client.stream("GET", url) as answer:
        answer.raise_for_status()
        content = b""
        for part in answer.iter_bytes():
            content += part
            if len(content) > _LARGEST_BYTES:
                raise ValueError(f"{url} is longer than {_LARGEST_BYTES} bytes")
        age = re.search(r"max-age=(\d{1,9})", answer.headers.get("Cache-Control", ""))
    keep = min(max(float(age[1]), _AGAIN_S), _LONGEST_S) if age else _KEEP_S
    return _Kept(key_set(content.decode()), now, now + keep)

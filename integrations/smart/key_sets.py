"""The public keys of clients: by value as registered, or by URL as served, kept as long as its headers allow."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from integrations.smart.models import SmartClient
from integrations.smart.outside import Document, OutsideError, fetch_json

ALGORITHMS = ("RS384", "ES384")
MOST_KEYS = 20
SHORTEST_RSA_BITS = 2048
LONGEST_KEPT_S = 24 * 3600
UNSAID_KEPT_S = 300
"""For how long a set is kept whose server says nothing about it."""
ASKED_AGAIN_S = 30
"""A key that is not in a kept set is looked for again, but not more often than this at one address."""
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySetError(Exception):
    """A key set that cannot be used; names the place and the remedy."""


def check_key_set(value: Any) -> dict[str, Any]:
    """The usable keys of a JWKS, with nothing else in it.

    Raises
    ------
    KeySetError
        It is no JWKS, holds a private or symmetric key, or no key that RS384 or ES384 can be verified with.
    """
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeySetError(_('keys is missing; give a JWKS: {"keys": [{"kty": "EC", …}]}'))
    if len(keys) > MOST_KEYS:
        raise KeySetError(
            _("keys has %(number)d keys; give %(most)d at most") % {"number": len(keys), "most": MOST_KEYS}
        )
    if any(_SECRET_MEMBERS & set(key) for key in keys):
        raise KeySetError(
            _("a key holds its private part; give the public keys alone, and make new ones: these are known")
        )
    usable = [key for key in keys if _is_usable(key)]
    if not usable:
        raise KeySetError(
            _("no key has a kid and is an EC key of P-384 or an RSA key of at least %(bits)d bits; add one")
            % {"bits": SHORTEST_RSA_BITS}
        )
    return {"keys": usable}


def key_for(client: SmartClient, kid: str, algorithm: str) -> ECKey | RSAKey:
    """The client's key of this id for this algorithm.

    Raises
    ------
    KeySetError
        There is none, or the set cannot be had.
    """
    found = key_named(kid, algorithm, jwks=client.jwks, url=client.jwks_url)
    if found is None:
        raise KeySetError(f"the client has no {algorithm} key with the kid {kid[:100]!r}; register or serve it")
    return found


def key_named(
    kid: str, algorithm: str, *, jwks: Mapping[str, Any] | None, url: str, ours: bool = False
) -> ECKey | RSAKey | None:
    """The key of this id for this algorithm in the set that is served at `url`, else in `jwks`; None without one.

    `ours` is an address that a setting of this site names: it may be private, and what it served last is good for a
    day while it cannot be had.

    Raises
    ------
    KeySetError
        The set cannot be had.
    """
    if not url:
        return _pick(jwks or {}, kid, algorithm)
    found = _pick(_served(url, ours), kid, algorithm)
    if found is None and cache.add(f"{_name(url)}-again", True, timeout=ASKED_AGAIN_S):
        found = _pick(_served(url, ours, anew=True), kid, algorithm)
    return found


def fetched(url: str, *, ours: bool = False) -> tuple[dict[str, Any], int]:
    """The key set at `url` and for how many seconds it may be kept."""
    try:
        document = fetch_json(url, ours=ours)
    except OutsideError as error:
        raise KeySetError(str(error)) from error
    return check_key_set(document.content), _kept_s(document)


def _name(url: str) -> str:
    return "smart-jwks-" + hashlib.sha256(url.encode()).hexdigest()


def _served(url: str, ours: bool, *, anew: bool = False) -> Mapping[str, Any]:
    name = _name(url)
    kept = None if anew else cache.get(name)
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    try:
        keys, seconds = fetched(url, ours=ours)
    except KeySetError:
        last = cache.get(f"{name}-last") if ours else None
        if last is None:
            raise
        cache.set(name, last, timeout=ASKED_AGAIN_S)
        return last  # type: ignore[no-any-return]
    if ours:
        cache.set(f"{name}-last", keys, timeout=LONGEST_KEPT_S)
    if seconds:
        cache.set(name, keys, timeout=seconds)
    else:
        cache.delete(name)
    return keys


def _kept_s(document: Document) -> int:
    control = document.headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return 0
    match = re.search(r"max-age=(\d{1,9})", control)
    if match is None:
        return UNSAID_KEPT_S
    age = document.headers.get("age", "0")
    spent = int(age) if age.isascii() and age.isdecimal() and len(age) < 10 else 0
    return min(max(int(match[1]) - spent, 0), LONGEST_KEPT_S)


def _pick(keys: Mapping[str, Any], kid: str, algorithm: str) -> ECKey | RSAKey | None:
    kind = "EC" if algorithm == "ES384" else "RSA"
    for key in keys.get("keys", []):
        if key.get("kid") == kid and key.get("kty") == kind and key.get("alg", algorithm) == algorithm:
            return import_key(key)  # type: ignore[return-value]
    return None


def _is_usable(key: dict[str, Any]) -> bool:
    """Whether RS384 or ES384 can be verified with it: it has a name, is for that, and is strong enough."""
    if key.get("kty") not in ("EC", "RSA") or key.get("use", "sig") != "sig":
        return False
    if not isinstance(key.get("kid"), str) or not key["kid"]:
        return False
    if "verify" not in (key.get("key_ops") or ["verify"]) or key.get("alg") not in (None, *ALGORITHMS):
        return False
    try:
        imported = import_key(key)
        if isinstance(imported, ECKey):
            return imported.curve_name == "P-384"
        return isinstance(imported, RSAKey) and imported.public_key.key_size >= SHORTEST_RSA_BITS
    except (JoseError, ValueError, TypeError, KeyError):
        return False

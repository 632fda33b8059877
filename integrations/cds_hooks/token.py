"""Who calls: a JSON Web Token that the client signed for exactly this address, used once.

CDS Hooks 2.0, "Trusting CDS Clients" (https://cds-hooks.hl7.org/2.0/): ES384 and RS384 are recommended; ``none`` and
whatever is signed with a shared secret are forbidden.
"""

import hashlib
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from joserfc import jws
from joserfc.errors import JoseError

from integrations.cds_hooks.models import UsedToken
from integrations.cds_hooks.trust import Client, client_of
from integrations.smart.key_sets import ALGORITHMS, key_named

LONGEST_S = 300
"""How far ahead a token may expire, as SMART Backend Services has it; it is remembered until then."""
CLOCKS_DIFFER_S = 60
_LONGEST_TOKEN = 8192


class TokenError(ValueError):
    """A token that is not accepted; says which part of it and what it must be."""


class UntrustedIssuerError(TokenError):
    """A token of an issuer that is not on the list."""


def verify(token: str, audiences: Collection[str]) -> Client:
    """The client that signed `token` for one of `audiences`; from then on the token is used.

    Raises
    ------
    TokenError
        If anything about it is wrong, or it was used before.
    KeySetError
        If the client's keys cannot be had.
    """
    header, claims, signed = _taken_apart(token)
    client = _client(claims)
    if "jku" in header and header["jku"] != (client.jwks_url or None):
        raise TokenError("jku is not the address that was agreed on; leave it out, or send that address")
    jwks = msgspec.json.decode(client.jwks) if client.jwks else None
    key = key_named(header["kid"], header["alg"], jwks=jwks, url=client.jwks_url, ours=True)
    if key is None:
        raise TokenError(f"kid names no {header['alg']} key of the client's JWK Set; publish it, then sign with it")
    try:
        jws.deserialize_compact(signed, key, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError) as error:
        raise TokenError("the signature does not verify; sign with the key that kid names") from error
    expires = _judged(claims, audiences)
    _use(client, claims["jti"], expires)
    return client


def _taken_apart(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any], bytes]:
    """Header and claims, neither of them trusted yet."""
    if len(token) > _LONGEST_TOKEN or token.count(".") != 2 or not token.isascii():
        raise TokenError("it is no JSON Web Token of usual length; send one in compact form")
    signed = token.encode()
    try:
        found = jws.extract_compact(signed)
        header, claims = found.headers(), msgspec.json.decode(found.payload)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenError("it cannot be read; send a JSON Web Token in compact form") from error
    if not isinstance(claims, dict):
        raise TokenError("its payload is no object; send the claims as a JSON object")
    if header.get("alg") not in ALGORITHMS:
        raise TokenError(f"alg is not accepted; sign with {' or '.join(ALGORITHMS)}")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise TokenError("typ is not JWT; send JWT")
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise TokenError("kid is missing; name the key that signed it")
    return header, claims, signed


def _client(claims: Mapping[str, Any]) -> Client:
    issuer, tenant = claims.get("iss"), claims.get("tenant", "")
    if not isinstance(issuer, str) or not isinstance(tenant, str):
        raise TokenError("iss or tenant is no text; send the issuer's address")
    client = client_of(issuer, tenant)
    if client is None:
        raise UntrustedIssuerError("its issuer is not on the list of clients that are answered here")
    return client


def _judged(claims: Mapping[str, Any], audiences: Collection[str]) -> float:
    """When the token expires, if its claims are right."""
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in audiences:
        raise TokenError(f"aud is not this address alone; sign it for {min(audiences, key=len)}")
    now = time.time()
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if expires <= now - CLOCKS_DIFFER_S:
        raise TokenError("exp is past; sign a new one for each request")
    if expires > now + LONGEST_S + CLOCKS_DIFFER_S:
        raise TokenError(f"exp lies more than {LONGEST_S} s ahead; sign a shorter one")
    if issued > now + CLOCKS_DIFFER_S or issued > expires:
        raise TokenError("iat lies ahead, or after exp; set the client's clock")
    if "nbf" in claims and _moment(claims, "nbf") > now + CLOCKS_DIFFER_S:
        raise TokenError("nbf lies ahead; send it when it holds")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255:
        raise TokenError("jti is missing or longer than 255 characters; give each token an id of its own")
    return expires


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise TokenError(f"{name} is missing or no time; send seconds since 1970")
    return float(value)


def _use(client: Client, jti: str, expires: float) -> None:
    """Write down that the token was used; of two requests with the same token, the database lets one through."""
    try:
        with transaction.atomic():
            UsedToken.objects.create(
                issuer=client.issuer,
                jti_sha256=hashlib.sha256(jti.encode("utf-8", "replace")).hexdigest(),
                expires=datetime.fromtimestamp(expires + 2 * CLOCKS_DIFFER_S, tz=UTC),
            )
    except IntegrityError as error:
        raise TokenError("its jti was used before; sign a new one for each request") from error


__all__ = ["ALGORITHMS", "TokenError", "UntrustedIssuerError", "verify"]

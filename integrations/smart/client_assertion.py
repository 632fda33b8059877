"""A client proves itself by a JWT that it signed: RFC 7523 as SMART Backend Services narrows it.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import base64
import hashlib
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from joserfc import jwt
from joserfc.errors import JoseError

from integrations.smart.key_sets import ALGORITHMS, KeySetError, key_for
from integrations.smart.models import Proof, SmartClient, UsedAssertion

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_S = 300
"""How far ahead `exp` may lie."""
SKEW_S = 5
"""By how much the client's clock may differ from ours."""
_LONGEST_TEXT = 8192


class AssertionRefused(Exception):
    """An assertion that proves nothing; names the claim and the remedy, never the assertion."""


def claimed_client(assertion: str) -> str:
    """The client id that an assertion names, which is not verified; empty where it names none."""
    if len(assertion) > _LONGEST_TEXT:
        return ""
    with suppress(ValueError, AttributeError, IndexError, RecursionError):
        claims = json.loads(_segment(assertion, 1))
        issuer = claims.get("iss")
        if isinstance(issuer, str) and "\x00" not in issuer:
            return issuer[:255]
    return ""


def verify(*, assertion: str, kind: str, client_id: str, token_url: str) -> SmartClient:
    """The client that signed the assertion for this token endpoint; its `jti` is used up.

    Raises
    ------
    AssertionRefused
        With what is wrong about it.
    """
    if kind != ASSERTION_TYPE:
        raise AssertionRefused(f"client_assertion_type is {kind[:100]!r}; send {ASSERTION_TYPE}")
    client, claims = _signed(assertion)
    name = client.application.client_id
    if claims.get("sub") != name:
        raise AssertionRefused("sub is not the client id; send the client id as iss and as sub")
    if client_id and client_id != name:
        raise AssertionRefused("client_id is not the assertion's iss; leave it out or send the same")
    audience = claims.get("aud")
    if token_url not in (audience if isinstance(audience, list) else [audience]):
        raise AssertionRefused(f"aud is not this endpoint; send {token_url}")
    expires = _check_times(claims)
    _use_up(name, claims.get("jti"), expires)
    return client


def _signed(assertion: str) -> tuple[SmartClient, dict[str, Any]]:
    """The client whose key the signature was made with, and the claims."""
    if len(assertion) > _LONGEST_TEXT:
        raise AssertionRefused(f"client_assertion has {len(assertion)} characters; send {_LONGEST_TEXT} at most")
    try:
        header = json.loads(_segment(assertion, 0))
        algorithm, kid = header.get("alg"), header.get("kid")
    except (ValueError, AttributeError, IndexError, RecursionError) as error:
        raise AssertionRefused("client_assertion is no JWT; send header.claims.signature") from error
    if algorithm not in ALGORITHMS:
        raise AssertionRefused(f"alg is {str(algorithm)[:20]!r}; sign with {' or '.join(ALGORITHMS)}")
    if not isinstance(kid, str) or not kid:
        raise AssertionRefused("kid is missing; name the key in the header")
    if header.get("typ", "JWT") != "JWT" or "crit" in header:
        raise AssertionRefused("typ is not JWT, or crit is there; send typ JWT and no crit")
    client = (
        SmartClient.objects.select_related("application__user")
        .filter(application__client_id=claimed_client(assertion), proof=Proof.KEY, disabled=None)
        .first()
    )
    if client is None:
        raise AssertionRefused("iss is no client that proves itself by a key; register it first")
    if header.get("jku", client.jwks_url) != client.jwks_url:
        raise AssertionRefused("jku is not the registered address of the key set; leave it out or register it")
    try:
        token = jwt.decode(assertion, key_for(client, kid, algorithm), algorithms=list(ALGORITHMS))
    except KeySetError as error:
        raise AssertionRefused(str(error)) from error
    except (JoseError, ValueError, TypeError) as error:
        raise AssertionRefused("the signature is not of the key that kid names; sign with that key") from error
    return client, dict(token.claims)


def _check_times(claims: dict[str, Any]) -> int:
    """The time of expiry (s since 1970)."""
    now = time.time()
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool) or not expires > now - SKEW_S:  # nor NaN
        raise AssertionRefused("exp is missing or past; send one within the next five minutes")
    if expires > now + LONGEST_S + SKEW_S:
        raise AssertionRefused(f"exp is more than {LONGEST_S} s ahead; send one within the next five minutes")
    for name in ("iat", "nbf"):
        moment = claims.get(name, 0)
        if not isinstance(moment, int | float) or moment > now + SKEW_S:
            raise AssertionRefused(f"{name} is in the future; set the client's clock")
    return int(expires)


def _use_up(client_id: str, jti: Any, expires: int) -> None:
    """Keep the id until the assertion is past; the unique key decides between two that come at once."""
    if not isinstance(jti, str) or not 1 <= len(jti) <= 255:
        raise AssertionRefused("jti is missing, or longer than 255 characters; send a new random one each time")
    digest = hashlib.sha256(f"{client_id}\n{jti}".encode("utf-8", "replace")).hexdigest()
    until = datetime.fromtimestamp(expires + SKEW_S, UTC)
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(digest=digest, expires=until)
    except IntegrityError as error:
        raise AssertionRefused("jti was used before; send a new random one each time") from error


def _segment(assertion: str, place: int) -> bytes:
    text = assertion.split(".")[place]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

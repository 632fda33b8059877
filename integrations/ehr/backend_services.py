"""SMART Backend Services: a token for a signed assertion, renewed before it expires or when it is refused.

Source: SMART App Launch 2.2.0, https://hl7.org/fhir/smart-app-launch/backend-services.html and
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html.
"""

import logging
import secrets
import threading
import time
from typing import TYPE_CHECKING

import msgspec
from joserfc import jwt

from integrations.ehr.access import AccessError
from integrations.ehr.address import AddressError, token_address
from integrations.ehr.client_key import ClientKey
from integrations.ehr.fault import FetchError, said

if TYPE_CHECKING:
    from integrations.ehr.client import Client

logger = logging.getLogger(__name__)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S = 240
"""How long an assertion holds; the specification allows five minutes, and clocks differ."""
_USUAL_LIFE_S = 300.0
"""Recommended life of a token, taken where the server does not say."""
_EARLY_S = 30.0


class _Discovered(msgspec.Struct):
    token_endpoint: str = ""


class _Token(msgspec.Struct):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind of token
    expires_in: float | str | None = None


class BackendServices:
    """Tokens of one client at one server.

    Parameters
    ----------
    client_id : str
        As registered with the server.
    key : ClientKey
        Whose public half is registered with it.
    scope : str
        Asked for, for example ``system/*.rs``.
    token_url : str
        Where tokens are given; by default as the server's ``.well-known/smart-configuration`` says.
    """

    def __init__(self, *, client_id: str, key: ClientKey, scope: str, token_url: str = "") -> None:
        if not client_id:
            raise AccessError("the client id is empty; give the one that the server registered")
        self._client_id = client_id
        self._key = key
        self._scope = scope
        self._token_url = token_url
        self._lock = threading.Lock()
        self._held = ""
        self._renew_at = 0.0

    def token(self, client: "Client") -> str:
        """A token that holds for a while yet.

        Raises
        ------
        FetchError
            If the server gives none.
        """
        with self._lock:
            if not self._held or time.monotonic() >= self._renew_at:
                self._held, life_s = self._ask(client)
                # Early, for the request takes its time; a short life is used to its greater part.
                self._renew_at = time.monotonic() + life_s - min(_EARLY_S, life_s / 4)
            return self._held

    def refused(self, token: str) -> bool:
        """Forget `token`, unless another thread has replaced it already."""
        with self._lock:
            if self._held == token:
                self._held = ""
            return True

    def _ask(self, client: "Client") -> tuple[str, float]:
        if not self._token_url:
            self._token_url = self._discover(client)
        answer = client.post_form(self._token_url, self._fields)
        if answer.status != 200:
            raise FetchError(
                self._token_url,
                f"status {answer.status} ({said(answer.content)}) to the request for a token; check client id, key, "
                "kid and scope with those who run the server",
                status=answer.status,
            )
        try:
            given = msgspec.json.decode(answer.content, type=_Token)
            life_s = float(given.expires_in or _USUAL_LIFE_S)
        except (msgspec.MsgspecError, ValueError) as error:
            raise FetchError(self._token_url, f"the answer is no token ({error}); check the token address") from error
        if given.token_type.lower() != "bearer":
            raise FetchError(self._token_url, f"token_type is {given.token_type[:40]!r}; only bearer is known here")
        logger.info("a token for %s, which holds for %g s", client.base, life_s)
        return given.access_token, max(life_s, 1.0)

    def _fields(self) -> dict[str, str]:
        """The form of one request; a server takes each assertion once, so each try has its own."""
        now = int(time.time())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._token_url,
            "iat": now,
            "exp": now + ASSERTION_S,
            "jti": secrets.token_urlsafe(32),
        }
        header = {"alg": self._key.algorithm, "kid": self._key.key_id, "typ": "JWT"}
        return {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(header, claims, self._key.key, algorithms=[self._key.algorithm]),
        }

    def _discover(self, client: "Client") -> str:
        answer = client.send("GET", ".well-known/smart-configuration", anonymous=True)
        try:
            found = msgspec.json.decode(answer.content, type=_Discovered).token_endpoint
        except msgspec.MsgspecError as error:
            raise FetchError(answer.url, f"is no SMART configuration ({error}); name the token address") from error
        if not found:
            raise FetchError(answer.url, "names no token_endpoint; name the token address")
        try:
            return token_address(client.base, found)
        except AddressError as error:
            raise FetchError(answer.url, str(error)) from error

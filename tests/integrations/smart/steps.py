"""The steps of the flows, as apps and systems take them."""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from clinic.access.roles import Role
from clinic.audit.event import Actor
from integrations.smart.models import Kind, Proof, SmartClient
from integrations.smart.registration import Asked, register

SERVER = "http://testserver"
BASE = f"{SERVER}/fhir"
TOKEN_URL = f"{SERVER}/oauth/token"
REDIRECT = "https://app.example/back"
VERIFIER = "v" * 64
SCOPE = "launch/patient openid fhirUser profile offline_access patient/*.rs user/Observation.rs"
ADMINISTRATOR = Actor("user-0", (Role.ADMINISTRATOR.value,))
ES384 = ECKey.generate_key("P-384", {"kid": "ec", "use": "sig", "alg": "ES384"})
RS384 = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig", "alg": "RS384"})
KEYS: dict[str, Any] = {"keys": [ES384.as_dict(private=False), RS384.as_dict(private=False)]}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def app(*, scope: str = f"launch {SCOPE} online_access", proof: Proof = Proof.NOTHING, **more: Any) -> SmartClient:
    """A registered app that people use."""
    return registered(
        kind=Kind.PUBLIC if proof is Proof.NOTHING else Kind.CONFIDENTIAL,
        proof=proof,
        scope=scope,
        redirect_uris=(REDIRECT,),
        jwks=KEYS if proof is Proof.KEY else None,
        **more,
    )[0]


def system(*, scope: str = "system/*.rs", **more: Any) -> SmartClient:
    """A registered system, which proves itself by its keys."""
    keys = {"jwks": None if "jwks_url" in more else KEYS, **more}
    return registered(kind=Kind.BACKEND, proof=Proof.KEY, scope=scope, redirect_uris=(), **keys)[0]


def registered(**fields: Any) -> tuple[SmartClient, str]:
    asked = Asked(**{"name": "Growth chart", **fields})
    return register(asked=asked, by=ADMINISTRATOR)


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def question(client: SmartClient, **changed: Any) -> str:
    """The address that an app sends a person to; None leaves a parameter out."""
    query = {
        "response_type": "code",
        "client_id": client.application.client_id,
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "s-1",
        "aud": BASE,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changed,
    }
    return "/oauth/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})


def told(answer: Any) -> dict[str, str]:
    """What a redirect tells the app."""
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(REDIRECT + "?"), answer["Location"]
    return dict(parse_qsl(urlsplit(answer["Location"]).query))


def allow(browser: Client, address: str, *, patient: Any = None, scopes: list[str] | None = None) -> dict[str, str]:
    """Press Allow; by default with everything ticked that the page offers."""
    if scopes is None:
        shown = browser.get(address)
        assert shown.status_code == 200, (shown.status_code, shown.get("Location"), shown.content)
        scopes = [scope for scope, _words in shown.context["question"].in_words]
    form: dict[str, Any] = {"answer": "allow", "scope": scopes}
    if patient is not None:
        form["patient"] = str(patient.pk)
    return told(browser.post(address, form))


def code_form(client: SmartClient, sent: str, **changed: Any) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": sent,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": client.application.client_id,
        **changed,
    }
    return {name: value for name, value in form.items() if value is not None}


def token(browser: Client, client: SmartClient, patient: Any = None, **changed: Any) -> dict[str, Any]:
    """The whole way: the token response of an app that a person allowed everything."""
    code = allow(browser, question(client, **changed), patient=patient)["code"]
    answer = Client().post("/oauth/token", code_form(client, code))
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def assertion(client: SmartClient, *, key: Any = ES384, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A signed assertion; claims and header as given, None leaves one out."""
    return signed_for(client.application.client_id, TOKEN_URL, key=key, header=header, **changed)


def signed_for(
    name: str, address: str, *, key: Any = ES384, header: dict[str, Any] | None = None, **changed: Any
) -> str:
    """The same for a client id and the address of a token endpoint."""
    claims = {
        "iss": name,
        "sub": name,
        "aud": address,
        "exp": int(time.time()) + 240,
        "jti": secrets.token_urlsafe(16),
        **changed,
    }
    top = {"alg": key.alg, "kid": key.kid, "typ": "JWT", **(header or {})}
    return jwt.encode(
        {name: value for name, value in top.items() if value is not None},
        {name: value for name, value in claims.items() if value is not None},
        key,
        algorithms=["ES384", "RS384", "RS256", "ES256", "HS256"],
    )


def assertion_form(text: str, **changed: Any) -> dict[str, Any]:
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": text,
        **changed,
    }
    return {name: value for name, value in form.items() if value is not None}


def in_force(text: str) -> bool:
    """Whether the door knows the token; how far it goes is another question."""
    return Client().get("/fhir/Patient/ward.p1", headers=bearer(text)).status_code != 401


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}

"""A system proves itself by a signed assertion and gets a short token; whatever is wrong with the proof gets none."""

import base64
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from django.test import Client
from django.utils import timezone
from joserfc.jwk import ECKey, OctKey, RSAKey
from oauth2_provider.models import AccessToken

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import Patient
from integrations.fhir.authentication import REFUSALS_A_MINUTE
from integrations.smart.forget import forget_expired
from integrations.smart.models import LaunchContext, UsedAssertion
from integrations.smart.registration import disable
from tests.integrations.smart.steps import (
    ADMINISTRATOR,
    ES384,
    RS384,
    TOKEN_URL,
    app,
    assertion,
    assertion_form,
    bearer,
    system,
)

pytestmark = pytest.mark.django_db


def ask(form: dict[str, Any]) -> Any:
    return Client().post("/oauth/token", form)


@pytest.mark.parametrize("key", [ES384, RS384], ids=["ES384", "RS384"])
def test_a_signed_assertion_gets_a_token_of_five_minutes_that_opens_the_door(patient: Patient, key: Any) -> None:
    client = system()
    answer = ask(assertion_form(assertion(client, key=key)))
    given = answer.json()
    assert answer.status_code == 200, answer.content
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    assert answer["Content-Type"] == "application/json"
    assert given["token_type"].lower() == "bearer"
    assert (given["expires_in"], given["scope"]) == (300, "system/*.rs")
    assert "refresh_token" not in given
    assert Client().get("/fhir/Patient/ward.p1", headers=bearer(given["access_token"])).status_code == 200
    event = AuditEvent.objects.get(activity="oauth.token")
    assert event.outcome == Outcome.SUCCESS
    assert event.detail["client"] == client.application.client_id
    assert len(event.detail["jti"]) == 32
    assert AuditEvent.objects.get(activity="fhir.read").actor == event.actor


def test_the_audience_may_be_one_of_a_list_and_iat_and_nbf_may_be_there() -> None:
    now = int(time.time())
    text = assertion(system(), aud=["https://other.example", TOKEN_URL], iat=now, nbf=now)
    assert ask(assertion_form(text)).status_code == 200


CLAIMS: list[dict[str, Any]] = [
    *({"iss": None}, {"iss": "nobody"}, {"iss": 7}, {"iss": "\x00"}),
    *({"sub": None}, {"sub": "nobody"}),
    *({"aud": None}, {"aud": "http://testserver"}, {"aud": TOKEN_URL + "/"}, {"aud": ["http://testserver/fhir"]}),
    *(
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": -60},
        {"exp": 400},
        {"exp": 3600},
        {"exp": 1e400},
        {"exp": float("nan")},
    ),
    *({"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 256}),
    *({"nbf": 600}, {"iat": 600}, {"iat": "now"}),
]


@pytest.mark.parametrize("changed", CLAIMS, ids=str)
def test_a_wrong_claim_gets_no_token(changed: dict[str, Any]) -> None:
    client = system()
    now = int(time.time())
    relative = ("exp", "nbf", "iat")
    claims = {
        name: now + value if name in relative and isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in changed.items()
    }
    refused(ask(assertion_form(assertion(client, **claims))))


HEADERS: list[dict[str, Any]] = [
    *({"kid": None}, {"kid": "other"}, {"kid": ""}, {"kid": 7}),
    *({"typ": "at+jwt"}, {"crit": ["exp"]}, {"jku": "https://evil.example/jwks"}),
]


@pytest.mark.parametrize("header", HEADERS, ids=str)
def test_a_wrong_header_gets_no_token(header: dict[str, Any]) -> None:
    refused(ask(assertion_form(forged(system(), header))))


def forged(client: Any, header: dict[str, Any]) -> str:
    """An assertion rightly signed below a header that no library would write."""
    _old, claims, _signature = assertion(client).split(".")
    top = {name: value for name, value in {"alg": "ES384", "kid": "ec", **header}.items() if value is not None}
    signed = f"{_segment(json.dumps(top).encode())}.{claims}"
    one, two = decode_dss_signature(ES384.private_key.sign(signed.encode(), ECDSA(SHA384())))
    return f"{signed}.{_segment(one.to_bytes(48, 'big') + two.to_bytes(48, 'big'))}"


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_the_forgers_signature_is_right() -> None:
    assert ask(assertion_form(forged(system(), {"typ": "JWT"}))).status_code == 200


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384"}), {}),
        (RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS384"}), {}),
        (RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS256"}), {}),
        (ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"}), {}),
        (OctKey.generate_key(256, {"kid": "ec", "alg": "HS256"}), {}),
    ],
    ids=["another-key", "another-rsa-key", "RS256", "ES256", "HS256"],
)
def test_another_key_or_algorithm_gets_no_token(key: Any, header: dict[str, Any]) -> None:
    refused(ask(assertion_form(assertion(system(), key=key, header=header))))


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "e30.e30.", "e30.W10.x", "." * 5, "x" * 9000, "é.é.é"])
def test_what_is_no_assertion_gets_no_token(text: str) -> None:
    refused(ask(assertion_form(text)))


def test_an_unsigned_assertion_gets_no_token() -> None:
    client = system()
    text = forged(client, {"alg": "none"})
    refused(ask(assertion_form(text.rpartition(".")[0] + ".")))


@pytest.mark.parametrize(
    "changed",
    [
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": None},
        {"client_id": "nobody"},
        {"grant_type": None},
        {"grant_type": "nonsense"},
    ],
    ids=str,
)
def test_a_wrong_form_gets_no_token(changed: dict[str, Any]) -> None:
    answer = ask(assertion_form(assertion(system()), **changed))
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_client", "invalid_request", "unsupported_grant_type")
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize(
    "scope",
    [
        *(None, "", "nonsense", "system/Nonsense.rs", "system/*.unknownAction", "patient/*.rs", "user/*.rs"),
        *("launch openid fhirUser", "system/*.rs offline_access", "system/Observation.cud"),
    ],
)
def test_a_system_says_what_it_asks_for_and_asks_only_for_what_it_may_have(scope: str | None) -> None:
    answer = ask(assertion_form(assertion(system()), scope=scope))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert not AccessToken.objects.exists()


def test_a_system_is_given_no_more_than_it_is_registered_for(patient: Patient) -> None:
    client = system(scope="system/Patient.rs system/Observation.r")
    given = ask(assertion_form(assertion(client), scope="system/*.read")).json()
    assert given["scope"] == "system/Patient.rs system/Observation.r"
    headers = bearer(given["access_token"])
    assert Client().get("/fhir/Patient", headers=headers).status_code == 200
    assert Client().get("/fhir/Observation", headers=headers).status_code == 403


def test_an_assertion_is_good_once() -> None:
    form = assertion_form(assertion(system()))
    assert ask(form).status_code == 200
    answer = refused(ask(form), issued=1)
    assert "jti" in answer["error_description"]


def test_a_jti_is_used_up_by_a_request_that_is_refused_for_its_scope() -> None:
    form = assertion_form(assertion(system()), scope="nonsense")
    assert ask(form).json()["error"] == "invalid_scope"
    refused(ask({**form, "scope": "system/*.rs"}))


def test_two_clients_may_use_the_same_jti() -> None:
    for client in (system(), system()):
        assert ask(assertion_form(assertion(client, jti="one"))).status_code == 200


def test_a_disabled_system_gets_no_token_and_its_tokens_end(patient: Patient) -> None:
    client = system()
    given = ask(assertion_form(assertion(client))).json()
    disable(client=client, by=ADMINISTRATOR)
    refused(ask(assertion_form(assertion(client))))
    assert Client().get("/fhir/Patient", headers=bearer(given["access_token"])).status_code == 401


def test_a_system_with_keys_cannot_prove_itself_by_a_secret() -> None:
    client = system()
    client.application.client_secret = "known to somebody"
    client.application.save()
    form = {"grant_type": "client_credentials", "client_id": client.application.client_id}
    refused(ask({**form, "client_secret": "known to somebody", "scope": "system/*.rs"}))


def test_an_app_of_people_gets_no_system_token() -> None:
    client = app()
    form = {"grant_type": "client_credentials", "client_id": client.application.client_id, "scope": "system/*.rs"}
    for secret in (None, "", "x"):
        refused(ask(form if secret is None else {**form, "client_secret": secret}))


def test_wrong_assertions_are_bounded_for_one_client_and_leave_others_alone() -> None:
    client, good = system(), system()
    answers = [
        ask(assertion_form(assertion(client, aud="https://elsewhere.example"))).status_code
        for _ in range(REFUSALS_A_MINUTE + 2)
    ]
    assert answers == [401] * REFUSALS_A_MINUTE + [429] * 2
    assert ask(assertion_form(assertion(good))).status_code == 200
    slow = ask(assertion_form(assertion(client)))
    assert (slow.json()["error"], slow["Retry-After"]) == ("slow_down", "60")


def test_used_assertions_are_forgotten_when_they_are_past(patient: Patient) -> None:
    client = system()
    ask(assertion_form(assertion(client)))
    forget_expired()
    assert UsedAssertion.objects.count() == 1
    UsedAssertion.objects.update(expires=timezone.now() - timedelta(seconds=1))
    LaunchContext.objects.create(digest="d", subject_id=patient.pk, expires=timezone.now() - timedelta(days=2))
    forget_expired()
    assert not UsedAssertion.objects.exists()
    assert not LaunchContext.objects.exists()


def refused(answer: Any, issued: int = 0) -> dict[str, str]:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert AccessToken.objects.count() == issued
    refusals = AuditEvent.objects.filter(activity="oauth.token", outcome=Outcome.REFUSED)
    assert refusals.exists()
    assert "client_assertion" not in json.dumps([event.detail for event in refusals])
    return answer.json()  # type: ignore[no-any-return]

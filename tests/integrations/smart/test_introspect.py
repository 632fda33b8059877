"""Whether a token is in force: told to the client that it belongs to, and to resource servers."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import Patient
from integrations.fhir.authentication import REFUSALS_A_MINUTE
from integrations.smart.models import Kind, Proof
from tests.integrations.smart.steps import (
    BASE,
    SCOPE,
    SERVER,
    app,
    assertion,
    assertion_form,
    registered,
    system,
    token,
)

pytestmark = pytest.mark.django_db


def secret_system(*, introspects: bool = False) -> dict[str, str]:
    client, secret = registered(
        kind=Kind.BACKEND, proof=Proof.SECRET, scope="system/*.rs", redirect_uris=(), introspects=introspects
    )
    return {"client_id": client.application.client_id, "client_secret": secret}


def ask(text: str, **proof: str) -> Any:
    return Client().post("/oauth/introspect", {"token": text, **proof})


def test_a_resource_server_learns_what_a_token_is_for(browser: Client, cleo: User, patient: Patient) -> None:
    client = app()
    given = token(browser, client, patient)
    answer = ask(given["access_token"], **secret_system(introspects=True))
    told = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert told["active"] is True
    assert (told["scope"], told["client_id"], told["patient"]) == (SCOPE, client.application.client_id, "ward.p1")
    assert told["fhirUser"] == f"{BASE}/Practitioner/user-{cleo.pk}"
    assert (told["iss"], told["aud"], told["sub"]) == (SERVER, BASE, f"user-{cleo.pk}")
    assert told["exp"] - told["iat"] == pytest.approx(300, abs=2)
    detail = AuditEvent.objects.get(activity="oauth.token").detail
    assert told["jti"] == detail["jti"], "the same name as in the trail"
    assert AuditEvent.objects.filter(activity="oauth.introspect", outcome=Outcome.SUCCESS).count() == 1
    assert given["access_token"] not in json.dumps([event.detail for event in AuditEvent.objects.all()])


def test_a_client_learns_of_its_own_tokens_alone(browser: Client, patient: Patient) -> None:
    proof = secret_system()
    own = Client().post("/oauth/token", {"grant_type": "client_credentials", **proof}).json()["access_token"]
    assert ask(own, **proof).json()["active"] is True
    theirs = token(browser, app(), patient)["access_token"]
    assert ask(theirs, **proof).json() == {"active": False}


def test_a_client_with_keys_proves_itself_by_an_assertion() -> None:
    client = system()
    own = Client().post("/oauth/token", assertion_form(assertion(client))).json()["access_token"]
    proof = {name: value for name, value in assertion_form(assertion(client)).items() if name.startswith("client_")}
    assert ask(own, **proof).json()["active"] is True
    assert ask(own, **proof).status_code == 401, "the jti was used"


@pytest.mark.parametrize("end", ["unknown", "expired", "revoked", "user", "disabled"])
def test_a_token_that_is_not_in_force_is_just_not_active(
    browser: Client, patient: Patient, admin: Client, end: str
) -> None:
    proof = secret_system(introspects=True)
    client = app()
    given = token(browser, client, patient)
    match end:
        case "unknown":
            given["access_token"] = "guess"
        case "expired":
            AccessToken.objects.update(expires=timezone.now())
        case "revoked":
            form = {"token": given["access_token"], "client_id": client.application.client_id}
            Client().post("/oauth/revoke", form)
        case "user":
            User.objects.filter(username="cleo").update(is_active=False)
        case "disabled":
            admin.post(f"/clients/{client.pk}/disable")
    assert ask(given["access_token"], **proof).json() == {"active": False}


def test_a_refresh_token_is_no_access_token(browser: Client, patient: Patient) -> None:
    given = token(browser, app(), patient)
    assert ask(given["refresh_token"], **secret_system(introspects=True)).json() == {"active": False}


def test_nobody_learns_anything_without_proof(browser: Client, patient: Patient) -> None:
    client = app()
    given = token(browser, client, patient)
    for proof in ({}, {"client_id": client.application.client_id}, {**secret_system(), "client_secret": "wrong"}):
        answer = ask(given["access_token"], **proof)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert "WWW-Authenticate" in answer
    assert AuditEvent.objects.filter(activity="oauth.introspect", outcome=Outcome.REFUSED).count() == 3
    proof = secret_system()
    assert Client().get("/oauth/introspect", {"token": given["access_token"], **proof}).status_code == 405
    assert ask("", **proof).status_code == 400


def test_guessing_at_secrets_is_cut_off() -> None:
    proof = {**secret_system(), "client_secret": "wrong"}
    answers = [ask("x", **proof).status_code for _ in range(REFUSALS_A_MINUTE + 1)]
    assert answers == [401] * REFUSALS_A_MINUTE + [429]

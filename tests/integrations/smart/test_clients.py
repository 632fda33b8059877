"""The administrator's pages: register, read, new secret, out of service; each recorded, and nobody else's business."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client

from clinic.audit.event import Actor
from clinic.audit.models import AuditEvent
from integrations.smart.models import SmartClient
from integrations.smart.registration import disable, rotate_secret
from tests.integrations.smart.steps import ES384, KEYS, REDIRECT, assertion, assertion_form

pytestmark = pytest.mark.django_db
APP = {
    "name": "Growth <b>chart</b>",
    "kind": "confidential",
    "proof": "client_secret",
    "redirect_uris": f"{REDIRECT}\nhttp://127.0.0.1:9000/back com.example.growth:/back",
    "scope": "launch openid fhirUser patient/Observation.read",
    "purpose": "TREAT",
}
SYSTEM = {
    "name": "Warehouse",
    "kind": "backend",
    "proof": "private_key_jwt",
    "scope": "system/*.read",
    "jwks": json.dumps(KEYS),
    "purpose": "HRESCH",
}


def test_an_app_is_registered_and_its_secret_shown_once(admin: Client) -> None:
    answer = admin.post("/clients/new", APP)
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    secret = answer.context["secret"]
    assert len(secret) == 64
    client = SmartClient.objects.get()
    assert client.scope == "launch openid fhirUser patient/Observation.rs"
    assert client.application.redirect_uris.split() == APP["redirect_uris"].split()
    assert secret not in client.application.client_secret
    page = admin.get(f"/clients/{client.pk}").content.decode()
    assert secret not in page
    assert "Read and search measurements and results (Observation) of the chosen patient" in page
    assert "<b>" not in page
    event = AuditEvent.objects.get(activity="client.register")
    assert event.detail["client"] == client.application.client_id
    assert secret not in json.dumps(event.detail)


def test_a_system_is_registered_by_its_keys_and_gets_tokens(admin: Client) -> None:
    answer = admin.post("/clients/new", SYSTEM)
    assert (answer.status_code, answer.context["secret"]) == (201, "")
    client = SmartClient.objects.get()
    assert (client.scope, client.purpose) == ("system/*.rs", "HRESCH")
    user = client.application.user
    assert not user.has_usable_password()
    assert list(user.groups.values_list("name", flat=True)) == ["integration"]
    assert Client().post("/oauth/token", assertion_form(assertion(client))).status_code == 200


MISTAKES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (APP, {"name": ""}, "name"),
    (APP, {"name": "x" * 101}, "name"),
    (APP, {"kind": "nonsense"}, "kind"),
    (APP, {"proof": "none"}, "proof"),
    (APP, {"kind": "public"}, "proof"),
    (APP, {"redirect_uris": ""}, "redirect"),
    (APP, {"redirect_uris": "http://app.example/back"}, "begins with http"),
    (APP, {"redirect_uris": "https://app.example/*"}, "wildcard"),
    (APP, {"redirect_uris": "https://app.example/back#x"}, "fragment"),
    (APP, {"redirect_uris": "https://app.example/back;evil"}, "signs"),
    (APP, {"redirect_uris": "javascript:alert(1)"}, "no scheme"),
    (APP, {"redirect_uris": "data:text/html,x"}, "signs"),
    (APP, {"redirect_uris": "https://user:pass@app.example/"}, "user"),
    (APP, {"redirect_uris": "https://[bad/"}, "no address"),
    (APP, {"redirect_uris": "back"}, "no scheme"),
    (APP, {"scope": ""}, "scopes"),
    (APP, {"scope": "everything"}, "no scope of SMART"),
    (APP, {"scope": "system/*.rs"}, "system/ is for systems"),
    (APP, {"jwks": json.dumps(KEYS)}, "keys"),
    (SYSTEM, {"scope": "patient/*.rs"}, "system/ is for systems"),
    (SYSTEM, {"scope": "system/*.rs openid"}, "system/ is for systems"),
    (SYSTEM, {"redirect_uris": REDIRECT}, "has none"),
    (SYSTEM, {"jwks": ""}, "keys"),
    (SYSTEM, {"jwks": "not json"}, "no JSON"),
    (SYSTEM, {"jwks": json.dumps({"keys": [ES384.as_dict(private=True)]})}, "private part"),
    (SYSTEM, {"jwks": "", "jwks_url": "http://app.example/jwks"}, "https"),
    (SYSTEM, {"jwks_url": "https://app.example/jwks"}, "keys"),
]


@pytest.mark.parametrize(("form", "changed", "said"), MISTAKES)
def test_a_mistake_is_named_and_nothing_is_registered(
    admin: Client, form: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    answer = admin.post("/clients/new", {**form, **changed})
    assert answer.status_code == 400
    assert any(said in mistake for mistake in answer.context["mistakes"]), answer.context["mistakes"]
    assert not SmartClient.objects.exists()
    assert not User.objects.filter(username__startswith="client-").exists()


def test_a_new_secret_voids_the_old_one(admin: Client) -> None:
    form = {"grant_type": "client_credentials"}
    first = admin.post("/clients/new", {**SYSTEM, "proof": "client_secret", "jwks": ""}).context["secret"]
    client = SmartClient.objects.get()
    form["client_id"] = client.application.client_id
    assert Client().post("/oauth/token", {**form, "client_secret": first}).status_code == 200
    answer = admin.post(f"/clients/{client.pk}/secret")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    second = answer.context["secret"]
    assert Client().post("/oauth/token", {**form, "client_secret": first}).status_code == 401
    assert Client().post("/oauth/token", {**form, "client_secret": second}).status_code == 200
    assert AuditEvent.objects.filter(activity="client.secret").count() == 1


def test_a_client_without_a_secret_gets_none(admin: Client) -> None:
    admin.post("/clients/new", SYSTEM)
    client = SmartClient.objects.get()
    assert admin.post(f"/clients/{client.pk}/secret").status_code == 409
    assert not AuditEvent.objects.filter(activity="client.secret").exists()


def test_a_client_goes_out_of_service_once_and_stays_in_the_list(admin: Client) -> None:
    admin.post("/clients/new", SYSTEM)
    client = SmartClient.objects.get()
    for _ in range(2):
        assert admin.post(f"/clients/{client.pk}/disable").status_code == 302
    assert AuditEvent.objects.filter(activity="client.disable").count() == 1
    assert "out of service" in admin.get("/clients").content.decode()
    assert "Put out of service" not in admin.get(f"/clients/{client.pk}").content.decode()
    assert admin.post(f"/clients/{client.pk}/secret").status_code == 409


def test_a_client_that_is_not_there_is_not_found(admin: Client) -> None:
    for number in ("1", "9" * 30):
        assert admin.get(f"/clients/{number}").status_code == 404
        assert admin.post(f"/clients/{number}/disable").status_code == 404


def test_the_verbs_refuse_one_without_the_role(admin: Client) -> None:
    admin.post("/clients/new", SYSTEM)
    client = SmartClient.objects.get()
    clinician = Actor("user-7", ("clinician",))
    with pytest.raises(PermissionDenied):
        disable(client=client, by=clinician)
    with pytest.raises(PermissionDenied):
        rotate_secret(client=client, by=clinician)
    client.refresh_from_db()
    assert client.disabled is None

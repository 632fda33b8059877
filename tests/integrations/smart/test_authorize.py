"""A person allows an app: what is asked, of whom, and what comes back."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import CareTeam, Patient
from integrations.smart.models import Authorization, Kind, Proof
from tests.integrations.smart.steps import (
    BASE,
    REDIRECT,
    SCOPE,
    SERVER,
    allow,
    app,
    assertion,
    assertion_form,
    bearer,
    code_form,
    in_force,
    question,
    registered,
    token,
    told,
)

pytestmark = pytest.mark.django_db


def test_the_page_says_in_words_what_is_asked_and_lists_only_patients_of_the_care_teams(
    browser: Client, patient: Patient, other: Patient
) -> None:
    page = browser.get(question(app()))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Growth chart asks for access" in text
    assert "Read and search every kind of record of the chosen patient" in text
    assert "Go on when you are signed out" in text
    assert str(patient.pk) in text
    assert str(other.pk) not in text
    assert "Björk" not in text
    assert "form-action 'self' https://app.example" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    event = AuditEvent.objects.get(activity="page.oauth-authorize")
    assert event.subject_key == str(patient.pk)


def test_the_picker_finds_patients_by_name_and_keeps_the_question(browser: Client, patient: Patient) -> None:
    found = browser.get(question(app(), find="ander")).content.decode()
    assert str(patient.pk) in found
    assert 'name="code_challenge"' in found
    assert str(patient.pk) not in browser.get(question(app(), find="nobody")).content.decode()


def test_the_code_becomes_a_token_for_the_chosen_patient(browser: Client, cleo: User, patient: Patient) -> None:
    client = app()
    sent = allow(browser, question(client, nonce="n-1"), patient=patient)
    assert (sent["state"], sent["iss"]) == ("s-1", SERVER)
    answer = Client().post("/oauth/token", code_form(client, sent["code"]))
    given = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    assert given["token_type"] == "Bearer"
    assert given["expires_in"] == 300
    assert given["patient"] == "ward.p1"
    assert given["need_patient_banner"] is True
    assert "smart_style_url" not in given
    assert given["scope"] == SCOPE
    assert given["refresh_token"]
    keys = KeySet.import_key_set(Client().get("/oauth/jwks").json())
    identity = jwt.decode(given["id_token"], keys, algorithms=["RS256"]).claims
    assert (identity["iss"], identity["aud"], identity["nonce"]) == (SERVER, client.application.client_id, "n-1")
    assert identity["fhirUser"] == f"{BASE}/Practitioner/user-{cleo.pk}"
    assert (identity["sub"], identity["name"]) == (f"user-{cleo.pk}", "Cleo Moreau")
    event = AuditEvent.objects.get(activity="oauth.token")
    assert (event.actor, event.subject_key) == (f"user-{cleo.pk}", str(patient.pk))
    assert given["access_token"] not in json.dumps(event.detail)


def test_codes_and_tokens_are_kept_as_digests_alone(browser: Client, patient: Patient) -> None:
    client = app()
    code = allow(browser, question(client), patient=patient)["code"]
    assert Grant.objects.get().code != code
    given = Client().post("/oauth/token", code_form(client, code)).json()
    assert (AccessToken.objects.get().token, RefreshToken.objects.get().token) == ("", "")
    assert given["access_token"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"state": None}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"scope": "system/*.rs"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "launch patient/*.rs"}, "invalid_request"),
        ({"launch": "unknown"}, "invalid_request"),
        ({"prompt": "none", "scope": "openid fhirUser"}, "login_required"),
    ],
)
def test_what_is_wrong_with_a_question_goes_back_to_the_app(
    browser: Client, changed: dict[str, Any], error: str
) -> None:
    answer = told(browser.get(question(app(), **changed)))
    assert answer["error"] == error
    assert answer.get("state") == (None if changed.get("state", "") is None else "s-1")
    assert not Grant.objects.exists()
    assert AuditEvent.objects.filter(activity="oauth.authorize", outcome=Outcome.REFUSED).count() == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": REDIRECT + "?more=1"},
        {"redirect_uri": "https://evil.example/back"},
        {"redirect_uri": None},
        {"client_id": "\x00"},
    ],
)
def test_an_unknown_app_or_address_is_told_to_the_person_alone(browser: Client, changed: dict[str, Any]) -> None:
    answer = browser.get(question(app(), **changed))
    assert answer.status_code == 400
    assert "Location" not in answer
    assert b"cannot be started" in answer.content


def test_a_disabled_app_is_not_known_any_more(browser: Client, admin: Client) -> None:
    client = app()
    assert admin.post(f"/clients/{client.pk}/disable").status_code == 302
    assert browser.get(question(client)).status_code == 400


def test_saying_no_tells_the_app_so_and_gives_nothing(browser: Client, patient: Patient) -> None:
    answer = told(browser.post(question(app()), {"answer": "deny"}))
    assert (answer["error"], answer["state"]) == ("access_denied", "s-1")
    assert not Grant.objects.exists()


@pytest.mark.parametrize("chosen", ["", "nonsense", "00000000-0000-0000-0000-000000000000", "other"])
def test_a_patient_of_nobodys_care_team_cannot_be_chosen(browser: Client, other: Patient, chosen: str) -> None:
    key = str(other.pk) if chosen == "other" else chosen
    answer = told(browser.post(question(app()), {"answer": "allow", "scope": ["patient/*.rs"], "patient": key}))
    assert answer["error"] == "access_denied"
    assert not Authorization.objects.exists()


def test_what_is_unticked_is_not_granted_and_nothing_can_be_added(browser: Client, patient: Patient) -> None:
    client = app()
    ticked = ["patient/*.rs", "patient/*.cruds", "system/*.rs", "user/*.rs"]
    code = allow(browser, question(client), patient=patient, scopes=ticked)["code"]
    given = Client().post("/oauth/token", code_form(client, code)).json()
    assert given["scope"] == "launch/patient openid fhirUser profile patient/*.rs"
    assert "refresh_token" not in given


def test_old_scopes_are_accepted_and_reported_as_new_ones(browser: Client, patient: Patient) -> None:
    client = app(scope="launch/patient patient/*.rs")
    given = token(browser, client, patient, scope="launch/patient patient/Observation.read patient/Patient.*")
    assert given["scope"] == "launch/patient patient/Observation.rs patient/Patient.rs"
    assert "id_token" not in given


def test_an_app_of_user_scopes_gets_no_patient(browser: Client, patient: Patient) -> None:
    given = token(browser, app(), None, scope="user/Observation.rs")
    assert "patient" not in given


def test_without_a_session_the_person_signs_in_first_and_comes_back_to_the_question() -> None:
    address = question(app())
    answer = Client().get(address)
    assert answer.status_code == 401
    assert "code_challenge=" in answer.content.decode()


@pytest.mark.parametrize("role", ["researcher", "auditor", "administrator", "integration"])
def test_a_colleague_without_a_bedside_role_cannot_allow_an_app(role: str) -> None:
    user = User.objects.create_user("rob")
    user.groups.set([Group.objects.get(name=role)])
    client = Client()
    client.force_login(user)
    assert client.get(question(app())).status_code == 403
    assert client.post(question(app()), {"answer": "allow"}).status_code == 403


def test_the_answer_needs_the_pages_own_token_against_forgery(cleo: User, patient: Patient) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cleo)
    assert strict.post(question(app()), {"answer": "allow", "patient": str(patient.pk)}).status_code == 403
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": None},
        {"redirect_uri": REDIRECT + "x"},
        {"redirect_uri": None},
        {"code": "guess"},
        {"code": None},
        {"client_id": "nobody"},
        {"client_id": None},
    ],
)
def test_a_code_is_worth_nothing_without_all_that_belongs_to_it(
    browser: Client, patient: Patient, changed: dict[str, Any]
) -> None:
    client = app()
    code = allow(browser, question(client), patient=patient)["code"]
    answer = Client().post("/oauth/token", code_form(client, code, **changed))
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_grant", "invalid_client", "invalid_request")
    assert answer["Content-Type"] == "application/json"
    assert not AccessToken.objects.exists()


def test_a_code_of_one_app_is_worth_nothing_to_another(browser: Client, patient: Patient) -> None:
    code = allow(browser, question(app()), patient=patient)["code"]
    assert Client().post("/oauth/token", code_form(app(), code)).json()["error"] == "invalid_grant"


def test_a_code_lasts_a_minute(browser: Client, patient: Patient) -> None:
    client = app()
    code = allow(browser, question(client), patient=patient)["code"]
    left = Grant.objects.get().expires - timezone.now()
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    Grant.objects.update(expires=timezone.now())
    assert Client().post("/oauth/token", code_form(client, code)).json()["error"] == "invalid_grant"


def test_a_code_that_comes_twice_ends_every_token_that_came_of_it(browser: Client, patient: Patient) -> None:
    client = app()
    code = allow(browser, question(client), patient=patient)["code"]
    given = Client().post("/oauth/token", code_form(client, code)).json()
    assert in_force(given["access_token"])
    again = Client().post("/oauth/token", code_form(client, code))
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not in_force(given["access_token"])
    assert refreshed(client, given).json()["error"] == "invalid_grant"


def test_a_confidential_app_proves_itself_by_its_secret(browser: Client, patient: Patient) -> None:
    client, secret = _confidential()
    code = allow(browser, question(client), patient=patient)["code"]
    for wrong in (None, "wrong", ""):
        answer = Client().post("/oauth/token", code_form(client, code, client_secret=wrong))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    basic = base64.b64encode(f"{client.application.client_id}:{secret}".encode()).decode()
    form = code_form(client, code, client_id=None)
    answer = Client().post("/oauth/token", form, headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200, answer.content


def test_an_app_with_keys_proves_itself_by_an_assertion_and_by_nothing_else(browser: Client, patient: Patient) -> None:
    client = app(proof=Proof.KEY)
    code = allow(browser, question(client), patient=patient)["code"]
    assert Client().post("/oauth/token", code_form(client, code)).json()["error"] == "invalid_client"
    proof = {name: value for name, value in assertion_form(assertion(client)).items() if name.startswith("client_")}
    answer = Client().post("/oauth/token", code_form(client, code, client_id=None, **proof))
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    "grant", ["password", "implicit", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"]
)
def test_an_app_of_people_gets_no_token_by_another_grant(browser: Client, grant: str) -> None:
    client, secret = _confidential()
    form = {
        "grant_type": grant,
        "client_id": client.application.client_id,
        "client_secret": secret,
        "scope": "user/*.rs",
    }
    answer = Client().post("/oauth/token", {**form, "username": "cleo", "password": "x", "device_code": "x"})
    assert answer.status_code in (400, 401, 404)
    assert not AccessToken.objects.exists()


def refreshed(client: Any, given: dict[str, Any], **more: str) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], **more}
    return Client().post("/oauth/token", {**form, "client_id": client.application.client_id})


def test_refresh_tokens_rotate_and_one_that_comes_twice_ends_the_family(browser: Client, patient: Patient) -> None:
    client = app()
    first = token(browser, client, patient)
    second = refreshed(client, first)
    assert second.status_code == 200, second.content
    assert second.json()["patient"] == "ward.p1"
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert not in_force(first["access_token"])
    assert in_force(second.json()["access_token"])
    third = refreshed(client, second.json()).json()
    assert refreshed(client, first).json()["error"] == "invalid_grant"
    assert not in_force(third["access_token"])
    assert refreshed(client, third).json()["error"] == "invalid_grant"


def test_a_refresh_may_ask_for_less_and_never_for_more(browser: Client, patient: Patient) -> None:
    client = app()
    given = token(browser, client, patient, scope="launch/patient offline_access patient/Observation.rs")
    for more in ("patient/*.rs", "patient/Observation.cruds", "user/Observation.rs", "patient/Patient.r", "nonsense"):
        assert refreshed(client, given, scope=more).json()["error"] == "invalid_scope", more
    less = refreshed(client, given, scope="patient/Observation.r?category=laboratory")
    assert less.json()["scope"] == "patient/Observation.r?category=laboratory"
    again = refreshed(client, less.json())
    assert again.json()["scope"] == "launch/patient offline_access patient/Observation.rs", (
        "less once is not less forever"
    )


def test_online_access_ends_with_the_session(browser: Client, patient: Patient) -> None:
    client = app()
    given = token(browser, client, patient, scope="launch/patient online_access patient/*.rs")
    given = refreshed(client, given).json()
    browser.post("/logout")
    assert refreshed(client, given).json()["error"] == "invalid_grant"


def test_offline_access_goes_on_after_the_session(browser: Client, patient: Patient) -> None:
    client = app()
    given = token(browser, client, patient)
    browser.post("/logout")
    assert refreshed(client, given).status_code == 200


@pytest.mark.parametrize("end", ["service", "role", "team", "disabled"])
def test_a_refresh_ends_with_what_it_rests_on(
    browser: Client, cleo: User, patient: Patient, admin: Client, end: str
) -> None:
    client = app()
    given = token(browser, client, patient)
    match end:
        case "service":
            User.objects.filter(pk=cleo.pk).update(is_active=False)
        case "role":
            cleo.groups.set([Group.objects.get(name="researcher")])
        case "team":
            CareTeam.objects.get().patients.clear()
        case "disabled":
            admin.post(f"/clients/{client.pk}/disable")
    assert refreshed(client, given).json()["error"] in ("invalid_grant", "invalid_client")
    status = Client().get("/fhir/Patient/ward.p1", headers=bearer(given["access_token"])).status_code
    assert status in ((401, 403) if end != "team" else (200, 401, 403, 404)), "what a team reaches is tested with Reach"


def test_an_app_withdraws_its_own_tokens_and_nobody_elses(browser: Client, patient: Patient) -> None:
    client, stranger = app(), app()
    given = token(browser, client, patient)
    form = {"token": given["refresh_token"], "client_id": stranger.application.client_id}
    assert Client().post("/oauth/revoke", form).status_code == 200
    assert in_force(given["access_token"])
    form["client_id"] = client.application.client_id
    assert Client().post("/oauth/revoke", form).status_code == 200
    assert not in_force(given["access_token"])
    assert refreshed(client, given).json()["error"] == "invalid_grant"


def _confidential() -> tuple[Any, str]:
    return registered(
        kind=Kind.CONFIDENTIAL, proof=Proof.SECRET, scope=SCOPE, redirect_uris=(REDIRECT,), name="Dose helper"
    )

"""A hospital system starts an app for the patient that is open there."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import CareTeam, Patient
from integrations.fhir.authentication import REFUSALS_A_MINUTE, CallerRate
from integrations.smart.models import LaunchContext, SmartClient
from tests.integrations.smart.steps import allow, app, bearer, code_form, question, system, token, told

pytestmark = pytest.mark.django_db
SCOPE = "launch openid fhirUser patient/*.rs"


@pytest.fixture
def hospital(db: None) -> Client:
    out = StringIO()
    call_command("integration_token", "hospital", stdout=out)
    return Client(headers=bearer(out.getvalue().strip()), enforce_csrf_checks=True)


def opened(hospital: Client, **body: Any) -> Any:
    return hospital.post("/oauth/launch", {"patient": "ward.p1", **body}, content_type="application/json")


def launch(hospital: Client, **body: Any) -> str:
    answer = opened(hospital, **body)
    assert answer.status_code == 201, answer.content
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["expires_in"] == 300
    return str(answer.json()["launch"])


def test_an_app_that_was_started_gets_the_patient_that_was_open(
    hospital: Client, browser: Client, patient: Patient
) -> None:
    client = app()
    value = launch(hospital)
    assert value not in LaunchContext.objects.get().digest
    address = question(client, scope=SCOPE, launch=value)
    page = browser.get(address).content.decode()
    assert "Anders" in page
    assert 'type="radio"' not in page, "there is nothing to choose"
    code = allow(browser, address)["code"]
    given = Client().post("/oauth/token", code_form(client, code)).json()
    assert (given["patient"], given["scope"]) == ("ward.p1", SCOPE)
    event = AuditEvent.objects.get(activity="oauth.launch")
    assert (event.subject_key, event.outcome) == (str(patient.pk), Outcome.SUCCESS)
    assert value not in str(event.detail)


def test_a_launch_is_good_once(hospital: Client, browser: Client, patient: Patient) -> None:
    address = question(app(), scope=SCOPE, launch=launch(hospital))
    allow(browser, address)
    assert told(browser.get(address))["error"] == "invalid_request"
    assert told(browser.post(address, {"answer": "allow", "scope": ["patient/*.rs"]}))["error"] == "invalid_request"


def test_a_launch_lasts_five_minutes(hospital: Client, browser: Client, patient: Patient) -> None:
    address = question(app(), scope=SCOPE, launch=launch(hospital))
    LaunchContext.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert told(browser.get(address))["error"] == "invalid_request"


def test_a_launch_for_one_app_is_worth_nothing_to_another(hospital: Client, browser: Client, patient: Patient) -> None:
    mine, theirs = app(), app()
    value = launch(hospital, client_id=mine.application.client_id)
    assert told(browser.get(question(theirs, scope=SCOPE, launch=value)))["error"] == "invalid_request"
    allow(browser, question(mine, scope=SCOPE, launch=value))


def test_a_launch_gives_no_patient_to_a_person_outside_the_care_team(
    hospital: Client, browser: Client, other: Patient
) -> None:
    value = launch(hospital, patient="Patient/ward.p2")
    address = question(app(), scope=SCOPE, launch=value)
    assert told(browser.get(address))["error"] == "access_denied"
    assert told(browser.post(address, {"answer": "allow", "scope": ["patient/*.rs"]}))["error"] == "access_denied"
    form = {"answer": "allow", "scope": ["patient/*.rs"], "patient": str(CareTeam.objects.get().patients.get().pk)}
    assert told(browser.post(address, form))["error"] == "access_denied", "another patient is not slipped in"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"patient": None}, 400),
        ({"patient": 7}, 400),
        ({"patient": "ward.nobody"}, 404),
        ({"patient": ""}, 404),
        ({"patient": "ward.\x00"}, 404),
        ({"client_id": "nobody"}, 400),
        ({"client_id": "\x00"}, 400),
        ({"client_id": 7}, 400),
    ],
)
def test_a_launch_names_a_patient_and_an_app_that_are_here(
    hospital: Client, patient: Patient, body: dict[str, Any], status: int
) -> None:
    answer = opened(hospital, **body)
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"
    assert not LaunchContext.objects.exists()


@pytest.mark.parametrize("body", ["", "[", "[]", "7", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(hospital: Client, body: str) -> None:
    assert hospital.post("/oauth/launch", body, content_type="application/json").status_code == 400


def test_a_stranger_and_an_expired_token_open_no_launch(hospital: Client, patient: Patient) -> None:
    answer = Client().post("/oauth/launch", {"patient": "ward.p1"}, content_type="application/json")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="fhir"')
    AccessToken.objects.update(expires=timezone.now())
    assert opened(hospital).status_code == 401
    assert not LaunchContext.objects.exists()


@pytest.mark.parametrize("scope", ["system/Observation.rs", "system/Patient.s"])
def test_a_token_that_does_not_reach_patients_opens_no_launch(hospital: Client, patient: Patient, scope: str) -> None:
    AccessToken.objects.update(scope=scope)
    answer = opened(hospital)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert AuditEvent.objects.get(activity="oauth.launch").outcome == Outcome.REFUSED


def test_the_token_of_an_app_opens_no_launch(browser: Client, cleo: User, patient: Patient) -> None:
    given = token(browser, app(), patient)
    assert opened(Client(headers=bearer(given["access_token"]))).status_code == 403


def test_a_disabled_app_is_named_by_no_launch(hospital: Client, patient: Patient) -> None:
    client = app()
    SmartClient.objects.filter(pk=client.pk).update(disabled=timezone.now())
    assert opened(hospital, client_id=client.application.client_id).status_code == 400
    assert opened(hospital, client_id=system().application.client_id).status_code == 201


def test_launches_are_limited_in_number_and_refusals_too(
    hospital: Client, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallerRate, "rate", "2/min")
    assert [opened(hospital).status_code for _ in range(3)] == [201, 201, 429]
    guesser = Client(headers=bearer("guess"))
    answers = [opened(guesser).status_code for _ in range(REFUSALS_A_MINUTE + 1)]
    assert answers == [401] * REFUSALS_A_MINUTE + [429]


def test_other_methods_are_refused(hospital: Client) -> None:
    assert hospital.get("/oauth/launch").status_code == 405


@pytest.mark.parametrize("scope", ["patient/*.rs", "openid", "nonsense", ""])
def test_the_command_gives_tokens_of_systems_only(db: None, scope: str) -> None:
    with pytest.raises(CommandError, match="--scope"):
        call_command("integration_token", "lab", scope=scope)
    assert not AccessToken.objects.exists()


def test_the_command_writes_the_scope_that_was_asked_as_smart_2(db: None) -> None:
    out = StringIO()
    call_command("integration_token", "lab", scope="system/Observation.* system/Patient.read", stdout=out)
    row = AccessToken.objects.get()
    assert (row.scope, row.token) == ("system/Observation.cruds system/Patient.rs", "")
    assert Client().get("/fhir/Patient", headers=bearer(out.getvalue().strip())).status_code == 200

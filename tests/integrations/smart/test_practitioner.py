"""The claim `fhirUser` leads to a resource, which an app reads with the person's own token."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from fhir.resources.R4B.practitioner import Practitioner

from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import Patient
from tests.integrations.smart.steps import app, assertion, assertion_form, bearer, system, token

pytestmark = pytest.mark.django_db


def address(user: User) -> str:
    return f"/fhir/Practitioner/user-{user.pk}"


def test_an_app_reads_who_signed_in(browser: Client, cleo: User, patient: Patient) -> None:
    given = token(browser, app(), patient, scope="openid fhirUser user/Observation.rs")
    answer = Client().get(address(cleo), headers=bearer(given["access_token"]))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    found = Practitioner.model_validate_json(answer.content)
    assert (found.id, found.name[0].family, found.name[0].given) == (f"user-{cleo.pk}", "Moreau", ["Cleo"])
    event = AuditEvent.objects.get(activity="fhir.read")
    assert (event.entity_id, event.outcome) == (f"user-{cleo.pk}", Outcome.SUCCESS)


def test_an_app_reads_nobody_else_by_that_scope(browser: Client, cleo: User, patient: Patient, admin: Client) -> None:
    given = token(browser, app(), patient, scope="openid fhirUser user/Observation.rs")
    answer = Client().get(address(User.objects.get(username="ada")), headers=bearer(given["access_token"]))
    assert (answer.status_code, answer.json()["resourceType"]) == (403, "OperationOutcome")
    without = token(browser, app(), patient, scope="openid user/Observation.rs")
    assert Client().get(address(cleo), headers=bearer(without["access_token"])).status_code == 403


def test_a_system_with_the_scope_reads_people_and_no_service_users(cleo: User) -> None:
    client = system()
    given = Client().post("/oauth/token", assertion_form(assertion(client))).json()
    headers: Any = bearer(given["access_token"])
    assert Client().get(address(cleo), headers=headers).status_code == 200
    assert Client().get(address(client.application.user), headers=headers).status_code == 404
    assert Client().get("/fhir/Practitioner/user-999999", headers=headers).status_code == 404
    assert Client().get("/fhir/Practitioner/user-" + "9" * 40, headers=headers).status_code == 404
    assert Client().post(address(cleo), headers=headers).status_code == 405


def test_a_scope_that_is_narrowed_to_some_of_the_chart_reads_nobody_here(cleo: User) -> None:
    client = system(scope="system/Practitioner.rs?identifier=4711")
    form = assertion_form(assertion(client), scope="system/Practitioner.rs?identifier=4711")
    given = Client().post("/oauth/token", form).json()
    answer = Client().get(address(cleo), headers=bearer(given["access_token"]))
    assert (answer.status_code, b"Moreau" in answer.content) == (403, False)


def test_a_stranger_learns_nothing(client: Client, cleo: User) -> None:
    assert client.get(address(cleo)).status_code == 401

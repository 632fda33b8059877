"""Pages of registered browser apps may call the door and the token address; nobody else's may."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.smart.models import Proof, SmartClient
from tests.integrations.smart.steps import app

pytestmark = pytest.mark.django_db
ORIGIN = "https://app.example"
ASKED = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


def preflight(address: str = "/fhir/Patient", origin: str = ORIGIN) -> Any:
    return Client().options(address, headers={"Origin": origin, **ASKED})


@pytest.mark.parametrize("address", ["/fhir/Patient", "/fhir/metadata", "/oauth/token", "/oauth/revoke"])
def test_a_registered_page_may_ask(address: str) -> None:
    app()
    answer = preflight(address)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer
    assert "Origin" in answer["Vary"]
    refused = Client().get("/fhir/Patient", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused["Access-Control-Allow-Origin"]) == (401, ORIGIN), "the app may read why"
    assert "WWW-Authenticate" in refused["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://app.example.evil", "https://app", "null", "", "app.example", "https://"]
)
def test_a_page_of_another_origin_gets_nothing(origin: str) -> None:
    app()
    answer = preflight(origin=origin)
    assert answer.status_code == 401
    assert "Access-Control-Allow-Origin" not in answer


def test_only_apps_that_run_in_browsers_and_are_in_service_count() -> None:
    app(proof=Proof.KEY)
    client = app()
    SmartClient.objects.filter(pk=client.pk).update(disabled=timezone.now())
    assert preflight().status_code == 401


@pytest.mark.parametrize(
    "address", ["/", "/clients", "/oauth/authorize", "/oauth/introspect", "/oauth/launch", "/login"]
)
def test_pages_of_people_and_systems_are_never_opened_to_other_origins(address: str) -> None:
    app()
    assert "Access-Control-Allow-Origin" not in preflight(address)

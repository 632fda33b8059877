"""Only the systems that the setting names may frame pages, and only the clinicians' pages."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

pytestmark = pytest.mark.django_db
ORIGINS = ["https://ehr.hospital.example", "https://portal.hospital.example"]


@pytest.fixture
def everybody(client: Client) -> Client:
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    return client


@pytest.mark.parametrize("address", ["/", "/formulary", "/login"])
def test_a_clinicians_page_and_the_login_are_framed_by_those_named(
    everybody: Client, settings: Any, address: str
) -> None:
    settings.EHR_FRAME_ANCESTORS = ORIGINS
    answer = everybody.get(address)
    assert answer.status_code == 200
    assert f"frame-ancestors {' '.join(ORIGINS)}" in answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" not in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer


def test_the_login_in_place_of_a_page_is_framed_too(client: Client, settings: Any) -> None:
    settings.EHR_FRAME_ANCESTORS = ORIGINS
    answer = client.get("/")
    assert (answer.status_code, "X-Frame-Options" in answer) == (401, False)


@pytest.mark.parametrize(
    "address", ["/clients", "/clients/new", "/oauth/authorize", "/quarantine", "/audit", "/nowhere", "/fhir/metadata"]
)
def test_every_other_page_is_framed_by_nobody(everybody: Client, settings: Any, address: str) -> None:
    settings.EHR_FRAME_ANCESTORS = ORIGINS
    answer = everybody.get(address)
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_without_the_setting_nothing_is_framed(everybody: Client) -> None:
    answer = everybody.get("/")
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"

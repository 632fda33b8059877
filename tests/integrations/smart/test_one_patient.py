"""A token for one patient never sees another: by read, version, search, chain, include or operation."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clinic.patients.models import CareTeam, Patient
from tests.api.ward_data import level
from tests.integrations.smart.steps import app, bearer, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def one(browser: Client, cleo: User, patient: Patient, other: Patient) -> Client:
    """An app for the first of two patients of one care team, both with a level."""
    CareTeam.objects.get().patients.add(other)
    level(patient, 1)
    level(other, 2)
    given = token(browser, app(), patient, scope="launch/patient patient/*.rs")
    return Client(headers=bearer(given["access_token"]))


OTHERS = [
    "/fhir/Patient/ward.p2",
    "/fhir/Patient/ward.p2/_history/1",
    "/fhir/Observation/ward.o2",
    "/fhir/Observation/ward.o2/_history/1",
    "/fhir/Patient?_id=ward.p2",
    "/fhir/Patient?name=Bj",
    "/fhir/Observation?patient=ward.p2",
    "/fhir/Observation?_id=ward.o2",
    "/fhir/Patient?gender=female,male",
    "/fhir/Observation?code=20578-1",
    "/fhir/Observation?_include=Observation:subject",
    "/fhir/Patient?_revinclude=Observation:subject",
    "/fhir/Patient?_has:Observation:subject:code=20578-1",
    "/fhir/Observation?subject:Patient.name=Bj",
    "/fhir/Patient/ward.p2/Observation",
    "/fhir/Patient/ward.p2/$everything",
    "/fhir/Patient/ward.p2/$twin-state",
    "/fhir/Observation/$lastn?patient=ward.p2",
    "/fhir/Observation/_history",
    "/fhir/_history",
]


@pytest.mark.parametrize("address", OTHERS)
def test_nothing_of_the_other_patient_is_shown(one: Client, address: str) -> None:
    answer = one.get(address)
    assert answer.status_code in (200, 400, 403, 404, 405, 410)
    text = answer.content.decode()
    assert "Björk" not in text
    assert '"ward.p2"' not in text
    assert '"ward.o2"' not in text


@pytest.mark.parametrize("address", ["/fhir/Patient/_search", "/fhir/Observation/_search"])
def test_nor_by_a_search_that_is_posted(one: Client, address: str) -> None:
    text = one.post(address, {"_count": "50"}).content.decode()
    assert "ward.p2" not in text
    assert "ward.o2" not in text


@pytest.mark.parametrize(
    "address", ["/fhir/Patient/ward.p1", "/fhir/Observation/ward.o1", "/fhir/Observation?code=20578-1"]
)
def test_the_patient_of_the_launch_is_shown(one: Client, address: str) -> None:
    answer = one.get(address)
    assert answer.status_code == 200
    assert "ward." in answer.content.decode()


def test_another_patient_is_as_one_who_is_not_there(one: Client) -> None:
    statuses: list[Any] = [one.get(f"/fhir/Patient/{name}").status_code for name in ("ward.p2", "ward.p9")]
    assert statuses in ([404, 404], [403, 404])
    assert one.get("/fhir/Patient?_total=accurate").json()["total"] == 1

"""A token for one patient sees that patient's twin, and nothing of another's: published, by operation or by job."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clinic.access.roles import GRANTS, Permission, Role
from clinic.patients.models import CareTeam, Patient
from integrations.readings.models import Resource
from tests.api.twin_patient import charted, learned
from tests.integrations.smart.steps import app, bearer, token

pytestmark = pytest.mark.django_db
PLAN = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "plan",
            "part": [
                {"name": "dose", "valueDecimal": 1500},
                {"name": "interval", "valueDecimal": 12},
                {"name": "duration", "valueDecimal": 1.5},
            ],
        }
    ],
}


@pytest.fixture
def one(browser: Client, cleo: User, patient: Patient, other: Patient) -> Client:
    """An app for the first of two patients of one care team, who both have twins."""
    CareTeam.objects.get().patients.add(other)
    for number, each in ((1, patient), (2, other)):
        charted(number, each)
        learned(each)
    given = token(browser, app(), patient, scope="launch/patient patient/*.rs")
    return Client(headers=bearer(given["access_token"]))


def what_if(client: Client, patient: str, **headers: str) -> int:
    address = f"/fhir/Patient/{patient}/$what-if"
    answer = client.post(address, json.dumps(PLAN), content_type="application/fhir+json", headers=headers)
    assert "ward.p2" not in answer.content.decode() or patient == "ward.p2"
    return answer.status_code


def test_the_twin_of_the_launch_is_shown(one: Client) -> None:
    for operation in ("twin-state", "forecast", "everything"):
        answer = one.get(f"/fhir/Patient/ward.p1/${operation}?_count=200" if operation == "everything" else
                         f"/fhir/Patient/ward.p1/${operation}")  # fmt: skip
        assert answer.status_code == 200, answer.content
        assert "ward.p2" not in answer.content.decode()
    assert what_if(one, "ward.p1") == 200
    assert what_if(one, "ward.p1", prefer="respond-async") == 202


def test_the_twin_of_another_patient_is_not_there(one: Client) -> None:
    for operation in ("twin-state", "forecast", "everything"):
        assert one.get(f"/fhir/Patient/ward.p2/${operation}").status_code == 404
    assert what_if(one, "ward.p2") == 404
    assert what_if(one, "ward.p2", prefer="respond-async") == 404


@pytest.mark.parametrize("kind", ["Observation", "RiskAssessment", "CarePlan", "Provenance"])
def test_only_what_was_published_of_the_patient_of_the_launch_is_found(
    one: Client, kind: str, patient: Patient, other: Patient
) -> None:
    found = one.get(f"/fhir/{kind}?_count=200").json()["entry"]
    theirs = Resource.objects.filter(resource_type=kind, subject=patient.subject, is_current=True)
    assert {e["resource"]["id"] for e in found} == {f"{r.source_key.split('/')[0]}.{r.resource_id}" for r in theirs}
    for row in Resource.objects.filter(resource_type=kind, subject=other.subject):
        assert one.get(f"/fhir/{kind}/twin.{row.resource_id}").status_code == 404
        assert one.get(f"/fhir/{kind}/twin.{row.resource_id}/_history/{row.version}").status_code == 404


def test_a_person_whose_role_asks_for_no_comparisons_cannot_ask_for_one(
    one: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GRANTS, Role.CLINICIAN, GRANTS[Role.CLINICIAN] - {Permission.COMPARISON_ASK})
    assert what_if(one, "ward.p1") == 403

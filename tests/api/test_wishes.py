"""A patient whose wish closes them to anybody is read by no system with a token of its own; what it sends is taken."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic.patients.models import Hidden, Patient, Restriction
from integrations.fhir.identity import source_key
from tests.api.conftest import entries
from tests.api.writing import bare, of, post
from tests.integrations.resources import patient

pytestmark = pytest.mark.django_db


def close(identifier: str, **changes: Any) -> Restriction:
    values = {
        "patient": Patient.objects.get(source_key=source_key("Patient", identifier)),
        "hidden_from": Hidden.EVERYBODY,
        "begins": timezone.now() - timedelta(minutes=1),
        "reason": "So wished.",
        "recorded_by": "user-1",
        "recorded_at": timezone.now(),
    }
    return Restriction.objects.create(**(values | changes))


@pytest.fixture
def other(writer: Client, known: str) -> str:
    """A second patient, who wished nothing."""
    return str(post(writer, bare(patient(name=[{"family": "Nobody"}]))).json()["id"])


@pytest.fixture
def measured(writer: Client, known: str) -> str:
    """The id of a level of the first patient."""
    answer = post(writer, of(known))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_nothing_of_the_patient_is_read_found_or_told_of(caller: Client, known: str, other: str, measured: str) -> None:
    assert len(entries(caller.get("/fhir/Patient"))) == 2
    assert entries(caller.get(f"/fhir/Observation?patient={known}"))
    close(known)
    assert [found["id"] for found in entries(caller.get("/fhir/Patient"))] == [other]
    assert caller.get("/fhir/Patient?_summary=count").json()["total"] == 1
    assert entries(caller.get(f"/fhir/Observation?patient={known}")) == []
    for path in (
        f"Patient/{known}", f"Patient/{known}/_history", f"Observation/{measured}", f"Patient/{known}/$everything",
        f"Observation/{measured}/_history/1",
    ):  # fmt: skip
        assert caller.get(f"/fhir/{path}").status_code == 404, path
    history = caller.get("/fhir/Observation/_history").json().get("entry", [])
    assert not [one for one in history if measured in one.get("fullUrl", "")]


@pytest.mark.parametrize(
    "changes",
    [
        {"begins": timezone.now() - timedelta(days=1), "ends": timezone.now() - timedelta(hours=1)},
        {"begins": timezone.now() + timedelta(days=1)},
        {"lifted_at": timezone.now(), "lifted_by": "user-1", "lifted_because": "So wished too."},
    ],
)
def test_a_wish_that_holds_no_more_or_not_yet_closes_nothing(
    caller: Client, known: str, changes: dict[str, Any]
) -> None:
    close(known, **changes)
    assert caller.get(f"/fhir/Patient/{known}").status_code == 200


def test_what_a_system_sends_of_the_patient_is_taken_and_not_doubled(writer: Client, known: str, measured: str) -> None:
    close(known)
    body = of(known)
    assert post(writer, body | {"effectiveDateTime": "2026-03-03T08:00:00Z"}).status_code == 201
    again = body | {"identifier": [{"system": "https://lab.test", "value": "7"}]}
    condition = {"If-None-Exist": "identifier=https://lab.test|7"}
    assert post(writer, again, **condition).status_code == 201
    assert post(writer, again, **condition).status_code == 200, "it is here already, and no second one is made"

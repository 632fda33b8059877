"""A patient's wish, recorded by record number without names, and lifted by one whom it does not bind."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from clinic.access.permissions import visible_patients
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import CareTeam, Patient, Restriction
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def addie(client: Client) -> User:
    user = patient_records.person("addie", Role.ADMINISTRATOR, team=None)
    client.force_login(user)
    return user


@pytest.fixture
def mira() -> User:
    return patient_records.person("mira")


@pytest.fixture
def patient() -> Patient:
    return patient_records.patient()


def recorded(client: Client, **more: Any) -> Any:
    form = {"record_number": "4711", "hidden_from": "everybody", "reason": "He asked for it in writing.", **more}
    return client.post("/administration/restrictions", form)


def test_what_is_recorded_holds_at_once_and_shows_no_name(
    client: Client, addie: User, mira: User, patient: Patient
) -> None:
    answer = recorded(client, hidden_from="person", person=mira.pk, team="")
    assert answer["Location"] == "/administration/restrictions"
    assert not visible_patients(mira).exists()
    page = client.get("/administration/restrictions").content.decode()
    for shown, is_there in (("4711", True), ("Mira Test", True), ("in writing", True), ("Okafor", False)):
        assert (shown in page) is is_there, shown
    event = AuditEvent.objects.get(activity="restriction.record")
    assert (event.subject_key, event.detail["whom"]) == (str(patient.pk), f"user-{mira.pk}")
    assert "writing" not in str(event.detail)
    assert Restriction.objects.get().recorded_by == f"user-{addie.pk}"


def test_it_is_lifted_with_a_reason_once_and_stays_on_file(
    client: Client, addie: User, mira: User, patient: Patient
) -> None:
    recorded(client)
    made = Restriction.objects.get()
    address = f"/administration/restrictions/{made.pk}/lift"
    assert client.post(address, {"because": " "}).status_code == 422
    assert not visible_patients(mira).exists()
    assert client.post(address, {"because": "He took it back."}).status_code == 302
    assert list(visible_patients(mira)) == [patient]
    assert client.post(address, {"because": "Again."}).status_code == 422
    made.refresh_from_db()
    assert (made.lifted_by, made.lifted_because) == (f"user-{addie.pk}", "He took it back.")
    assert AuditEvent.objects.filter(activity="restriction.lift", subject_key=str(patient.pk)).count() == 1


def test_one_whom_it_binds_does_not_lift_it_even_before_it_begins(
    client: Client, addie: User, patient: Patient
) -> None:
    begins = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    recorded(client, begins=begins)
    addie.groups.add(Group.objects.get(name="clinician"))
    made = Restriction.objects.get()
    answer = client.post(f"/administration/restrictions/{made.pk}/lift", {"because": "I want to see him."})
    assert (answer.status_code, b"binds you" in answer.content) == (422, True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"record_number": "471"}, "No patient"),
        ({"hidden_from": ""}, "Choose whom"),
        ({"hidden_from": "team"}, "Choose the care team"),
        ({"hidden_from": "person", "person": "999"}, "Choose the person"),
        ({"reason": ""}, "reason is missing"),
        ({"ends": "2020-01-01T00:00"}, "has passed"),
        ({"begins": "tomorrow"}, "no time"),
    ],
)
def test_what_is_not_whole_is_said_and_not_recorded(
    client: Client, addie: User, patient: Patient, wrong: dict[str, str], said: str
) -> None:
    answer = recorded(client, **wrong)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not Restriction.objects.exists()


def test_a_team_is_shut_out_until_the_end_that_was_given(
    client: Client, addie: User, mira: User, patient: Patient
) -> None:
    ends = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    recorded(client, hidden_from="team", team=CareTeam.objects.get().pk, ends=ends)
    assert not visible_patients(mira).exists()
    Restriction.objects.update(begins=timezone.now() - timedelta(days=2), ends=timezone.now() - timedelta(days=1))
    assert list(visible_patients(mira)) == [patient]


def test_a_number_that_somebody_has_is_on_record_though_nothing_is_restricted(
    client: Client, addie: User, patient: Patient
) -> None:
    for form in ({"hidden_from": "nonsense"}, {"reason": " "}, {"hidden_from": "team"}, {"ends": "2020-01-01T00:00"}):
        events = AuditEvent.objects.latest("sequence").sequence if AuditEvent.objects.exists() else 0
        assert recorded(client, **form).status_code == 422
        assert AuditEvent.objects.filter(sequence__gt=events, subject_key=str(patient.pk)).exists(), form
    assert not Restriction.objects.exists()

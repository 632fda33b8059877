"""Care teams changed by an administrator, who sees no list of patients and lets nobody in by themselves."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from clinic.access.permissions import visible_patients
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import CareTeam, Patient
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def addie(client: Client) -> User:
    user = patient_records.person("addie", Role.ADMINISTRATOR, team=None)
    client.force_login(user)
    return user


@pytest.fixture
def vic() -> User:
    return patient_records.person("vic", team=None)


@pytest.fixture
def patient() -> Patient:
    return patient_records.patient(team=None)


@pytest.fixture
def team(patient: Patient) -> CareTeam:
    return CareTeam.objects.create(name="Ward 4")


def changed(client: Client, team: CareTeam, **form: Any) -> Any:
    return client.post(f"/administration/teams/{team.pk}", {"name": "Ward 4", "sources": "", **form})


def test_a_new_team_takes_in_the_patients_of_its_sources(client: Client, addie: User, patient: Patient) -> None:
    answer = client.post("/administration/teams", {"name": " Medicine ", "sources": "test other"})
    team = CareTeam.objects.get(name="Medicine")
    assert answer["Location"] == f"/administration/teams/{team.pk}"
    assert (team.sources, list(team.patients.all())) == (["other", "test"], [patient])
    event = AuditEvent.objects.get(activity="care-team.make")
    assert event.detail == {"after": {"members": [], "sources": ["other", "test"], "patients": 1}}


def test_members_name_and_sources_are_replaced_and_on_record_as_keys(
    client: Client, addie: User, vic: User, team: CareTeam, patient: Patient
) -> None:
    assert changed(client, team, name="Ward Four", sources="test", member=[vic.pk]).status_code == 200
    assert list(visible_patients(vic)) == [patient]
    event = AuditEvent.objects.get(activity="care-team.change")
    assert event.detail == {
        "before": {"members": [], "sources": [], "patients": 0},
        "after": {"members": [f"user-{vic.pk}"], "sources": ["test"], "patients": 1},
        "renamed": True,
    }
    assert b"Nothing was changed." in changed(client, team, name="Ward Four", sources="test", member=[vic.pk]).content
    changed(client, team, name="Ward Four")
    assert not visible_patients(vic).exists()


def test_one_patient_is_taken_in_and_let_go_by_the_wristband(
    client: Client, addie: User, vic: User, team: CareTeam, patient: Patient
) -> None:
    team.members.add(vic)
    address = f"/administration/teams/{team.pk}/patients"
    assert client.post(address, {"record_number": "4711", "born": "2001-01-01"}).status_code == 422
    answer = client.post(address, {"record_number": "4711"})
    assert (answer.status_code, b"Okafor" in answer.content) == (200, False)
    assert list(visible_patients(vic)) == [patient]
    client.post(address, {"record_number": "4711", "go": "1"})
    assert not visible_patients(vic).exists()
    assert client.post(address, {"record_number": "4711", "go": "1"}).status_code == 422
    found = AuditEvent.objects.filter(activity__startswith="care-team.").values_list("activity", "subject_key")
    assert list(found) == [("care-team.take-in", str(patient.pk)), ("care-team.let-go", str(patient.pk))]


def test_nobody_lets_themselves_near_a_patient(client: Client, addie: User, team: CareTeam, patient: Patient) -> None:
    addie.groups.add(Group.objects.get(name="clinician"))
    assert changed(client, team, member=[addie.pk]).status_code == 422
    team.members.add(addie)
    assert changed(client, team).status_code == 422  # nor out of a team that a patient is closed to
    assert client.post(f"/administration/teams/{team.pk}/patients", {"record_number": "4711"}).status_code == 422
    assert not visible_patients(addie).exists()


@pytest.mark.parametrize(
    ("wrong", "said"), [({"name": " "}, "missing"), ({"name": "Two"}, "already"), ({"sources": "a/b"}, "short name")]
)
def test_what_cannot_be_is_said(client: Client, addie: User, team: CareTeam, wrong: dict[str, str], said: str) -> None:
    CareTeam.objects.create(name="Two")
    answer = changed(client, team, **wrong)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    team.refresh_from_db()
    assert (team.name, team.sources) == ("Ward 4", [])


def test_what_adds_patients_to_ones_own_team_by_a_source_is_refused_too(
    client: Client, addie: User, team: CareTeam, patient: Patient
) -> None:
    addie.groups.add(Group.objects.get(name="clinician"))
    team.members.add(addie)
    assert changed(client, team, sources="test", member=[addie.pk]).status_code == 422
    assert not visible_patients(addie).exists()

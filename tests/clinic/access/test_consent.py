"""A patient's wish goes before every care team, for people and for the apps that they use."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.access.permissions import visible_patients
from clinic.patients.models import CareTeam, Hidden, Patient, Restriction
from integrations.fhir.authentication import Caller
from integrations.smart.authorization import holds
from integrations.smart.models import Authorization
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira() -> User:
    return patient_records.person("mira")


@pytest.fixture
def patient() -> Patient:
    return patient_records.patient()


def restricted(patient: Patient, **changes: Any) -> Restriction:
    now = timezone.now()
    values: dict[str, Any] = {"hidden_from": Hidden.EVERYBODY, "begins": now, "reason": "She asked for it."}
    values |= {"recorded_by": "user-1", "recorded_at": now}
    return Restriction.objects.create(patient=patient, **(values | changes))


def seen(user: User) -> set[Patient]:
    return set(visible_patients(user))


def test_a_patient_hidden_from_everybody_is_on_no_page_and_in_no_list(
    client: Client, mira: User, patient: Patient
) -> None:
    other = patient_records.patient("Lindqvist")
    restricted(patient)
    client.force_login(mira)
    assert client.get(f"/patients/{patient.pk}").status_code == 403
    worklist = client.get("/").content.decode()
    assert ("Okafor" in worklist, "Lindqvist" in worklist) == (False, True)
    assert seen(mira) == {other}


def test_hidden_from_one_person_others_of_the_team_go_on(mira: User, patient: Patient) -> None:
    restricted(patient, hidden_from=Hidden.PERSON, person=mira)
    assert (seen(mira), seen(patient_records.person("cleo"))) == (set(), {patient})


def test_one_in_a_hidden_team_is_shut_out_even_as_a_member_of_another(mira: User, patient: Patient) -> None:
    second = CareTeam.objects.create(name="Research ward")
    second.members.add(mira)
    restricted(patient, hidden_from=Hidden.TEAM, team=second)
    assert (seen(mira), seen(patient_records.person("cleo"))) == (set(), {patient})
    second.members.remove(mira)
    assert seen(mira) == {patient}


def test_it_holds_from_its_beginning_to_its_end_or_until_it_is_lifted(mira: User, patient: Patient) -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    restricted(patient, begins=now + hour)
    restricted(patient, begins=now - 2 * hour, ends=now - hour)
    restricted(patient, lifted_at=now, lifted_by="user-1", lifted_because="She took it back.")
    assert seen(mira) == {patient}
    restricted(patient, begins=now - hour, ends=now + hour)
    assert seen(mira) == set()


def test_an_app_reaches_no_further_than_the_person_who_uses_it(mira: User, patient: Patient) -> None:
    caller = Caller(actor_of(mira), "user/*.rs patient/*.rs", user=mira, patient=str(patient.pk), is_person=True)
    allowed = Authorization(user=mira, subject=patient.subject, scope="patient/*.rs offline_access")
    assert list(caller.reach("Observation", "r").subjects) == [{"subject_id": patient.pk}]
    assert holds(allowed)
    restricted(patient, hidden_from=Hidden.PERSON, person=mira)
    for scope in ("user/*.rs", "patient/*.rs"):
        narrow = Caller(actor_of(mira), scope, user=mira, patient=str(patient.pk), is_person=True)
        assert not narrow.reach("Observation", "r").subjects.exists()
    assert not holds(allowed)


@pytest.mark.parametrize("kind", [Hidden.TEAM, Hidden.PERSON])
def test_a_restriction_that_names_nobody_cannot_be_stored(patient: Patient, kind: Hidden) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        restricted(patient, hidden_from=kind)

"""How far a token goes: context by role by interaction, and one patient is one patient."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from rest_framework.request import Request

from clinic.access.actor import actor_of
from clinic.patients.models import CareTeam, Patient
from integrations.fhir.authentication import BearerToken, Caller, jti_of, valid_token
from integrations.fhir.outcome import Refusal
from integrations.smart.models import Purpose
from integrations.smart.scopes import INTERACTIONS
from tests.integrations.smart.steps import app, assertion, assertion_form, system, token

pytestmark = pytest.mark.django_db


def person(user: User, scope: str, patient: Patient | None = None) -> Caller:
    key = str(patient.pk) if patient is not None else ""
    return Caller(actor_of(user), scope, user=user, patient=key, is_person=True)


def machine(scope: str) -> Caller:
    user = User.objects.create_user("lab")
    user.groups.set([Group.objects.get(name="integration")])
    return Caller(actor_of(user), scope, user=user)


def reached(caller: Caller, resource_type: str = "Observation", interaction: str = "r") -> set[Any]:
    reach = caller.reach(resource_type, interaction)
    assert not reach.everyone
    return set(Patient.objects.filter(subject_id__in=reach.subjects).values_list("pk", flat=True))


@pytest.fixture
def second(cleo: User, other: Patient) -> Patient:
    """The other patient, now in the same care team."""
    CareTeam.objects.get().patients.add(other)
    return other


def test_a_system_scope_reaches_everybody() -> None:
    reach = machine("system/*.rs").reach("Patient", "r")
    assert (reach.everyone, reach.subjects, reach.queries) == (True, None, ())


def test_a_user_scope_reaches_the_care_teams_of_the_person(cleo: User, patient: Patient, other: Patient) -> None:
    assert reached(person(cleo, "user/*.rs")) == {patient.pk}


def test_a_patient_scope_reaches_the_launched_patient_alone(cleo: User, patient: Patient, second: Patient) -> None:
    assert reached(person(cleo, "patient/*.rs", patient)) == {patient.pk}
    assert reached(person(cleo, "user/*.rs", patient)) == {patient.pk, second.pk}


def test_a_patient_who_left_the_care_team_is_reached_no_more(cleo: User, patient: Patient) -> None:
    caller = person(cleo, "patient/*.rs user/*.rs", patient)
    assert reached(caller) == {patient.pk}
    CareTeam.objects.get().members.clear()
    assert reached(caller) == set()


def test_a_patient_scope_without_a_launched_patient_reaches_nobody(cleo: User) -> None:
    with pytest.raises(Refusal) as refusal:
        person(cleo, "patient/*.rs").reach("Observation", "r")
    assert refusal.value.status == 403


@pytest.mark.parametrize("interaction", INTERACTIONS)
@pytest.mark.parametrize("resource_type", ["Patient", "Observation", "AuditEvent"])
@pytest.mark.parametrize(
    "scope", ["system/*.rs", "system/Observation.cud", "user/*.cruds", "patient/Patient.r", "system/*.cruds"]
)
@pytest.mark.parametrize("role", ["integration", "clinician", "auditor", "researcher"])
def test_each_cell_of_scope_role_type_and_interaction(
    patient: Patient, role: str, scope: str, resource_type: str, interaction: str
) -> None:
    user = User.objects.create_user("somebody")
    user.groups.set([Group.objects.get(name=role)])
    is_person = role != "integration"
    caller = Caller(actor_of(user), scope, user=user, patient=str(patient.pk), is_person=is_person)
    context, _, rest = scope.partition("/")
    named, _, letters = rest.partition(".")
    covered = named in ("*", resource_type) and interaction in letters
    if is_person:
        permitted = role == "clinician" and interaction in "rs" and resource_type != "AuditEvent"
        expected = covered and permitted and context != "system"
    else:
        expected = covered and context == "system"
    assert caller.covers(resource_type, interaction) is expected
    assert caller.may(resource_type, interaction) is (expected and context == "system"), "only what reaches everybody"
    if expected:
        assert caller.reach(resource_type, interaction).everyone is (context == "system")
    else:
        with pytest.raises(Refusal) as refusal:
            caller.reach(resource_type, interaction)
        assert (refusal.value.status, refusal.value.code) == (403, "forbidden")


@pytest.mark.parametrize(
    ("scope", "queries"),
    [
        ("user/Observation.rs", ()),
        ("user/Observation.rs?category=laboratory", ((("category", "laboratory"),),)),
        (
            "user/Observation.rs?category=laboratory user/Observation.rs?category=vital-signs&status=final",
            ((("category", "laboratory"),), (("category", "vital-signs"), ("status", "final"))),
        ),
        ("user/Observation.rs?category=laboratory user/*.rs", ()),
        ("user/Observation.s?category=laboratory user/*.r", ()),
    ],
)
def test_restrictions_hold_side_by_side_and_one_scope_without_any_lifts_them(
    cleo: User, scope: str, queries: tuple[Any, ...]
) -> None:
    assert person(cleo, scope).reach("Observation", "r").queries == queries


def test_a_free_patient_and_a_restricted_team_reach_the_patient(cleo: User, patient: Patient, second: Patient) -> None:
    caller = person(cleo, "patient/Observation.rs user/Observation.rs?category=laboratory", patient)
    assert caller.reach("Observation", "r").queries == ()
    assert reached(caller) == {patient.pk}
    both = person(cleo, "patient/Observation.rs?status=final user/Observation.rs?category=laboratory", patient)
    assert both.reach("Observation", "r").queries == ((("category", "laboratory"),),)
    assert reached(both) == {patient.pk, second.pk}


def test_what_comes_along_with_another_type_has_its_own_reach(cleo: User, patient: Patient, second: Patient) -> None:
    caller = person(cleo, "patient/Observation.rs?category=laboratory user/Patient.r", patient)
    reach = caller.reach("Observation", "s")
    beside = reach.of("Patient")
    assert beside is not None
    assert set(Patient.objects.filter(subject_id__in=beside.subjects)) == {patient, second}
    assert beside.queries == ()
    assert reach.of("Condition") is None
    assert reach.of("AuditEvent") is None


def test_a_restricted_scope_is_nothing_to_those_who_do_not_narrow() -> None:
    caller = machine("system/Observation.rs?category=laboratory")
    assert caller.covers("Observation", "r")
    assert not caller.may("Observation", "r")


def test_a_token_of_an_app_says_who_for_whom_and_by_which_token(
    browser: Client, cleo: User, patient: Patient, rf: Any
) -> None:
    client = app()
    given = token(browser, client, patient)
    caller = _caller(rf, given["access_token"])
    assert (caller.user, caller.is_person) == (cleo, True)
    assert caller.client_id == client.application.client_id
    assert (caller.patient, caller.purpose) == (str(patient.pk), "TREAT")
    assert caller.token_jti == jti_of(valid_token(given["access_token"]))
    assert caller.token_jti not in given["access_token"]
    assert reached(caller) == {patient.pk}


def test_a_token_of_a_system_carries_the_purpose_it_is_registered_for(db: None, rf: Any) -> None:
    client = system(purpose=Purpose.RESEARCH)
    given = Client().post("/oauth/token", assertion_form(assertion(client))).json()
    caller = _caller(rf, given["access_token"])
    assert (caller.is_person, caller.patient, caller.purpose) == (False, "", "HRESCH")
    assert caller.reach("Observation", "s").everyone


def _caller(rf: Any, text: str) -> Caller:
    request = rf.get("/fhir/Patient", headers={"Authorization": f"Bearer {text}"})
    request.request_id, request.client_address = "r", "127.0.0.1"
    return BearerToken().authenticate(Request(request))[0]

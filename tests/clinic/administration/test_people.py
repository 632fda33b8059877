"""People made and changed by an administrator: what each may do, who may not, and what is on record."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.test import Client

from clinic.access.actor import actor_of
from clinic.access.permissions import has, visible_patients
from clinic.access.roles import Permission, Role
from clinic.administration import person as person_verbs
from clinic.audit.models import AuditEvent, Outcome
from clinic.patients.models import CareTeam
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def addie(client: Client) -> User:
    """An administrator, signed in."""
    user = patient_records.person("addie", Role.ADMINISTRATOR, team=None)
    client.force_login(user)
    return user


@pytest.fixture
def mira() -> User:
    return patient_records.person("mira")


def made(client: Client, **more: Any) -> Any:
    form = {"username": "ada", "given": "Ada", "family": "Newly", "role": ["clinician"], **more}
    return client.post("/administration/people/new", form)


def link_in(answer: Any) -> str:
    return re.findall(r"http://testserver(/set-password/\S+?)<", answer.content.decode())[0]


def events(activity: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(activity=activity))


def test_a_new_person_sets_a_password_by_the_link_once_and_signs_in(client: Client, addie: User) -> None:
    patient = patient_records.patient()
    team = CareTeam.objects.get()
    answer = made(client, team=[team.pk])
    assert answer.status_code == 201
    link = link_in(answer)
    ada = User.objects.get(username="ada")
    assert list(visible_patients(ada)) == [patient]
    assert link not in client.get(f"/administration/people/{ada.pk}").content.decode()
    stranger = Client()
    assert stranger.post("/login", {"username": "ada", "password": ""}).status_code == 401
    form_at = stranger.get(link)["Location"]  # the token is kept out of the address of the form
    assert b"<strong>ada</strong>" in stranger.get(form_at).content
    weak = stranger.post(form_at, {"new_password1": "short", "new_password2": "short"})
    assert (weak.status_code, b"too short" in weak.content) == (200, True)
    good = {"new_password1": "correct horse battery", "new_password2": "correct horse battery"}
    assert stranger.post(form_at, good)["Location"] == "/login"
    assert stranger.post("/login", {"username": "ada", "password": good["new_password1"]}).status_code == 302
    assert Client().get(link).status_code == 410
    (event,) = events("person.set-password")
    assert (event.actor, event.entity_id) == (f"user-{ada.pk}", f"user-{ada.pk}")
    (event,) = events("person.make")
    assert event.detail == {"after": {"in_service": True, "roles": ["clinician"], "teams": [team.pk]}}
    assert not AuditEvent.objects.filter(detail__icontains="Newly").exists()


def test_a_link_of_one_put_out_of_service_is_worth_nothing(client: Client, addie: User) -> None:
    link = link_in(made(client))
    ada = User.objects.get(username="ada")
    client.post(f"/administration/people/{ada.pk}/service", {"out": "1"})
    assert Client().get(link).status_code == 410
    assert client.post(f"/administration/people/{ada.pk}/invite").status_code == 422


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "mira"}, "already exists"),
        ({"username": "two words"}, "valid username"),
        ({"username": ""}, "cannot be blank"),
        ({"role": ["integration"]}, "no role of a person"),
        ({"role": ["root"]}, "no role of a person"),
    ],
)
def test_what_cannot_be_a_person_is_said_and_nobody_is_made(
    client: Client, addie: User, mira: User, wrong: dict[str, Any], said: str
) -> None:
    answer = made(client, **wrong)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert User.objects.count() == 2


def test_roles_and_teams_are_replaced_and_before_and_after_are_on_record_as_keys(
    client: Client, addie: User, mira: User
) -> None:
    team = CareTeam.objects.get()
    answer = client.post(f"/administration/people/{mira.pk}", {"role": ["auditor", "researcher"]})
    assert b"Changed." in answer.content
    assert {group.name for group in mira.groups.all()} == {"auditor", "researcher"}
    (event,) = events("person.change")
    assert (event.entity_id, event.purpose) == (f"user-{mira.pk}", "HOPERAT")
    assert event.detail == {
        "before": {"in_service": True, "roles": ["clinician"], "teams": [team.pk]},
        "after": {"in_service": True, "roles": ["auditor", "researcher"], "teams": []},
    }
    again = client.post(f"/administration/people/{mira.pk}", {"role": ["auditor", "researcher"]})
    assert b"Nothing was changed." in again.content
    assert len(events("person.change")) == 1


def test_one_put_out_of_service_is_out_at_the_next_page_and_can_come_back(
    client: Client, addie: User, mira: User
) -> None:
    hers = Client()
    hers.force_login(mira)
    assert hers.get("/").status_code == 200
    client.post(f"/administration/people/{mira.pk}/service", {"out": "1"})
    assert hers.get("/").status_code == 401
    client.post(f"/administration/people/{mira.pk}/service", {"into": "1"})
    assert [
        (one.detail["before"]["in_service"], one.detail["after"]["in_service"]) for one in events("person.change")
    ] == [
        (True, False),
        (False, True),
    ]


def test_nobody_changes_their_own_account(client: Client, addie: User) -> None:
    patient_records.patient()
    mine = f"/administration/people/{addie.pk}"
    team = CareTeam.objects.get()
    for address, form in (
        (mine, {"role": ["administrator", "clinician"], "team": [team.pk]}),
        (f"{mine}/service", {"out": "1"}),
        (f"{mine}/invite", {}),
    ):
        answer = client.post(address, form)
        assert (answer.status_code, b"another administrator" in answer.content) == (422, True)
    addie.refresh_from_db()
    assert (addie.is_active, [group.name for group in addie.groups.all()]) == (True, ["administrator"])
    assert not visible_patients(addie).exists()


def test_the_account_of_a_system_keeps_its_role(client: Client, addie: User) -> None:
    lab = patient_records.person("lab", Role.INTEGRATION, team=None)
    assert client.post(f"/administration/people/{lab.pk}", {"role": ["clinician"]}).status_code == 422
    assert client.post(f"/administration/people/{lab.pk}/invite").status_code == 422
    assert [group.name for group in lab.groups.all()] == ["integration"]


def test_people_are_found_by_name(client: Client, addie: User, mira: User) -> None:
    page = client.get("/administration/people?find=MIR").content.decode()
    assert ("Mira Test" in page, ">addie<" in page) == (True, False)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_come_near_and_a_refusal_changes_nothing(client: Client, mira: User, role: Role) -> None:
    client.force_login(patient_records.person("other", role))
    for address in ("", "/new", f"/{mira.pk}", f"/{mira.pk}/invite", f"/{mira.pk}/service"):
        assert client.post(f"/administration/people{address}", {"role": ["auditor"], "out": "1"}).status_code == 403
    mira.refresh_from_db()
    assert (mira.is_active, mira.groups.get()) == (True, Group.objects.get(name="clinician"))
    assert AuditEvent.objects.exclude(outcome=Outcome.REFUSED).count() == 0


@pytest.mark.parametrize("ended", ["service", "role"])
def test_of_two_administrators_who_end_each_other_one_is_left(ended: str) -> None:
    ada = patient_records.person("ada", Role.ADMINISTRATOR, team=None)
    bea = patient_records.person("bea", Role.ADMINISTRATOR, team=None)
    ada_before = User.objects.get(pk=ada.pk)  # what her request read before it had to wait
    if ended == "service":
        person_verbs.put_out_of_service(person=ada, by=bea, actor=actor_of(bea))
    else:
        person_verbs.change(person=ada, roles=[], teams=[], by=bea, actor=actor_of(bea))
    for take_away in (
        lambda: person_verbs.put_out_of_service(person=bea, by=ada_before, actor=actor_of(ada_before)),
        lambda: person_verbs.change(person=bea, roles=[], teams=[], by=ada_before, actor=actor_of(ada_before)),
    ):
        with pytest.raises(PermissionDenied):
            take_away()
    bea.refresh_from_db()
    assert bea.is_active
    assert has(bea, Permission.PERSON_MANAGE)

"""Making people and care teams from the command line."""

import io
import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client

from clinic.access.permissions import visible_patients
from clinic.audit.models import AuditEvent
from clinic.patients.models import CareTeam, Patient
from twins.records.models import Subject

pytestmark = pytest.mark.django_db


def made(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def a_patient(source: str) -> Patient:
    subject = Subject.objects.create()
    return Patient.objects.create(subject=subject, source_key=f"{source}/Patient/{uuid4()}")


def test_a_new_person_signs_in_with_the_password_shown_and_sees_the_teams_patients(client: Client) -> None:
    mine, other = a_patient("ehr"), a_patient("elsewhere")
    made("care_team", "Medicine", "--source", "ehr")
    said = made("person", "ada", "--role", "clinician", "--team", "Medicine")
    password = re.findall(r"shown only here: (\S+)", said)[0]
    answer = client.post("/login", {"username": "ada", "password": password})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    seen = set(visible_patients(User.objects.get(username="ada")))
    assert seen == {mine}
    assert other not in seen


def test_roles_and_teams_given_replace_those_held() -> None:
    made("care_team", "Medicine")
    made("person", "ada", "--role", "clinician", "--team", "Medicine")
    made("person", "ada", "--role", "auditor")
    ada = User.objects.get(username="ada")
    assert [group.name for group in ada.groups.all()] == ["auditor"]
    assert not ada.care_teams.exists()


def test_one_who_leaves_cannot_sign_in_any_more() -> None:
    made("person", "ada", "--role", "clinician")
    made("person", "ada", "--leave")
    ada = User.objects.get(username="ada")
    assert not ada.is_active
    assert [group.name for group in ada.groups.all()] == ["clinician"], "kept for when they come back"
    made("person", "ada", "--role", "clinician")
    ada.refresh_from_db()
    assert ada.is_active


def test_an_unknown_team_is_named_and_nobody_is_made() -> None:
    with pytest.raises(CommandError, match="no care team is called 'Medicin'"):
        made("person", "ada", "--team", "Medicin")
    assert not User.objects.exists()


def test_each_change_is_on_record() -> None:
    made("care_team", "Medicine", "--source", "ehr")
    made("person", "ada", "--role", "pharmacist", "--team", "Medicine")
    events = [(event.activity, event.action) for event in AuditEvent.objects.order_by("sequence")]
    assert events == [("care-team.make", "C"), ("person.make", "C"), ("password.lend", "U")]
    team = CareTeam.objects.get().pk
    held = {"in_service": True, "roles": ["pharmacist"], "teams": [team]}
    assert AuditEvent.objects.get(activity="person.make").detail == {"after": held}
    made("care_team", "Medicine")
    made("person", "ada", "--role", "auditor", "--team", "Medicine")
    made("person", "ada", "--leave")
    assert AuditEvent.objects.get(activity="care-team.change").detail["before"]["sources"] == ["ehr"]
    changes = [event.detail for event in AuditEvent.objects.filter(activity="person.change").order_by("sequence")]
    audits = {**held, "roles": ["auditor"]}
    assert changes == [{"before": held, "after": audits}, {"before": audits, "after": {**audits, "in_service": False}}]
    assert {event.actor for event in AuditEvent.objects.all()} == {"system"}


def test_what_the_pages_refuse_the_commands_refuse_in_the_same_words() -> None:
    with pytest.raises(CommandError, match="no short name of a source"):
        made("care_team", "Medicine", "--source", "no slug")
    with pytest.raises(CommandError, match="invalid choice: 'integration'"):
        made("person", "ada", "--role", "integration")
    with pytest.raises(CommandError, match="Enter a valid username"):
        made("person", "a b", "--role", "auditor")
    system = User.objects.create_user("lab")
    system.groups.set([Group.objects.get(name="integration")])
    with pytest.raises(CommandError, match=r"manage\.py integration_token"):
        made("person", "lab", "--role", "clinician")
    assert not CareTeam.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_team_keeps_its_members_and_a_patient_who_was_let_go_stays_out() -> None:
    patient = a_patient("ehr")
    made("care_team", "Medicine", "--source", "ehr")
    made("person", "ada", "--role", "clinician", "--team", "Medicine")
    team = CareTeam.objects.get()
    team.patients.remove(patient)
    assert "0 patients" in made("care_team", "Medicine", "--source", "ehr")
    assert [member.username for member in team.members.all()] == ["ada"]

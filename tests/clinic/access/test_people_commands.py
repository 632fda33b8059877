"""Making people and care teams from the command line."""

import io
import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
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
    assert not User.objects.get(username="ada").is_active


def test_an_unknown_team_is_named_and_nobody_is_made() -> None:
    with pytest.raises(CommandError, match="no care team is called 'Medicin'"):
        made("person", "ada", "--team", "Medicin")
    assert not User.objects.exists()


def test_each_change_is_on_record() -> None:
    made("care_team", "Medicine", "--source", "ehr")
    made("person", "ada", "--role", "pharmacist", "--team", "Medicine")
    events = [(event.activity, event.action) for event in AuditEvent.objects.order_by("sequence")]
    assert events == [("care-team.change", "C"), ("person.change", "C")]
    assert AuditEvent.objects.get(activity="person.change").detail["teams"] == [CareTeam.objects.get().pk]

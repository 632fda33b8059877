"""The demo's logins: one a role, random passwords, the same at every start."""

import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from clinic.access.permissions import visible_patients
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.care_team import take_in
from clinic.patients.models import CareTeam
from tests.factories import patient_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    call_command("demo_users", stdout=StringIO())
    return tmp_path / "demo_logins.json"


def test_each_login_works_and_the_file_is_its_owners_alone(file: Path) -> None:
    passwords = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for name, password in passwords.items():
        assert Client().post("/login", {"username": name, "password": password}).status_code == 302
    roles = {role for user in User.objects.all() for role in user.groups.values_list("name", flat=True)}
    assert roles == set(Role) - {Role.INTEGRATION.value}


def test_a_second_start_changes_nothing(file: Path) -> None:
    before = file.read_text(), list(User.objects.values_list("password", flat=True)), AuditEvent.objects.count()
    out = StringIO()
    call_command("demo_users", stdout=out)
    assert before == (
        file.read_text(),
        list(User.objects.values_list("password", flat=True)),
        AuditEvent.objects.count(),
    )
    assert json.loads(before[0])["clinician"] in out.getvalue()


def test_a_new_database_gets_the_passwords_of_the_file(file: Path) -> None:
    User.objects.all().delete()
    call_command("demo_users", stdout=StringIO())
    assert User.objects.get(username="auditor").check_password(json.loads(file.read_text())["auditor"])


def test_a_broken_file_is_named(file: Path) -> None:
    file.write_text("{")
    with pytest.raises(CommandError, match="is not JSON"):
        call_command("demo_users")


def test_the_team_takes_in_the_wards_patients_and_the_visitor_sees_none(file: Path) -> None:
    patient = patient_records.patient(team=None)
    take_in(patient, "ward")
    take_in(patient_records.patient(team=None), "elsewhere")
    assert list(visible_patients(User.objects.get(username="clinician"))) == [patient]
    assert not visible_patients(User.objects.get(username="visitor")).exists()
    assert CareTeam.objects.get().patients.count() == 1

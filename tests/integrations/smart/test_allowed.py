"""A person sees what they allowed, and takes it back; nobody else's."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from clinic.access.actor import actor_of
from clinic.access.password import change_password
from clinic.access.password_link import path_for
from clinic.administration.person import put_into_service, put_out_of_service
from clinic.audit.event import SYSTEM
from clinic.audit.models import AuditEvent
from clinic.patients.models import CareTeam, Patient
from clinic.site.tasks import housekeeping
from integrations.smart.models import Authorization
from tests.integrations.smart.steps import allow, app, code_form, in_force, question, token

pytestmark = pytest.mark.django_db


def test_what_was_allowed_is_listed_and_can_be_taken_back(browser: Client, patient: Patient) -> None:
    client = app()
    given = token(browser, client, patient)
    page = browser.get("/apps").content.decode()
    assert "Growth chart" in page
    assert "Anders" in page
    assert "Read and search every kind of record of the chosen patient" in page
    one = Authorization.objects.get()
    assert browser.post(f"/apps/{one.pk}/withdraw").status_code == 302
    assert not in_force(given["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    answer = Client().post("/oauth/token", {**form, "client_id": client.application.client_id})
    assert answer.json()["error"] == "invalid_grant"
    assert "Growth chart" not in browser.get("/apps").content.decode()
    event = AuditEvent.objects.get(activity="oauth.withdraw")
    assert (event.subject_key, event.entity_id) == (str(patient.pk), str(one.pk))
    assert browser.post(f"/apps/{one.pk}/withdraw").status_code == 404, "there is nothing left to take back"


def test_a_patient_who_left_the_care_teams_is_not_named(browser: Client, patient: Patient) -> None:
    token(browser, app(), patient)
    CareTeam.objects.get().patients.clear()
    page = browser.get("/apps").content.decode()
    assert "a patient who is in your care teams no more" in page
    assert "Anders" not in page


def test_a_colleague_neither_sees_nor_ends_it(browser: Client, patient: Patient) -> None:
    given = token(browser, app(), patient)
    user = User.objects.create_user("carl")
    user.groups.set([Group.objects.get(name="clinician")])
    colleague = Client()
    colleague.force_login(user)
    assert "Growth chart" not in colleague.get("/apps").content.decode()
    assert colleague.post(f"/apps/{Authorization.objects.get().pk}/withdraw").status_code == 404
    assert colleague.post(f"/apps/{'9' * 30}/withdraw").status_code == 404
    assert in_force(given["access_token"])


def _by_themselves(user: User) -> None:
    change_password(person=user, new="a new and long one", by=actor_of(user))


def _by_the_command_line(_user: User) -> None:
    call_command("sign_in", "cleo", "--new-password")


def _by_a_link(user: User) -> None:
    stranger = Client()
    form_at = stranger.get(path_for(user))["Location"]
    new = {"new_password1": "a new and long one", "new_password2": "a new and long one"}
    assert stranger.post(form_at, new).status_code == 302


def _out_of_service(user: User) -> None:
    put_out_of_service(person=user, by=None, actor=SYSTEM)
    put_into_service(person=user, by=None, actor=SYSTEM)


@pytest.mark.parametrize("end", [_by_themselves, _by_the_command_line, _by_a_link, _out_of_service])
def test_a_new_password_and_the_end_of_service_take_back_what_was_allowed_for_good(
    browser: Client, patient: Patient, cleo: User, end: Callable[[User], None]
) -> None:
    client = app()
    given = token(browser, client, patient)
    unused = allow(browser, question(client), patient=patient)["code"]
    assert in_force(given["access_token"])
    end(cleo)
    assert not in_force(given["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    answer = Client().post("/oauth/token", {**form, "client_id": client.application.client_id})
    assert answer.json()["error"] == "invalid_grant"
    assert Client().post("/oauth/token", code_form(client, unused)).json()["error"] == "invalid_grant"
    event = AuditEvent.objects.get(activity="oauth.withdraw")
    assert (event.subject_key, event.detail["person"]) == (str(patient.pk), f"user-{cleo.pk}")


def test_a_new_password_of_one_person_leaves_what_another_allowed(browser: Client, patient: Patient) -> None:
    given = token(browser, app(), patient)
    carl = User.objects.create_user("carl", password="the old and long one")
    _by_themselves(carl)
    assert in_force(given["access_token"])
    assert not AuditEvent.objects.filter(activity="oauth.withdraw").exists()


def test_housekeeping_forgets_what_no_token_can_come_of_any_more(browser: Client, patient: Patient) -> None:
    client = app()
    offline = token(browser, client, patient, scope="patient/*.rs offline_access")
    short = token(browser, client, patient, scope="patient/*.rs")
    housekeeping()
    assert Authorization.objects.count() == 2, "a day is kept, so that a code that comes twice is known"
    Authorization.objects.update(created=timezone.now() - timedelta(days=2))
    housekeeping()
    assert Authorization.objects.count() == 2, "both have tokens in force"
    AccessToken.objects.update(expires=timezone.now() - timedelta(minutes=1))
    housekeeping()
    (left,) = Authorization.objects.all()
    assert "offline_access" in left.scope
    assert not in_force(short["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": offline["refresh_token"]}
    again = Client().post("/oauth/token", {**form, "client_id": client.application.client_id})
    assert again.status_code == 200, "housekeeping does not end what may be refreshed"

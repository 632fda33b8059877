"""Pages: recorded before they leave, refused outside the care team, and not shown when they cannot be recorded."""

from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from clinic.access.disclosure import UndisclosedPageError, disclose
from clinic.access.gate import RuleError, bearer, page, public
from clinic.access.permissions import NotInCareTeamError, has, patient_for, visible_patients
from clinic.access.roles import Permission, Role
from clinic.audit.event import record
from clinic.audit.models import Action, AuditEvent, ChainHead, Outcome
from clinic.audit.verify import verify
from clinic.patients.models import CareTeam
from tests.factories import patient_records

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@page(Permission.PATIENT_VIEW)
def one(request: HttpRequest, key: UUID) -> HttpResponse:
    return HttpResponse(f"the chart of {patient_for(request, key).family_name}")


@page(Permission.COMPARISON_VIEW)
def thing(request: HttpRequest, key: UUID) -> HttpResponse:
    patient = patient_for(request, key)
    disclose(request, patient.pk, entity_type="Comparison", entity_id="c1", entity_version="d1")
    return HttpResponse("a comparison")


@page(Permission.WORKLIST_VIEW)
def many(request: HttpRequest) -> HttpResponse:
    shown = list(visible_patients(request.user))
    disclose(request, *(patient.pk for patient in shown))
    return HttpResponse(",".join(patient.family_name for patient in shown))


@page(Permission.PATIENT_VIEW)
def silent(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("a secret")


@page(Permission.PATIENT_VIEW)
def refusing(_request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


@page(Permission.PATIENT_VIEW)
def writing(request: HttpRequest) -> HttpResponse:
    record(by=request.actor, action=Action.CREATE, activity="something.write")
    return HttpResponse("written")


urlpatterns = [
    path("writing", writing, name="writing"),
    path("one/<uuid:key>", one, name="one"),
    path("thing/<uuid:key>", thing, name="thing"),
    path("many", many, name="many"),
    path("silent", silent, name="silent"),
    path("refusing", refusing, name="refusing"),
    path("", include("clinic.site.urls")),
]


def last() -> AuditEvent:
    return AuditEvent.objects.order_by("-sequence")[0]


def test_a_page_of_a_patient_is_recorded_with_whom_and_by_whom(client: Client) -> None:
    user, patient = patient_records.person("mira"), patient_records.patient()
    client.force_login(user)
    answer = client.get(f"/one/{patient.pk}")
    assert answer.status_code == 200
    event = last()
    assert (event.actor, event.actor_roles) == (f"user-{user.pk}", ["clinician"])
    assert (event.action, event.outcome, event.activity) == (Action.READ, Outcome.SUCCESS, "page.one")
    assert event.subject_key == str(patient.pk)
    assert (event.request_id, event.client) == (answer["X-Request-Id"], "127.0.0.1")
    assert "Okafor" not in str(event.__dict__)
    client.post(f"/one/{patient.pk}")
    assert last().action == Action.EXECUTE
    assert verify().ok


def test_a_page_of_one_thing_is_recorded_once_with_its_version(client: Client) -> None:
    patient = patient_records.patient()
    client.force_login(patient_records.person())
    client.get(f"/thing/{patient.pk}")
    event = AuditEvent.objects.get()
    assert (event.entity_type, event.entity_id, event.entity_version) == ("Comparison", "c1", "d1")
    assert event.subject_key == str(patient.pk)


def test_a_page_of_many_is_recorded_with_all_it_shows_and_shows_the_care_team_alone(client: Client) -> None:
    mine = [patient_records.patient(family) for family in ("A", "B")]
    patient_records.patient("C", team="Other ward")
    patient_records.patient("D", team=None)
    client.force_login(patient_records.person())
    assert client.get("/many").content == b"A,B"
    assert last().detail["subjects"] == sorted(str(patient.pk) for patient in mine)


def test_a_patient_of_several_of_ones_teams_is_seen_once() -> None:
    user, patient = patient_records.person(team="One"), patient_records.patient(team="One")
    second = CareTeam.objects.create(name="Two")
    second.patients.add(patient)
    user.care_teams.add(second)
    assert list(visible_patients(user)) == [patient]


def test_a_colleague_outside_the_care_team_is_refused_and_it_is_recorded(client: Client) -> None:
    patient = patient_records.patient()
    user = patient_records.person("vic", team="Other ward")
    client.force_login(user)
    answer = client.get(f"/one/{patient.pk}")
    assert (answer.status_code, b"Okafor" in answer.content) == (403, False)
    event = AuditEvent.objects.get()
    assert (event.outcome, event.subject_key) == (Outcome.REFUSED, str(patient.pk))
    assert (event.actor, event.detail["why"]) == (f"user-{user.pk}", NotInCareTeamError.__name__)


def test_one_who_left_the_care_team_is_refused_at_the_next_page(client: Client) -> None:
    user, patient = patient_records.person(), patient_records.patient()
    client.force_login(user)
    assert client.get(f"/one/{patient.pk}").status_code == 200
    user.care_teams.clear()
    assert client.get(f"/one/{patient.pk}").status_code == 403


def test_a_key_of_nobody_is_404_and_recorded(client: Client) -> None:
    client.force_login(patient_records.person())
    assert client.get(f"/one/{uuid4()}").status_code == 404
    assert last().outcome == Outcome.FAILED


def test_a_page_that_does_not_say_whom_it_shows_is_not_shown(client: Client) -> None:
    client.force_login(patient_records.person())
    with pytest.raises(UndisclosedPageError, match="did not say whom"):
        client.get("/silent")
    client.raise_request_exception = False
    answer = client.get("/silent")
    assert (answer.status_code, b"secret" in answer.content) == (500, False)


@pytest.mark.parametrize("address", ["/one/{}", "/many", "/refusing", "/writing", "/studies"])
def test_what_cannot_be_recorded_is_not_shown_and_the_page_says_so(client: Client, address: str) -> None:
    patient = patient_records.patient()
    client.force_login(patient_records.person())
    ChainHead.objects.all().delete()
    client.raise_request_exception = False
    answer = client.get(address.format(patient.pk))
    assert (answer.status_code, b"Okafor" in answer.content) == (500, False)
    assert b"could not be recorded" in answer.content
    assert answer["X-Request-Id"].encode() in answer.content


def test_what_a_view_refuses_itself_is_recorded(client: Client) -> None:
    client.force_login(patient_records.person())
    assert client.get("/refusing").status_code == 403
    assert AuditEvent.objects.get().outcome == Outcome.REFUSED


def test_no_flag_of_a_user_grants_anything() -> None:
    root = User.objects.create_superuser("root")
    assert not any(has(root, permission) for permission in Permission)
    assert not visible_patients(root).exists()


def test_a_person_out_of_service_has_no_permission_and_no_patients() -> None:
    user, _patient = patient_records.person(), patient_records.patient()
    assert has(user, Permission.PATIENT_VIEW)
    assert visible_patients(user).exists()
    user.is_active = False
    assert not has(user, Permission.PATIENT_VIEW)
    assert not visible_patients(user).exists()


def test_a_group_that_is_no_role_grants_nothing() -> None:
    user = patient_records.person(role=None)
    user.groups.create(name="chief")
    assert not any(has(user, permission) for permission in Permission)


def test_roles_add_up() -> None:
    user = patient_records.person(role=Role.RESEARCHER)
    user.groups.add(patient_records.person("x", role=Role.AUDITOR).groups.get())
    assert has(user, Permission.STUDY_RUN)
    assert has(user, Permission.AUDIT_VIEW)
    assert not has(user, Permission.PATIENT_VIEW)


def test_a_view_has_one_rule_and_says_why_it_is_open() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(RuleError, match="say why"):
        public(" ")
    with pytest.raises(RuleError, match="say why"):
        bearer("")
    with pytest.raises(RuleError, match="already has"):
        page(Permission.PATIENT_VIEW)(public("a reason")(view))

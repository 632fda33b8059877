"""No address without a rule; strangers are refused everywhere but where it is declared; roles get what GRANTS says."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone

from clinic.access.gate import Door
from clinic.access.roles import GRANTS, Role
from clinic.audit.models import AuditEvent, Outcome
from tests.architecture.every_url import EXAMPLES, Address, addresses

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
TABLE = addresses()
PAGES = [address for address in TABLE if address.rule and address.rule.door is Door.PAGE]
pytestmark = pytest.mark.django_db


def url(address: Address) -> str:
    return reverse(address.name, kwargs=EXAMPLES[address.name])


def name(address: Address) -> str:
    return address.name


def test_every_address_has_a_name_a_rule_and_an_example() -> None:
    names = [address.name for address in TABLE]
    assert [address.name for address in TABLE if address.rule is None] == []
    assert set(names) == set(EXAMPLES), "every address has one example here, and every example its address"
    assert len(names) == len(set(names))


def test_only_these_addresses_are_open_to_anybody() -> None:
    public = {address.name for address in TABLE if address.rule and address.rule.door is Door.PUBLIC}
    assert public == {
        *(
            "healthz",
            "readyz",
            "login",
            "logout",
            "set-password",
            "forgotten-password",
            "fhir-metadata",
            "cds-discovery",
        ),
        *("second-factor", "single-sign-on", "single-sign-on-return", "session-left", "session-stay", "language"),
        *("oauth-token", "oauth-revoke", "oauth-introspect"),
        *("smart-configuration", "openid-configuration", "oauth-jwks"),
    }
    bearer = {address.name for address in TABLE if address.rule and address.rule.door is Door.BEARER}
    assert bearer == {
        *("fhir-bundle", "fhir-type", "fhir-instance", "fhir-vread", "fhir-history", "fhir-history-type"),
        *("fhir-search-post", "fhir-compartment", "fhir-slashed", "fhir-nowhere"),
        *("fhir-operation", "fhir-operation-type", "fhir-operation-instance", "fhir-what-if-status"),
        *("fhir-export", "fhir-export-file", "fhir-notify", "smart-practitioner", "oauth-launch"),
        *("cds-service", "cds-feedback-post", "openapi"),
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("address", [a for a in TABLE if a.rule is None or a.rule.door is not Door.PUBLIC], ids=name)
def test_a_stranger_is_refused(address: Address, method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = getattr(client, method)(url(address))
    assert answer.status_code in (401, 403)
    lenient = getattr(Client(), method)(url(address))
    assert lenient.status_code == 401
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["oauth-token", "oauth-revoke", "oauth-introspect"])
def test_oauth_gives_a_stranger_nothing(client: Client, name: str) -> None:
    assert client.post(reverse(name)).status_code in (400, 401)
    assert client.get(reverse(name)).status_code == 405


@pytest.mark.parametrize("address", PAGES, ids=name)
def test_one_without_a_role_is_refused_and_it_is_recorded(client: Client, address: Address) -> None:
    user = User.objects.create_user("norole", is_superuser=True, is_staff=True)
    client.force_login(user)
    for method in ("get", "post"):
        assert getattr(client, method)(url(address)).status_code == 403
    events = AuditEvent.objects.filter(actor=f"user-{user.pk}", outcome=Outcome.REFUSED)
    assert [event.activity for event in events] == [f"page.{address.name}"] * 2


@pytest.mark.parametrize("role", Role)
def test_each_role_comes_in_exactly_where_it_is_granted(client: Client, role: Role) -> None:
    """Past the Gate an address of nobody is 404, an empty form 4xx, a wrong method 405: anything but 401 and 403."""
    user = User.objects.create_user("somebody")
    user.groups.set([Group.objects.get(name=role)])
    client.force_login(user)
    for address in PAGES:
        granted = address.rule is not None and address.rule.permission in GRANTS[role]
        for method in ("get", "post"):
            status = getattr(client, method)(url(address)).status_code
            assert (status not in (401, 403)) is granted, (address.name, method, status)


@pytest.mark.parametrize("address", PAGES, ids=name)
def test_an_expired_session_is_no_session(client: Client, address: Address) -> None:
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(url(address)).status_code == 401


@pytest.mark.parametrize("address", PAGES, ids=name)
def test_a_person_put_out_of_service_is_out_at_once(client: Client, address: Address) -> None:
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    User.objects.update(is_active=False)
    assert client.get(url(address)).status_code == 401


def test_a_session_is_no_token_for_the_door(client: Client) -> None:
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    for address in TABLE:
        if address.rule and address.rule.door is Door.BEARER:
            assert client.get(url(address)).status_code == 401, address.name


def _undeclared(_request: HttpResponse) -> HttpResponse:
    return HttpResponse("in the open")


urlpatterns = [
    path("undeclared", _undeclared),
    path("", include("clinic.site.urls")),
]


@pytest.mark.urls(__name__)
def test_a_view_without_a_rule_is_refused_to_everybody(client: Client) -> None:
    assert client.get("/undeclared").status_code == 401
    user = User.objects.create_user("cleo", is_superuser=True)
    user.groups.set(Group.objects.all())
    client.force_login(user)
    answer = client.get("/undeclared")
    assert (answer.status_code, b"open" in answer.content) == (403, False)
    assert AuditEvent.objects.get().detail["why"] == "no rule"

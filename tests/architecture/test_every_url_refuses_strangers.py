"""Strangers are refused everywhere but where it is declared, and so is one without a role and one out of service."""

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse

from clinic.access.gate import Door
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


@pytest.mark.parametrize("address", PAGES, ids=name)
def test_a_person_put_out_of_service_is_out_at_once(client: Client, address: Address) -> None:
    user = User.objects.create_user("cleo")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    User.objects.update(is_active=False)
    assert client.get(url(address)).status_code == 401


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

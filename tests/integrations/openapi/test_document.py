"""The description: valid, of the integration role and administrators only, and of nothing that is not served."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import resolve
from drf_spectacular.validation import validate_schema
from oauth2_provider.models import AccessToken

from clinic.access.gate import Door, rule_of
from clinic.audit.models import AuditEvent
from integrations.fhir.registry import OPERATIONS, TYPES
from tests.architecture.every_url import NOBODY, addresses

pytestmark = pytest.mark.django_db
_UNDESCRIBED = {
    "openapi": "the description itself",
    "fhir-nowhere": "what is not served",
    "fhir-slashed": "the same addresses with a slash at their end",
    "login": "a page",
    "logout": "a page",
    "second-factor": "a page",
    "set-password": "a page",
    "single-sign-on": "a page",
    "single-sign-on-return": "a page",
    "forgotten-password": "a page",
    "language": "what the foot of a page sends",
    "session-left": "what a page asks about its own session",
    "session-stay": "what a page asks about its own session",
    "launch": "a page that a hospital system opens in a browser",
    "launch-callback": "a page",
}


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert document["servers"] == [{"url": "http://testserver"}]
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


def test_every_described_address_is_one_of_the_table(document: dict[str, Any]) -> None:
    described = set()
    for path in document["paths"]:
        match = resolve(re.sub(r"\{[a-z]+\}", "1", path.replace("{uuid}", str(NOBODY))))
        assert match.url_name not in _UNDESCRIBED, path
        described.add(match.url_name)
    open_to_systems = {one.name for one in addresses() if one.rule is not None and one.rule.door is not Door.PAGE}
    operations = {"fhir-operation", "fhir-operation-type", "fhir-operation-instance"} - described
    left = open_to_systems - described - set(_UNDESCRIBED) - (operations if not OPERATIONS else set())
    assert left == set(), "describe it, or say here why not"


def test_it_describes_what_is_registered(document: dict[str, Any]) -> None:
    paths = document["paths"]
    for name, served in TYPES.items():
        assert "get" in paths[f"/fhir/{name}/{{id}}"]
        assert ("post" in paths.get(f"/fhir/{name}", {})) is ("create" in served.writes)
        for method, interaction in (("put", "update"), ("patch", "patch"), ("delete", "delete")):
            assert (method in paths[f"/fhir/{name}/{{id}}"]) is (interaction in served.writes), (name, method)
        if served.searched:
            asked = {one["name"] for one in paths[f"/fhir/{name}"]["get"]["parameters"]}
            assert {one.name for one in served.parameters} <= asked
    for name, operation in OPERATIONS.items():
        assert (f"/fhir/${name}" in paths) is operation.system


def test_strangers_and_expired_tokens_are_refused(token: str, caller: Client) -> None:
    assert Client().get("/openapi.json").status_code == 401
    assert Client(headers={"Authorization": "Bearer no"}).get("/openapi.json").status_code == 401
    AccessToken.objects.update(expires="2026-01-01T00:00:00Z")
    assert caller.get("/openapi.json").status_code == 401


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("clinician", 403), ("researcher", 403), ("auditor", 403), ("pharmacist", 403)],
)
def test_of_people_administrators_alone_read_it(db: None, role: str, status: int) -> None:
    user = User.objects.create_user("somebody")
    user.groups.set([Group.objects.get(name=role)])
    client = Client()
    client.force_login(user)
    assert client.get("/clients/openapi.json").status_code == status
    assert client.get("/openapi.json").status_code == 401, "a session is no token"
    event = AuditEvent.objects.get(activity="page.openapi-page")
    assert event.outcome == ("0" if status == 200 else "4")


def test_it_is_read_and_nothing_else(caller: Client) -> None:
    answer = caller.get("/openapi.json")
    assert answer["Cache-Control"] == "no-store"
    assert caller.post("/openapi.json").status_code == 405
    assert AuditEvent.objects.filter(activity="openapi.read").count() == 1


def test_it_has_a_rule_of_its_own() -> None:
    rule = rule_of(resolve("/openapi.json").func)
    assert rule is not None
    assert rule.door is Door.BEARER

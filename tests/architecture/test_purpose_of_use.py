"""What each page is used for stands in its audit events: treatment only where patients are treated."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from clinic.access.gate import PURPOSES, Door, RuleError, page
from clinic.access.roles import Permission, Role
from clinic.access.templatetags.trail_words import PURPOSES as IN_WORDS
from clinic.audit.models import AuditEvent, Outcome
from tests.architecture.every_url import EXAMPLES, addresses
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
PAGES = [address for address in addresses() if address.rule and address.rule.door is Door.PAGE]
AT_THE_BEDSIDE = ("worklist.", "patient.", "comparison.", "data.", "app.", "glass.break")


def used_for(permission: Permission) -> str:
    if permission.startswith(AT_THE_BEDSIDE):
        return "TREAT"
    if permission.startswith("study."):
        return "HRESCH"
    return "" if permission in (Permission.HELP_VIEW, Permission.ACCOUNT_OWN) else "HOPERAT"


def test_each_page_is_recorded_with_what_its_permission_is_for(client: Client) -> None:
    user = User.objects.create_user("everything")
    user.groups.set(Group.objects.all())
    client.force_login(user)
    recorded = {}
    for address in PAGES:
        client.get(reverse(address.name, kwargs=EXAMPLES[address.name]))
        event = AuditEvent.objects.filter(activity=f"page.{address.name}").latest("sequence")
        recorded[address.name] = event.purpose
    assert recorded == {address.name: used_for(address.rule.permission) for address in PAGES if address.rule}
    assert set(recorded.values()) - {""} <= set(IN_WORDS)


def test_a_refusal_is_recorded_with_what_the_page_is_for(client: Client) -> None:
    client.force_login(patient_records.person("rae", Role.RESEARCHER))
    for path in ("/", "/audit", "/studies"):
        client.get(path)
    found = AuditEvent.objects.order_by("sequence").values_list("activity", "outcome", "purpose")
    assert list(found) == [
        ("page.worklist", Outcome.REFUSED, "TREAT"),
        ("page.audit", Outcome.REFUSED, "HOPERAT"),
        ("page.studies", Outcome.SUCCESS, "HRESCH"),
    ]


def test_what_a_page_does_is_recorded_with_its_purpose_too(client: Client) -> None:
    client.force_login(patient_records.person("tess", Role.ADMINISTRATOR))
    client.post("/administration/restrictions", {"record_number": "of nobody"})
    found = AuditEvent.objects.values_list("activity", "purpose")
    assert set(found) == {("wristband.find", "HOPERAT"), ("page.restrictions", "HOPERAT")}


def test_a_page_under_a_permission_without_a_purpose_cannot_be_declared() -> None:
    assert Permission.FHIR_READ not in PURPOSES
    with pytest.raises(RuleError, match=r"fhir\.read have no purpose"):
        page(Permission.FHIR_READ)
    asked = {address.rule.permission for address in PAGES if address.rule}
    assert set(PURPOSES) == asked, "a purpose of a permission that no page asks for says nothing"

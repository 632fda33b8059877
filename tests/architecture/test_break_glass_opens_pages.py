"""Every page about a patient: closed to a clinician of another ward, open in an emergency, and closed after it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from clinic.access.gate import ABOUT_PATIENTS
from clinic.access.roles import GRANTS, Permission, Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import Opening, Patient
from tests.architecture.every_row import IDENTIFYING, address_of, someone_known
from tests.architecture.every_url import EXAMPLES, addresses
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
OF_ONE = {"subject_key", "comparison_id"}
TABLE = [
    address
    for address in addresses()
    if address.rule
    and address.rule.permission in ABOUT_PATIENTS & GRANTS[Role.CLINICIAN]
    and address.rule.permission is not Permission.GLASS_BREAK
]
PAGES = [address.name for address in TABLE if OF_ONE & set(EXAMPLES[address.name])]
LISTS = [address.name for address in TABLE if not EXAMPLES[address.name]]


@pytest.fixture
def vic(client: Client, settings: Any) -> User:
    user = patient_records.person("vic", team="Other ward")
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return user


def asked(client: Client, patient: Patient) -> dict[tuple[str, str], int]:
    """The status of each page of the patient, by name and method."""
    found = {}
    for name in PAGES:
        for method in ("get", "post"):
            found[name, method] = getattr(client, method)(address_of(patient, name), {"again": PASSWORD}).status_code
    return found


def test_each_page_is_closed_before_open_under_it_and_closed_after_it(client: Client, vic: User) -> None:
    someone = someone_known()
    before = asked(client, someone)
    assert set(before.values()) == {403, 405}
    assert {name for (name, _), status in before.items() if status == 403} == set(PAGES)
    form = {"emergency": "cover", "reason": "The ward has nobody."}
    assert client.post(address_of(someone, "break-glass-patient"), form).status_code == 302
    events = AuditEvent.objects.latest("sequence").sequence
    under = asked(client, someone)
    assert 403 not in under.values()
    assert 500 not in under.values()
    done = AuditEvent.objects.filter(sequence__gt=events, subject_key=str(someone.pk), actor=f"user-{vic.pk}")
    assert set(done.values_list("purpose", flat=True)) == {"BTG"}
    Opening.objects.filter(person=vic).update(until=timezone.now())
    assert asked(client, someone) == before


def test_no_list_and_no_other_patient_is_opened_with_it(client: Client, vic: User) -> None:
    someone, other = someone_known(), patient_records.patient("Elseworth")
    form = {"emergency": "cover", "reason": "The ward has nobody."}
    client.post(f"/patients/{other.pk}/break-glass", form)
    assert client.get(f"/patients/{other.pk}").status_code == 200
    assert 200 not in asked(client, someone).values()
    for name in LISTS:
        assert not IDENTIFYING.search(client.get(address_of(someone, name)).content.decode()), name

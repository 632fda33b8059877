"""A researcher, even one put into the care team by mistake, reads no name, record number or date of birth anywhere."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client

from clinic.access.gate import Door
from clinic.access.roles import Permission, Role
from clinic.patients.models import Patient
from tests.architecture.every_row import IDENTIFYING, address_of, someone_known
from tests.architecture.every_url import addresses
from tests.factories import patient_records
from tests.integrations.smart.steps import app, token

pytestmark = pytest.mark.django_db
TABLE = addresses()


@pytest.fixture
def someone() -> Patient:
    return someone_known()


@pytest.fixture
def rae(someone: Patient) -> User:
    return patient_records.person("rae", Role.RESEARCHER)


def test_no_page_shows_a_researcher_who_a_patient_is(client: Client, someone: Patient, rae: User) -> None:
    client.force_login(rae)
    open_to_them = set()
    for address in TABLE:
        if address.name == "logout":
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(address_of(someone, address.name))
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert not IDENTIFYING.search(content.decode()), (address.name, method)
            assert not IDENTIFYING.search(str(answer.headers)), (address.name, method)
            if address.rule and address.rule.door is Door.PAGE and answer.status_code not in (401, 403):
                open_to_them.add(address.rule.permission)
    everybody = {Permission.HELP_VIEW, Permission.ACCOUNT_OWN}
    assert open_to_them == {Permission.STUDY_VIEW, Permission.STUDY_RUN, Permission.FORMULARY_VIEW} | everybody


def test_an_app_of_one_who_became_a_researcher_reads_nobody(client: Client, someone: Patient) -> None:
    cleo = patient_records.person("cleo")
    client.force_login(cleo)
    text = token(client, app(), someone)["access_token"]
    theirs = Client(headers={"Authorization": f"Bearer {text}"})
    cache.clear()  # what tests before this one asked counts against the same rate
    assert IDENTIFYING.search(theirs.get("/fhir/Patient/ward.p77").content.decode())
    cleo.groups.set([Group.objects.get(name="researcher")])
    for address in TABLE:
        if address.rule and address.rule.door is Door.BEARER:
            answer = theirs.get(address_of(someone, address.name))
            assert answer.status_code in (401, 403, 405), (address.name, answer.status_code)
            assert not IDENTIFYING.search(answer.content.decode()), address.name


def test_the_marks_are_there_to_be_found(client: Client, someone: Patient) -> None:
    """The same addresses show them to a clinician of the care team: the test above would find them."""
    client.force_login(patient_records.person("cleo"))
    for name in ("patient", "comparison", "comparison-note"):
        assert IDENTIFYING.search(client.get(address_of(someone, name)).content.decode()), name

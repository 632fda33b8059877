"""A researcher, even one put into the care team by mistake, reads no name, record number or date of birth anywhere."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.access.gate import Door
from clinic.access.roles import Permission, Role
from clinic.decisions.models import Decision
from clinic.patients.models import CareTeam, Opening, Patient, Restriction
from tests.api import ward_data
from tests.architecture.every_url import EXAMPLES, addresses
from tests.factories import patient_records
from tests.integrations.smart.steps import app, token

pytestmark = pytest.mark.django_db
IDENTIFYING = re.compile(
    r"Quillfeather|Zebedee|REC-998877|1959-03-14|14 Mar(ch)? 1959|14\.0?3\.1959|ward[./]p77", re.IGNORECASE
)
TABLE = addresses()


@pytest.fixture
def someone(settings: Any) -> Patient:
    """A patient of whom every kind of row exists that a page could show."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    patient = patient_records.patient("Quillfeather", "Zebedee")
    Patient.objects.filter(pk=patient.pk).update(record_number="REC-998877", source_key="ward/Patient/p77")
    patient.refresh_from_db()
    _, comparison = patient_records.twin(patient.subject)
    nurse = patient_records.person("nurse")
    now = timezone.now()
    Decision.objects.create(
        comparison=comparison,
        comparison_digest=comparison.digest,
        chosen_plan=0,
        reason="Zebedee agrees.",
        decided_by=nurse,
        decided_at=now,
    )
    Restriction.objects.create(
        patient=patient, hidden_from="person", person=nurse, begins=now, reason="Quillfeather", recorded_by="user-1",
        recorded_at=now,
    )  # fmt: skip
    Opening.objects.create(
        patient=patient, person=nurse, emergency="other", reason="Quillfeather", against_restriction=False,
        begun=now, until=now + timedelta(hours=1),
    )  # fmt: skip
    text = '{"resourceType": "Patient", "id": "p77", "name": [{"family": "Quillfeather"}], "birthDate": "1959-03-14"}'
    ward_data.store(text, subject=patient.subject)
    return patient


@pytest.fixture
def rae(someone: Patient) -> User:
    return patient_records.person("rae", Role.RESEARCHER)


def of(patient: Patient, name: str) -> str:
    """The address of that name with this patient's own keys in it."""
    comparison = Decision.objects.get().comparison_id
    keys: dict[str, Any] = {"subject_key": patient.pk, "comparison_id": comparison, "identifier": "ward.p77"}
    keys |= {"owner": "ward.p77", "number": 1, "sequence": 1}
    example = EXAMPLES[name]
    rows = {
        "break-glass-review": Opening,
        "break-glass-end": Opening,
        "restriction-lift": Restriction,
        "team": CareTeam,
    }
    if name in rows:
        keys["pk"] = rows[name].objects.latest("pk").pk
    return reverse(name, kwargs={key: keys.get(key, value) for key, value in example.items()})


def test_no_page_shows_a_researcher_who_a_patient_is(client: Client, someone: Patient, rae: User) -> None:
    client.force_login(rae)
    open_to_them = set()
    for address in TABLE:
        if address.name == "logout":
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(of(someone, address.name))
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert not IDENTIFYING.search(content.decode()), (address.name, method)
            assert not IDENTIFYING.search(str(answer.headers)), (address.name, method)
            if address.rule and address.rule.door is Door.PAGE and answer.status_code not in (401, 403):
                open_to_them.add(address.rule.permission)
    assert open_to_them == {Permission.STUDY_VIEW, Permission.STUDY_RUN, Permission.FORMULARY_VIEW}


def test_an_app_of_one_who_became_a_researcher_reads_nobody(client: Client, someone: Patient) -> None:
    cleo = patient_records.person("cleo")
    client.force_login(cleo)
    text = token(client, app(), someone)["access_token"]
    theirs = Client(headers={"Authorization": f"Bearer {text}"})
    assert IDENTIFYING.search(theirs.get("/fhir/Patient/ward.p77").content.decode())
    cleo.groups.set([Group.objects.get(name="researcher")])
    for address in TABLE:
        if address.rule and address.rule.door is Door.BEARER:
            answer = theirs.get(of(someone, address.name))
            assert answer.status_code in (401, 403, 405), (address.name, answer.status_code)
            assert not IDENTIFYING.search(answer.content.decode()), address.name


def test_the_marks_are_there_to_be_found(client: Client, someone: Patient) -> None:
    """The same addresses show them to a clinician of the care team: the test above would find them."""
    client.force_login(patient_records.person("cleo"))
    for name in ("patient", "comparison", "comparison-note"):
        assert IDENTIFYING.search(client.get(of(someone, name)).content.decode()), name

"""Emergency access: for the bedside alone, for one patient and a while, on record as such, and reviewed by another."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.access.break_glass import break_glass
from clinic.access.permissions import visible_patients
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent, Outcome
from clinic.decisions.models import Decision
from clinic.patients.models import Hidden, Opening, Patient, Restriction
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
WHY = {"emergency": "urgent", "reason": "Cardiac arrest on Ward 4."}


@pytest.fixture
def vic(client: Client) -> User:
    """A clinician of another ward, signed in."""
    user = patient_records.person("vic", team="Other ward")
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return user


@pytest.fixture
def patient() -> Patient:
    return patient_records.patient()


@pytest.fixture
def audie() -> User:
    return patient_records.person("audie", Role.AUDITOR, team=None)


def opened(client: Client, patient: Patient, **more: str) -> Any:
    return client.post(f"/patients/{patient.pk}/break-glass", {**WHY, **more})


def over(opening: Opening) -> None:
    Opening.objects.filter(pk=opening.pk).update(
        begun=timezone.now() - timedelta(hours=2), until=timezone.now() - timedelta(seconds=1)
    )


def purposes(user: User) -> set[tuple[str, str]]:
    found = AuditEvent.objects.filter(actor=f"user-{user.pk}", outcome=Outcome.SUCCESS)
    return set(found.values_list("activity", "purpose"))


def test_the_refused_page_offers_it_and_leads_back_to_what_was_asked_for(
    client: Client, vic: User, patient: Patient
) -> None:
    version, comparison = patient_records.twin(patient.subject)
    assert comparison is not None
    refused = client.get(f"/comparisons/{comparison.pk}")
    assert (refused.status_code, b"Open in an emergency" in refused.content, b"Okafor" in refused.content) == (
        403,
        True,
        False,
    )
    answer = opened(client, patient, next=f"/comparisons/{comparison.pk}")
    assert (answer.status_code, answer["Location"]) == (302, f"/comparisons/{comparison.pk}")
    page = client.get(answer["Location"])
    assert page.status_code == 200
    for shown in ("Okafor", "Emergency access until", "Cardiac arrest on Ward 4.", "End it now"):
        assert shown in page.content.decode()
    assert 3590 <= int(page["Refresh"]) <= 3602
    # what was decided under it is on record as such, too
    form = {"plan": "0", "reason": "Nobody else is here.", "digest": comparison.digest, "again": PASSWORD}
    assert client.post(f"/comparisons/{comparison.pk}/sign", form).status_code == 302
    assert Decision.objects.get().decided_by == vic
    assert purposes(vic) == {
        ("glass.break", "BTG"),
        ("page.break-glass-patient", "BTG"),
        ("page.comparison", "BTG"),
        ("login.confirm", ""),
        ("comparison.sign", "BTG"),
        ("page.decision-sign", "BTG"),
    }
    assert version.subject_id == patient.pk


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", "nowhere", "logout", "\\\\evil.test"])
def test_it_leads_to_the_patient_where_the_way_back_is_none_of_this_site(
    client: Client, vic: User, patient: Patient, elsewhere: str
) -> None:
    assert opened(client, patient, next=elsewhere)["Location"] == f"/patients/{patient.pk}"


def test_it_opens_one_patient_alone_and_no_list_and_no_app(client: Client, vic: User, patient: Patient) -> None:
    other = patient_records.patient("Lindqvist")
    opened(client, patient)
    assert client.get(f"/patients/{patient.pk}").status_code == 200
    assert client.get(f"/patients/{other.pk}").status_code == 403
    assert b"Okafor" not in client.get("/").content
    assert not visible_patients(vic).exists()


def test_it_ends_by_the_clock_and_by_hand(client: Client, vic: User, patient: Patient) -> None:
    opened(client, patient)
    over(Opening.objects.get())
    assert client.get(f"/patients/{patient.pk}").status_code == 403
    opened(client, patient)
    assert client.get(f"/patients/{patient.pk}").status_code == 200
    last = Opening.objects.latest("pk")
    assert client.post(f"/break-glass/{last.pk}/end").status_code == 302
    assert client.get(f"/patients/{patient.pk}").status_code == 403
    assert AuditEvent.objects.filter(activity="glass.end", purpose="BTG").count() == 1


def test_it_ends_with_the_role(client: Client, vic: User, patient: Patient) -> None:
    opened(client, patient)
    vic.groups.set([Group.objects.get(name="auditor")])
    assert client.get(f"/patients/{patient.pk}").status_code == 403


def test_two_clicks_open_once_and_a_reason_is_needed(client: Client, vic: User, patient: Patient) -> None:
    for missing in ({"reason": " "}, {"emergency": ""}, {"reason": "x" * 501}):
        answer = opened(client, patient, **missing)
        assert (answer.status_code, b"Okafor" in answer.content) == (422, False)
    assert not Opening.objects.exists()
    opened(client, patient)
    opened(client, patient)
    assert Opening.objects.count() == 1


def test_one_of_the_care_team_breaks_nothing(client: Client, patient: Patient) -> None:
    client.force_login(patient_records.person("mira"))
    assert opened(client, patient)["Location"] == f"/patients/{patient.pk}"
    assert not Opening.objects.exists()


def test_a_restricted_patient_can_be_opened_and_the_reviewer_sees_that_it_was_against_their_wish(
    client: Client, patient: Patient, audie: User
) -> None:
    mira = patient_records.person("mira")
    now = timezone.now()
    Restriction.objects.create(
        patient=patient, hidden_from=Hidden.EVERYBODY, begins=now, reason="-", recorded_by="user-1", recorded_at=now
    )
    client.force_login(mira)
    assert client.get(f"/patients/{patient.pk}").status_code == 403
    opened(client, patient)
    assert client.get(f"/patients/{patient.pk}").status_code == 200
    client.force_login(audie)
    assert "against the patient&#x27;s wish" in client.get("/break-glass/reviews").content.decode().replace(
        "'", "&#x27;"
    )


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.AUDITOR, Role.ADMINISTRATOR, Role.INTEGRATION])
def test_only_the_bedside_may(client: Client, patient: Patient, role: Role) -> None:
    client.force_login(patient_records.person("other", role, team=None))
    assert opened(client, patient).status_code == 403
    assert client.post("/break-glass", {**WHY, "record_number": "4711"}).status_code == 403
    assert not Opening.objects.exists()


def test_an_unknown_link_is_of_no_page(client: Client, vic: User) -> None:
    assert client.post(f"/patients/{uuid4()}/break-glass", WHY).status_code == 404


def by_number(client: Client, number: str, born: str = "", **more: str) -> Any:
    return client.post("/break-glass", {**WHY, "record_number": number, "born": born, **more})


def test_a_record_number_opens_exactly_its_patient_and_says_nothing_of_others(
    client: Client, vic: User, patient: Patient
) -> None:
    Patient.objects.filter(pk=patient.pk).update(record_number="MRN-1")
    for number, born in (("MRN-", ""), ("mrn-1", ""), ("MRN-10", ""), ("MRN-1", "1959-03-15")):
        answer = by_number(client, number, born)
        assert (answer.status_code, b"Okafor" in answer.content) == (422, False)
    # without a reason nobody is looked for: the answer is the same for a number of nobody
    page = by_number(client, "MRN-1", reason="").content.decode()
    assert "Say in a few words" in page
    assert not Opening.objects.exists()
    assert by_number(client, " MRN-1 ", "1959-03-14")["Location"] == f"/patients/{patient.pk}"
    assert b"Okafor, Daniel" in client.get("/break-glass").content
    assert not AuditEvent.objects.filter(detail__icontains="MRN").exists()


def test_two_of_one_number_are_told_apart_by_the_date_of_birth(client: Client, vic: User, patient: Patient) -> None:
    twin = patient_records.patient("Lindqvist")
    Patient.objects.filter(pk=twin.pk).update(birth_date="1961-01-01")
    answer = by_number(client, "4711")
    assert (answer.status_code, b"give the date of birth too" in answer.content) == (422, True)
    assert by_number(client, "4711", "1961-01-01")["Location"] == f"/patients/{twin.pk}"


def test_who_tries_numbers_of_nobody_is_stopped(client: Client, vic: User, patient: Patient) -> None:
    for number in range(5):
        assert by_number(client, str(number)).status_code == 422
    assert by_number(client, "4711").status_code == 429
    assert AuditEvent.objects.filter(activity="wristband.find", outcome=Outcome.REFUSED).count() == 5
    assert not Opening.objects.exists()


def test_it_is_told_in_the_log_without_names(
    vic: User,
    patient: Patient,
    caplog: pytest.LogCaptureFixture,
    client: Client,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with (
        caplog.at_level(logging.WARNING, "clinic.access.break_glass"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        opened(client, patient)
    (line,) = [one.getMessage() for one in caplog.records if one.name == "clinic.access.break_glass"]
    assert line.startswith(f"emergency access {Opening.objects.get().pk} by user-{vic.pk} until ")
    assert not any(word in line for word in ("Okafor", "vic ", "Cardiac", str(patient.pk)))


def reviewed(client: Client, opening: Opening, **more: str) -> Any:
    form = {"verdict": "justified", "note": "The ward confirms it.", **more}
    return client.post(f"/break-glass/reviews/{opening.pk}", form)


def test_a_reviewer_sees_what_was_done_and_judges_it_once_when_it_is_over(
    client: Client, vic: User, patient: Patient, audie: User
) -> None:
    opened(client, patient)
    client.get(f"/patients/{patient.pk}")
    opening = Opening.objects.get()
    client.force_login(audie)
    assert b'<span class="badge warn">1<' in client.get("/audit").content
    assert b"runs until" in client.get("/break-glass/reviews").content
    assert reviewed(client, opening).status_code == 422  # it runs
    assert client.post(f"/break-glass/reviews/{opening.pk}", {"end": "1"}).status_code == 302
    page = client.get(f"/break-glass/reviews/{opening.pk}").content.decode()
    assert "opened the patient&#x27;s page" in page.replace("'", "&#x27;")
    assert "Okafor" not in page
    assert "You are not in this patient" not in page  # the banner is for the one who has the access
    assert reviewed(client, opening, note=" ").status_code == 422
    assert reviewed(client, opening, verdict="").status_code == 422
    assert reviewed(client, opening, verdict="unjustified").status_code == 302
    assert reviewed(client, opening).status_code == 422
    opening.refresh_from_db()
    assert (opening.justified, opening.reviewer) == (False, audie)
    event = AuditEvent.objects.get(activity="glass.review")
    assert (event.actor, event.subject_key, event.detail) == (
        f"user-{audie.pk}",
        str(patient.pk),
        {"justified": False},
    )
    assert client.get("/break-glass/reviews").content.count(b"not justified") == 1


def test_nobody_reviews_their_own(client: Client, vic: User, patient: Patient, audie: User) -> None:
    opened(client, patient)
    opening = Opening.objects.get()
    over(opening)
    vic.groups.add(Group.objects.get(name="auditor"))
    answer = reviewed(client, opening)
    assert (answer.status_code, b"of their own" in answer.content) == (422, True)
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        Opening.objects.update(justified=True, note="-", reviewer=vic, reviewed=now)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADMINISTRATOR, Role.RESEARCHER])
def test_only_auditors_review(client: Client, vic: User, patient: Patient, role: Role) -> None:
    opened(client, patient)
    client.force_login(patient_records.person("other", role))
    assert client.get("/break-glass/reviews").status_code == 403
    assert reviewed(client, Opening.objects.get()).status_code == 403


def test_nobody_ends_the_access_of_a_colleague(client: Client, vic: User, patient: Patient) -> None:
    opened(client, patient)
    opening = Opening.objects.get()
    client.force_login(patient_records.person("mira"))
    assert client.post(f"/break-glass/{opening.pk}/end").status_code == 404
    opening.refresh_from_db()
    assert opening.ended is None


def test_how_long_it_lasts_is_a_setting(vic: User, patient: Patient, settings: Any) -> None:
    settings.BREAK_GLASS_MINUTES = 15
    opening = break_glass(patient=patient, **WHY, by=vic, actor=actor_of(vic))
    assert opening is not None
    assert opening.until - opening.begun == timedelta(minutes=15)

"""Once the cause is mended, another try: by function, by command, by page."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import CareTeam, Patient
from integrations.codes import loinc
from integrations.readings.models import QuarantineEntry, QuarantineReason, QuarantineState
from integrations.readings.quarantine import retry, retry_found
from tests.integrations.readings.conftest import TakeIn
from tests.integrations.resources import observation, patient
from twins.records.models import StoredSample
from twins.samples.channel import Channel

NEW_CODE = "99991-2"


@pytest.fixture
def held(take_in: TakeIn) -> QuarantineEntry:
    """A level under a code that nobody mapped yet."""
    take_in(patient(), observation(code=NEW_CODE))
    return QuarantineEntry.objects.get()


@pytest.fixture
def mended(held: QuarantineEntry, monkeypatch: pytest.MonkeyPatch) -> QuarantineEntry:
    """The same, after the code was added to the tables."""
    row = loinc.Measurement(NEW_CODE, "Vancomycin trough", Channel.VANCOMYCIN)
    monkeypatch.setitem(loinc.MEASUREMENTS, NEW_CODE, row)
    return held


def _client(role: Role | None) -> Client:
    client = Client()
    if role is not None:
        user = get_user_model().objects.create_user(username=f"a-{role}", password="not-used-to-log-in")
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
        client.force_login(user)
    return client


def _join(held: QuarantineEntry) -> None:
    """Make everybody look after the patient of the entry."""
    team = CareTeam.objects.create(name="Everybody")
    team.patients.add(Patient.objects.get(pk=held.subject_id))
    team.members.set(get_user_model().objects.all())


def test_it_is_held_once_however_often_it_arrives(held: QuarantineEntry, take_in: TakeIn) -> None:
    take_in(observation(code=NEW_CODE), observation("o2"))
    entry = QuarantineEntry.objects.get()
    assert (entry.pk, entry.tries, entry.source_key, entry.version) == (held.pk, 1, "ward/Observation/o1", "1")
    assert entry.subject is not None


def test_a_try_before_the_cause_is_mended_is_counted(held: QuarantineEntry) -> None:
    report = retry()
    held.refresh_from_db()
    assert (report.tried, report.released) == (1, 0)
    assert (held.tries, held.state) == (2, QuarantineState.WAITING)


def test_a_try_after_the_cause_is_mended_releases_and_stores(mended: QuarantineEntry) -> None:
    report = retry(QuarantineEntry.objects.filter(reason=QuarantineReason.UNKNOWN_CODE))
    mended.refresh_from_db()
    assert (report.tried, report.released) == (1, 1)
    assert (mended.state, mended.tries) == (QuarantineState.RELEASED, 2)
    assert StoredSample.objects.get().value == 15.3
    assert retry().tried == 0
    event = AuditEvent.objects.get(activity="quarantine.retry")
    assert event.detail["released"] == 1


def test_an_older_version_released_late_does_not_win(mended: QuarantineEntry, take_in: TakeIn) -> None:
    take_in(observation(value=14.0, version=2))
    retry()
    rows = StoredSample.objects.order_by("source_version").values_list("source_version", "state")
    assert list(rows) == [("1", "superseded"), ("2", "active")]


def test_the_same_version_that_arrives_whole_releases_what_was_held(take_in: TakeIn) -> None:
    take_in(patient(), observation(unit="foo"))
    take_in(observation())
    assert QuarantineEntry.objects.get().state == QuarantineState.RELEASED
    assert StoredSample.objects.count() == 1


def test_what_waits_for_a_patient_who_never_came_is_left_alone(take_in: TakeIn) -> None:
    take_in(observation(of="p9"))
    entry = QuarantineEntry.objects.get()
    assert retry_found(entry.reading.source) == 0
    entry.refresh_from_db()
    assert entry.tries == 1


def test_a_payload_that_is_still_broken_stays(take_in: TakeIn) -> None:
    take_in(b'{"resourceType":')
    report = retry()
    assert (report.tried, report.released, QuarantineEntry.objects.get().tries) == (1, 0, 2)


def test_the_command_lists_and_tries_again(mended: QuarantineEntry) -> None:
    out = StringIO()
    call_command("quarantine", "list", stdout=out)
    assert f"{mended.pk}  ward  Observation/o1  unknown-code: " in out.getvalue()
    out = StringIO()
    call_command("quarantine", "retry", "--reason", "unknown-unit", stdout=out)
    assert "0 tried again" in out.getvalue()
    out = StringIO()
    call_command("quarantine", "retry", "--id", str(mended.pk), stdout=out)
    assert "1 tried again: 1 accepted." in out.getvalue()
    assert "0 waiting." in out.getvalue()
    with pytest.raises(CommandError, match="no entry of that number"):
        call_command("quarantine", "retry", "--id", "99999")


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.RESEARCHER, Role.AUDITOR, Role.INTEGRATION])
def test_a_role_without_the_permission_sees_and_does_nothing(mended: QuarantineEntry, role: Role) -> None:
    client = _client(role)
    assert client.get(reverse("quarantine")).status_code == 403
    assert client.get(reverse("quarantine-entry", args=[mended.pk])).status_code == 403
    assert client.post(reverse("quarantine-retry"), {"id": mended.pk}).status_code == 403
    mended.refresh_from_db()
    assert mended.tries == 1


def test_a_stranger_is_refused(mended: QuarantineEntry) -> None:
    client = _client(None)
    for answer in (
        client.get(reverse("quarantine")),
        client.get(reverse("quarantine-entry", args=[mended.pk])),
        client.post(reverse("quarantine-retry"), {"id": mended.pk}),
    ):
        assert answer.status_code == 401
        assert "Observation/o1" not in answer.content.decode()
    mended.refresh_from_db()
    assert mended.tries == 1


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.ADMINISTRATOR])
def test_the_page_shows_what_waits_and_why(held: QuarantineEntry, role: Role) -> None:
    client = _client(role)
    _join(held)
    shown = client.get(reverse("quarantine")).content.decode()
    assert "Observation/o1" in shown
    assert NEW_CODE in shown
    assert "No channel or drug is mapped to the code." in shown
    entry = client.get(reverse("quarantine-entry", args=[held.pk])).content.decode()
    assert "&quot;valueQuantity&quot;" in entry
    assert "withheld" not in shown + entry
    assert AuditEvent.objects.filter(subject_key=str(held.subject_id), action="R").exists()


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.ADMINISTRATOR])
@pytest.mark.parametrize("state", QuarantineState.values)
def test_details_of_other_care_teams_patients_are_withheld(held: QuarantineEntry, role: Role, state: str) -> None:
    client = _client(role)
    QuarantineEntry.objects.update(state=state)
    shown = client.get(reverse("quarantine"), {"state": state}).content.decode()
    entry = client.get(reverse("quarantine-entry", args=[held.pk])).content.decode()
    for page in (shown, entry):
        assert "Observation/o1" in page
        assert "No channel or drug is mapped to the code." in page
        assert "withheld: the patient is not of your care teams" in page
        assert NEW_CODE not in page
    assert "valueQuantity" not in entry
    assert AuditEvent.objects.filter(subject_key=str(held.subject_id), action="R").exists()
    _join(held)
    assert "valueQuantity" in client.get(reverse("quarantine-entry", args=[held.pk])).content.decode()


@pytest.mark.parametrize(
    "refused",
    [
        observation(status="nonsense"),
        observation(identifier="not an id"),
        observation() | {"note": [{"text": "\x00"}]},
        {"resourceType": "Basic", "id": "b1", "subject": {"reference": "Patient/p1"}},
        {
            "resourceType": "Immunization",
            "id": "b1",
            "patient": {"reference": "http://ward.test/fhir/Patient/p1"},
        },
        patient(version=2, gender="nonsense"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_what_is_refused_early_still_says_whose_it_is(refused: Any, together: bool, take_in: TakeIn) -> None:
    if together:
        take_in(refused, patient())
    else:
        take_in(patient())
        take_in(refused)
    entry = QuarantineEntry.objects.get()
    assert entry.subject_id == Patient.objects.get().pk
    page = _client(Role.PHARMACIST).get(reverse("quarantine-entry", args=[entry.pk])).content.decode()
    assert "withheld" in page
    assert AuditEvent.objects.filter(subject_key=str(entry.subject_id), action="R").exists()


@pytest.mark.parametrize(
    "refused",
    [
        [1],
        {"resourceType": "Patient", "id": "x\x00"},
        {"resourceType": "Observation", "id": "o 1", "subject": [1]},
        {"resourceType": "Observation", "id": "o 1", "subject": {"reference": "Patient/\x00"}},
        {"resourceType": "Observation", "id": "o 1", "subject": {"reference": "Patient/nobody"}},
    ],
)
def test_what_says_nobody_known_is_held_without_a_subject(refused: Any, take_in: TakeIn) -> None:
    take_in(patient(), refused)
    assert QuarantineEntry.objects.get().subject is None


def test_the_text_about_nobody_known_is_for_those_who_see_patients(take_in: TakeIn) -> None:
    named = {"resourceType": "Patient", "id": "o 1", "name": [{"family": "Okafor"}], "birthDate": "1959-03-14"}
    take_in(named)
    entry = QuarantineEntry.objects.get()
    assert (entry.subject_id, "Okafor" in entry.text) == (None, True)
    address = reverse("quarantine-entry", args=[entry.pk])
    assert "Okafor" in _client(Role.PHARMACIST).get(address).content.decode()
    page = _client(Role.ADMINISTRATOR).get(address).content.decode()
    assert "Okafor" not in page
    assert "1959" not in page
    assert "The text is withheld: nobody knows whom it is about" in page


def test_of_a_payload_that_could_not_be_read_no_content_is_shown(take_in: TakeIn) -> None:
    take_in(b'{"resourceType": "Patient", "name": [{"family": "Okafor"')
    entry = QuarantineEntry.objects.get()
    client = _client(Role.PHARMACIST)
    page = client.get(reverse("quarantine-entry", args=[entry.pk])).content.decode()
    assert "Okafor" not in page + client.get(reverse("quarantine")).content.decode()
    for shown in ("56 bytes", entry.reading.sha256, "http://ward.test/fhir/x", "after 56 characters"):
        assert shown in page


def test_the_page_tries_again_and_says_what_came_of_it(mended: QuarantineEntry) -> None:
    client = _client(Role.PHARMACIST)
    answer = client.post(reverse("quarantine-retry"), {"id": mended.pk}, follow=True)
    assert "1 tried again: 1 accepted, 0 still waiting." in answer.content.decode()
    assert StoredSample.objects.count() == 1
    event = AuditEvent.objects.filter(activity="quarantine.retry").get()
    assert event.actor not in ("system", "stranger")
    assert "Released" in client.get(reverse("quarantine") + "?state=released").content.decode()


@pytest.mark.parametrize("sent", [{"reason": "unknown-code"}, {}, {"reason": "nonsense"}])
def test_the_page_tries_a_reason_or_all_again(mended: QuarantineEntry, sent: dict[str, Any]) -> None:
    _client(Role.ADMINISTRATOR).post(reverse("quarantine-retry"), sent)
    mended.refresh_from_db()
    assert mended.state == QuarantineState.RELEASED


def test_odd_addresses_of_the_page_do_no_harm(held: QuarantineEntry) -> None:
    client = _client(Role.PHARMACIST)
    for query in (
        "?page=99",
        "?page=x",
        "?reason=<b>",
        "?tried=9&released=%C2%B2",
        "?state=x",
        "?tried=<i>&released=1",
        f"?tried={'9' * 5000}&released=1",
        f"?page={'9' * 5000}",
    ):
        assert client.get(reverse("quarantine") + query).status_code == 200
    for number in ("x", "0", "9" * 18, "9" * 30, "9" * 5000):
        assert client.post(reverse("quarantine-retry"), {"id": number}).status_code == 404
    assert client.get(f"/quarantine/{'9' * 30}").status_code == 404
    assert client.get(reverse("quarantine-retry")).status_code == 405

"""Reviewers are written to about each emergency access: by keys alone, once, and never in the way of the opening."""

import re
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from clinic.access import break_glass, glass_alert, tasks
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import Hidden, Opening, Patient, Restriction
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
WHY = {"emergency": "urgent", "reason": "Cardiac arrest of Okafor."}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The messages to workers."""
    kept: list[tuple[Any, ...]] = []

    def send_task(*message: Any) -> bool:
        kept.append(message)
        return True

    monkeypatch.setattr(break_glass, "send_task", send_task)
    monkeypatch.setattr(tasks, "send_task", send_task)
    return kept


@pytest.fixture
def with_mail(settings: Any, asked: list[tuple[Any, ...]]) -> None:
    settings.EMAIL_HOST, settings.PUBLIC_URL = "mail.test", "https://twin.test"


@pytest.fixture
def patient() -> Patient:
    return patient_records.patient()


def one(name: str, role: Role, **fields: Any) -> User:
    person = patient_records.person(name, role, team="Other ward")
    for field, value in ({"email": f"{name}@hospital.test"} | fields).items():
        setattr(person, field, value)
    person.save()
    return person  # type: ignore[return-value]


@pytest.fixture
def vic(client: Client) -> User:
    """A clinician of another ward, signed in."""
    user = one("vic", Role.CLINICIAN)
    client.force_login(user)
    return user


@pytest.fixture
def opening(client: Client, vic: User, patient: Patient, django_capture_on_commit_callbacks: Any) -> Opening:
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"/patients/{patient.pk}/break-glass", WHY).status_code == 302
    return Opening.objects.get()


@pytest.mark.usefixtures("with_mail")
def test_everybody_who_may_review_it_is_written_to_once_and_by_keys_alone(
    client: Client, opening: Opening, vic: User, patient: Patient, asked: list[tuple[Any, ...]]
) -> None:
    for name in ("audie", "otto"):
        one(name, Role.AUDITOR)
    one("gone", Role.AUDITOR, is_active=False)
    one("silent", Role.AUDITOR, email="")
    assert asked == [("clinic.access.tasks.tell_reviewers", opening.pk)]
    tasks.tell_reviewers(opening.pk)
    tasks.tell_reviewers(opening.pk)
    (message,) = mail.outbox
    assert message.to == ["audie@hospital.test", "otto@hospital.test"]
    assert f"user-{vic.pk} opened a patient in an emergency" in message.body
    text = f"{message.subject} {message.body}"
    assert not re.search(rf"Okafor|Daniel|4711|1959|vic\b|Cardiac|wished|{patient.pk}", text)
    link = re.findall(r"https://twin\.test(/\S+)", message.body)[0]
    client.force_login(User.objects.get(username="audie"))
    assert "Cardiac arrest" in client.get(link).content.decode()
    event = AuditEvent.objects.get(activity="glass.tell")
    assert (event.subject_key, event.entity_id, event.purpose) == (str(patient.pk), str(opening.pk), "HOPERAT")
    assert event.detail == {"reviewers": 2}
    assert "hospital.test" not in str(AuditEvent.objects.values())


@pytest.mark.usefixtures("with_mail")
def test_that_the_patient_wished_otherwise_is_said_in_the_language_of_the_site(
    client: Client, vic: User, patient: Patient, settings: Any
) -> None:
    Restriction.objects.create(
        patient=patient, hidden_from=Hidden.PERSON, person=vic, begins=timezone.now(), reason="a neighbour",
        recorded_by="user-1", recorded_at=timezone.now(),
    )  # fmt: skip
    client.post(f"/patients/{patient.pk}/break-glass", WHY)
    one("audie", Role.AUDITOR)
    settings.SITE_LANGUAGE = "de"
    assert glass_alert.tell(Opening.objects.get().pk)
    (message,) = mail.outbox
    assert "wartet auf" in message.subject
    assert "wollte für diese Person geschlossen bleiben" in message.body


@pytest.mark.parametrize("error", [smtplib.SMTPServerDisconnected("gone"), ConnectionRefusedError(), TimeoutError()])
@pytest.mark.usefixtures("with_mail")
def test_a_mail_server_that_fails_loses_nothing_and_is_asked_again_later(
    opening: Opening,
    asked: list[tuple[Any, ...]],
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one("audie", Role.AUDITOR)

    def fails(*_: Any) -> int:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(glass_alert, "send_mail", fails)
        assert not glass_alert.tell(opening.pk)
    assert "will be later" in caplog.text
    assert not AuditEvent.objects.filter(activity="glass.tell").exists()
    asked.clear()
    assert (tasks.sweep(), asked) == (0, [])  # not at once
    later = timezone.now() + glass_alert.AGAIN
    assert glass_alert.due(later) == [opening.pk]
    assert glass_alert.tell(opening.pk, later)
    assert len(mail.outbox) == 1
    assert glass_alert.due(later + timedelta(days=1)) == []


@pytest.mark.usefixtures("with_mail")
def test_the_patient_is_opened_while_no_message_gets_through_and_the_sweep_sends_it(
    client: Client,
    vic: User,
    patient: Patient,
    asked: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(break_glass, "send_task", lambda *_: False)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/patients/{patient.pk}/break-glass", WHY)
    assert client.get(f"/patients/{patient.pk}").status_code == 200
    assert (tasks.sweep(), asked) == (1, [("clinic.access.tasks.tell_reviewers", Opening.objects.get().pk)])


@pytest.mark.usefixtures("with_mail")
def test_while_no_reviewer_has_an_address_the_log_says_so_and_it_stays_due(
    opening: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    assert not glass_alert.tell(opening.pk)
    assert f"nobody was told of emergency access {opening.pk}" in caplog.text
    one("audie", Role.AUDITOR)
    assert glass_alert.tell(opening.pk, timezone.now() + glass_alert.AGAIN)


@pytest.mark.usefixtures("with_mail")
def test_nobody_is_told_of_their_own_or_of_one_that_was_reviewed(opening: Opening, vic: User) -> None:
    vic.groups.add(one("audie", Role.AUDITOR).groups.get())
    Opening.objects.update(
        justified=True, note="Seen.", reviewer=User.objects.get(username="audie"), reviewed=timezone.now()
    )
    assert not glass_alert.tell(opening.pk)
    Opening.objects.update(justified=None, note="", reviewer=None, reviewed=None)
    assert glass_alert.tell(opening.pk)
    assert mail.outbox[0].to == ["audie@hospital.test"]


def test_where_no_server_takes_mail_nothing_is_asked_of_a_worker(
    opening: Opening, asked: list[tuple[Any, ...]]
) -> None:
    one("audie", Role.AUDITOR)
    assert (opening.tell_at, asked) == (None, [])
    assert not glass_alert.tell(opening.pk)
    assert (glass_alert.due(timezone.now()), mail.outbox) == ([], [])


def test_the_sweep_is_on_the_schedule(settings: Any) -> None:
    assert tasks.sweep.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

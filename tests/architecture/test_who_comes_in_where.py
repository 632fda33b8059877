"""Every address for every role and standing, by GET and by POST: what a row of the table says, and else a refusal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from clinic.access.gate import ABOUT_PATIENTS
from clinic.access.roles import GRANTS, Role
from clinic.audit.models import AuditEvent
from clinic.patients.models import Opening, Patient
from tests.architecture.every_row import address_of, someone_known
from tests.architecture.every_url import READ, ROWS, Answer, Row, Standing, addresses
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
METHODS = ("get", "post")
OWN_CHECK = {"login", "session-stay", "oauth-token", "oauth-revoke", "oauth-introspect"}
"""Open to anybody; a post with no password, no client's secret or no session that lives is answered 401 there."""
NOT_HERE = {"patient-values", "record-received", "question"}
"""Pages of a patient whose example names no values or no record, or one that came without its text: 404 when let in."""


def one_signed_in(role: Role, standing: Standing, patient: Patient) -> Client:
    """A person of that role who stands so to the patient."""
    at_home = standing in (Standing.OWN, Standing.EXPIRED)
    user = patient_records.person(f"of-{role}", role, team=patient_records.TEAM if at_home else "Other ward")
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    client.force_login(user)
    now = timezone.now()
    if standing in (Standing.EMERGENCY, Standing.OVER):
        # written here, not asked for: one who has become an auditor since may have one too
        until = now + timedelta(minutes=30 if standing is Standing.EMERGENCY else -1)
        Opening.objects.create(
            patient=patient, person=user, emergency="cover", reason="Nobody else.", against_restriction=False,
            begun=now - timedelta(minutes=30), until=until,
        )  # fmt: skip
    if standing is Standing.EXPIRED:
        Session.objects.update(expire_date=now - timedelta(seconds=1))
    return client


@contextmanager
def nothing_kept() -> Iterator[None]:
    """What is done in it is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asked(row: Row, standing: Standing) -> tuple[str, ...]:
    """The methods to try: those of the row, and in one standing the others too, which are told apart before patients.

    To a door without a session it is all one who the patient is: it is tried with a session and with none.
    """
    if standing is Standing.OWN or (not row.methods and standing is Standing.EXPIRED):
        return METHODS
    return tuple(sorted(row.methods))


def told(status: int, name: str, method: str) -> Answer | int:
    """The answer that a status is; the status itself where a table promises none such."""
    if status == 401 and method == "post" and name in OWN_CHECK:
        return Answer.COMES_IN
    if status in (429, 500):
        return status
    return {401: Answer.SIGN_IN, 403: Answer.REFUSED, 405: Answer.NO_METHOD}.get(status, Answer.COMES_IN)


def as_promised(row: Row, role: Role, standing: Standing, method: str, name: str, response: HttpResponse) -> bool:
    promised, answer = row.answer(role, standing, method), told(response.status_code, name, method)
    if promised is Answer.COMES_IN and row.door is row.door.PUBLIC:
        return answer in (Answer.COMES_IN, Answer.NO_METHOD)
    return answer is promised


@pytest.mark.parametrize("standing", Standing)
def test_each_role_comes_in_where_its_row_says_and_nowhere_else(
    standing: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "django.request")  # a traceback for each refusal takes longer than the refusal
    someone = someone_known()
    wrong, unlike = {}, {}
    urls = {name: address_of(someone, name) for name in ROWS}
    for role in Role:
        client = one_signed_in(role, standing, someone)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        cache.clear()
        for name, row in ROWS.items():
            for method in asked(row, standing):
                client.cookies[settings.SESSION_COOKIE_NAME] = cookie
                with nothing_kept():
                    response = getattr(client, method)(urls[name], {"again": PASSWORD})
                    if not as_promised(row, role, standing, method, name, response):
                        wrong[role, name, method] = response.status_code
                    if row.of_one_patient and row.answer(role, standing, method) is Answer.COMES_IN:
                        unlike |= not_like_a_page(someone, standing, (role, name, method), response)
    assert wrong == {}
    assert unlike == {}


def not_like_a_page(patient: Patient, standing: Standing, cell: tuple[Role, str, str], response: HttpResponse) -> dict:
    """What those let in to a patient's page find there, where it is no page, or not recorded as what it is."""
    _, name, method = cell
    purpose = "BTG" if standing is Standing.EMERGENCY else "TREAT"
    events = AuditEvent.objects.filter(request_id=response["X-Request-Id"], subject_key=str(patient.pk))
    purposes = set(events.values_list("purpose", flat=True))
    shown = response.status_code < 400 or method == "post" or name in NOT_HERE
    return {} if shown and purposes == {purpose} else {cell: (response.status_code, purposes)}


def test_the_table_has_each_address_and_the_doors_and_roles_that_the_product_declares() -> None:
    declared = {address.name: address.rule for address in addresses()}
    assert len(addresses()) == len(declared)
    assert [name for name, rule in declared.items() if rule is None] == []
    assert set(declared) == set(ROWS), "every address has one row, and every row its address"
    assert {name: rule.door for name, rule in declared.items() if rule} == {
        name: row.door for name, row in ROWS.items()
    }
    granted = {
        name: frozenset(role for role in Role if rule.permission in GRANTS[role])
        for name, rule in declared.items()
        if rule and rule.permission
    }
    assert granted == {name: row.comes_in[Standing.OWN] for name, row in ROWS.items() if row.comes_in}
    about = {name for name, rule in declared.items() if rule and rule.permission in ABOUT_PATIENTS}
    assert {name for name, row in ROWS.items() if row.of_one_patient} <= about


def test_what_a_row_does_not_say_is_refused() -> None:
    row = Row({}, READ)
    answers = {row.answer(role, standing, "get") for role in Role for standing in Standing}
    assert answers == {Answer.REFUSED, Answer.SIGN_IN}

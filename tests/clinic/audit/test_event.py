"""Writing events: numbered without a gap, tied to the one before, kept or lost with their transaction."""

import pytest
from django.db import transaction

from clinic.audit.chain import GENESIS
from clinic.audit.event import SYSTEM, Actor, AuditDetailError, AuditWriteError, record
from clinic.audit.models import Action, AuditEvent, ChainHead, Outcome
from clinic.audit.verify import verify

pytestmark = pytest.mark.django_db


def test_events_are_numbered_and_tied_together() -> None:
    first = record(by=SYSTEM, action=Action.EXECUTE, activity="pull.page")
    second = record(by=SYSTEM, action=Action.EXECUTE, activity="pull.page", outcome=Outcome.FAILED)
    assert (first.sequence, first.previous_hash) == (1, GENESIS)
    assert (second.sequence, second.previous_hash) == (2, first.hash)
    head = ChainHead.objects.get()
    assert (head.sequence, head.hash) == (2, second.hash)


def test_an_event_goes_with_the_transaction_that_it_records() -> None:
    class ChangeOfMindError(Exception):
        pass

    def sign_and_regret() -> None:
        with transaction.atomic():
            record(by=SYSTEM, action=Action.CREATE, activity="comparison.sign")
            raise ChangeOfMindError

    with pytest.raises(ChangeOfMindError):
        sign_and_regret()
    assert not AuditEvent.objects.exists()
    assert record(by=SYSTEM, action=Action.CREATE, activity="comparison.sign").sequence == 1
    assert verify().ok


def test_without_a_head_nothing_is_written_and_the_caller_is_stopped() -> None:
    ChainHead.objects.all().delete()
    with pytest.raises(AuditWriteError, match=r"comparison\.sign could not be written"):
        record(by=SYSTEM, action=Action.CREATE, activity="comparison.sign")
    assert not AuditEvent.objects.exists()


def test_what_a_client_sends_cannot_stop_its_own_audit() -> None:
    hostile = Actor("user-1", ("clinician",), client="9" * 500)
    record(
        by=hostile,
        action=Action.READ,
        activity="page.patient",
        entity_id="/patients/\x00\ud800" + "é" * 500,
        detail={"query": "\x00\udfff", "ключ": {"deep": ["\x00"]}},
    )
    event = AuditEvent.objects.get()
    assert (len(event.entity_id), len(event.client)) == (300, 100)
    assert event.detail == {"query": "\ufffd?", "ключ": {"deep": ["\ufffd"]}}
    assert verify().ok


@pytest.mark.parametrize("value", [1.5, b"bytes", object(), {"deep": [0.1]}])
def test_details_that_would_not_read_back_the_same_are_refused(value: object) -> None:
    with pytest.raises(AuditDetailError, match=r"detail\.level"):
        record(by=SYSTEM, action=Action.READ, activity="page.patient", detail={"level": value})
    assert not AuditEvent.objects.exists()


def test_sets_are_written_in_order_and_whole_numbers_of_any_size_read_back() -> None:
    record(by=SYSTEM, action=Action.READ, activity="page.worklist", detail={"subjects": {"b", "a"}, "n": 2**80})
    assert AuditEvent.objects.get().detail["subjects"] == ["a", "b"]
    assert verify().ok

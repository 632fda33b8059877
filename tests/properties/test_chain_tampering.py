"""Whatever is done to the stored chain is found: a bit, a row gone or moved, the end cut off, all written anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from clinic.audit.chain import FIELDS
from clinic.audit.checkpoint import take
from clinic.audit.models import AuditEvent, ChainHead, Checkpoint
from clinic.audit.statement import SignedCheckpoint
from clinic.audit.verify import verify
from tests.clinic.audit.tampering import TABLE, rewritten, some_events, unguarded

pytestmark = pytest.mark.django_db

LENGTH, COVERED = 9, 7
TEXTS = [name for name in (*FIELDS, "hash") if name not in {"sequence", "recorded", "actor_roles", "detail"}]
often = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
places = st.integers(1, LENGTH)


def chain() -> list[SignedCheckpoint]:
    """A chain of nine events, with checkpoints at the fourth and the seventh, as they were exported."""
    if not AuditEvent.objects.exists():
        for count in (4, 3):
            some_events(count)
            take()
        some_events(LENGTH - COVERED)
    return [SignedCheckpoint.of(row) for row in Checkpoint.objects.order_by("number")]


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done inside is undone at its end, so that each example meets the chain as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def update(sequence: int, column: str, value: Any) -> None:
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET {column} = %s WHERE sequence = %s", [value, sequence])  # noqa: S608


def flipped(value: str, place: int, bit: int) -> str:
    """The text with one bit of one of its characters turned."""
    place %= len(value)
    return value[:place] + chr(ord(value[place]) ^ (1 << bit)) + value[place + 1 :]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL gives nobody its bytes in SQL")
@settings(often, max_examples=150)
@given(
    sequence=places,
    column=st.sampled_from([name for name in (*FIELDS, "hash") if name != "sequence"]),
    place=st.integers(0, 2000),
    bit=st.integers(0, 7),
)
def test_one_turned_bit_of_what_is_stored_is_found(sequence: int, column: str, place: int, bit: int) -> None:
    chain()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT CAST({column} AS BLOB) FROM {TABLE} WHERE sequence = %s", [sequence])  # noqa: S608
        stored = bytearray(cursor.fetchone()[0])
    assume(stored)
    stored[place % len(stored)] ^= 1 << bit
    kept = AuditEvent.objects.filter(pk=sequence).values(*FIELDS, "hash")
    before = kept.get()
    with taken_back():
        with unguarded() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = 1")  # SQLite would refuse what is no JSON
            cursor.execute(
                f"UPDATE {TABLE} SET {column} = CAST(%s AS TEXT) WHERE sequence = %s",  # noqa: S608
                [bytes(stored), sequence],
            )
            cursor.execute("PRAGMA ignore_check_constraints = 0")
        found = verify()
        if found.ok:  # it still reads as the same: an escape of JSON in capitals, a comma for the point of a second
            assert kept.get() == before
        else:
            assert found.first_broken == sequence


@often
@given(sequence=places, column=st.sampled_from(TEXTS), place=st.integers(0, 63), bit=st.integers(0, 6))
def test_one_turned_bit_of_a_text_is_found(sequence: int, column: str, place: int, bit: int) -> None:
    chain()
    value = AuditEvent.objects.values_list(column, flat=True).get(pk=sequence)
    assume(value)
    changed = flipped(value, place, bit)
    assume("\x00" not in changed)  # PostgreSQL keeps no NUL, so nobody can put one there
    with taken_back():
        update(sequence, column, changed)
        found = verify()
        assert not found.ok
        assert found.first_broken == sequence


@often
@given(sequence=places, bit=st.integers(0, 40))
def test_one_turned_bit_of_a_time_or_a_number_is_found(sequence: int, bit: int) -> None:
    chain()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    recorded = AuditEvent.objects.values_list("recorded", flat=True).get(pk=sequence)
    moment = epoch + timedelta(microseconds=((recorded - epoch) // timedelta(microseconds=1)) ^ (1 << bit))
    with taken_back():
        update(sequence, "recorded", connection.ops.adapt_datetimefield_value(moment))
        assert verify().first_broken == sequence
    other = sequence ^ (1 << (bit % 30))
    if not AuditEvent.objects.filter(pk=other).exists():
        with taken_back():
            update(sequence, "sequence", other)
            assert not verify().ok


@often
@given(gone=st.sets(places, min_size=1))
def test_any_removal_is_found(gone: set[int]) -> None:
    exported = chain()
    with taken_back():
        with unguarded() as cursor:
            cursor.execute(f"DELETE FROM {TABLE} WHERE sequence IN ({', '.join(map(str, gone))})")  # noqa: S608
        assert verify(exported=exported).first_broken == min(gone)


@often
@given(order=st.permutations(range(1, LENGTH + 1)))
def test_any_other_order_is_found(order: list[int]) -> None:
    chain()
    moved = [(old, new) for old, new in zip(range(1, LENGTH + 1), order, strict=True) if old != new]
    assume(moved)
    with taken_back():
        with unguarded() as cursor:
            for old, _ in moved:
                cursor.execute(f"UPDATE {TABLE} SET sequence = %s WHERE sequence = %s", [old + 1000, old])  # noqa: S608
            for old, new in moved:
                cursor.execute(f"UPDATE {TABLE} SET sequence = %s WHERE sequence = %s", [new, old + 1000])  # noqa: S608
        assert verify().first_broken == min(new for _, new in moved)


@often
@given(left=st.integers(0, LENGTH - 1), keep_checkpoints=st.booleans())
def test_a_cut_tail_is_found_by_checkpoints_although_the_head_was_set_back(left: int, keep_checkpoints: bool) -> None:
    exported = chain()
    with taken_back():
        last = AuditEvent.objects.filter(pk=left).first()
        with unguarded(TABLE, "audit_checkpoint") as cursor:
            cursor.execute(f"DELETE FROM {TABLE} WHERE sequence > %s", [left])  # noqa: S608
            if not keep_checkpoints:
                cursor.execute("DELETE FROM audit_checkpoint")
        first = AuditEvent.objects.order_by("sequence").values_list("previous_hash", flat=True).first()
        ChainHead.objects.update(sequence=left, hash=last.hash if last else first or "")
        if left < COVERED or not keep_checkpoints:
            assert not verify(exported=exported).ok
        else:
            assert verify(exported=exported).ok, "what came after the last checkpoint nobody has signed"


@often
@given(
    changes=st.dictionaries(st.integers(1, COVERED), st.fixed_dictionaries({"actor": st.sampled_from(["a", "b"])})),
    gone=st.frozensets(st.integers(1, COVERED), max_size=3),
    signed_anew=st.booleans(),
)
def test_a_chain_written_anew_with_all_its_hashes_is_found_by_checkpoints(
    changes: dict[int, dict[str, Any]], gone: frozenset[int], signed_anew: bool
) -> None:
    assume(changes or gone)
    exported = chain()
    with taken_back():
        rewritten(changes, gone=gone)
        if signed_anew:  # somebody who holds the signing key too
            with unguarded("audit_checkpoint") as cursor:
                cursor.execute("DELETE FROM audit_checkpoint")
            assert verify().ok, "by itself the new chain is whole"
            take()
        found = verify(exported=exported)
        assert not found.ok
        assert "anew" in found.reason or "cut off" in found.reason

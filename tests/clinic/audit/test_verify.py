"""Whatever is done to the stored chain is found, and the first broken link is named."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.audit.chain import FIELDS, GENESIS, link_hash
from clinic.audit.models import AuditEvent, ChainHead
from clinic.audit.verify import Anchor, verify
from tests.clinic.audit.tampering import TABLE, some_events, unguarded

pytestmark = pytest.mark.django_db


def test_an_empty_chain_is_whole() -> None:
    assert verify().ok
    assert ChainHead.objects.get().hash == GENESIS


def test_an_untouched_chain_is_whole_and_counted() -> None:
    last = some_events(7)[-1]
    found = verify()
    assert (found.ok, found.checked, found.first_broken) == (True, 7, None)
    assert (found.sequence, found.hash) == (7, last.hash)


def test_a_chain_longer_than_one_batch_is_walked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.audit.walk._BATCH", 3)
    some_events(10)
    assert verify().checked == 10


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "user-2"),
        ("actor_roles", '["auditor"]'),
        ("outcome", "4"),
        ("action", "D"),
        ("activity", "page.worklist"),
        ("subject_key", ""),
        ("entity_type", "other"),
        ("entity_id", "/patients/9"),
        ("entity_version", "x"),
        ("purpose", "HRESCH"),
        ("request_id", ""),
        ("client", "10.0.0.2"),
        ("detail", '{"status": 404}'),
        ("recorded", "2020-01-01 00:00:00+00"),
    ],
)
def test_an_edited_event_is_found(column: str, value: str) -> None:
    some_events(5)
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET {column} = %s WHERE sequence = 3", [value])  # noqa: S608
    found = verify()
    assert (found.ok, found.first_broken, found.checked) == (False, 3, 2)
    assert "edited" in found.reason


def test_every_column_but_the_hash_is_hashed() -> None:
    columns = {field.column for field in AuditEvent._meta.concrete_fields}
    assert columns == {*FIELDS, "hash"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    field=st.sampled_from([name for name in FIELDS if name not in {"recorded", "sequence", "actor_roles", "detail"}]),
    value=st.text(st.characters(codec="utf-8"), max_size=40),
    where=st.integers(1, 4),
)
def test_any_change_of_any_field_changes_the_hash(field: str, value: str, where: int) -> None:
    if not AuditEvent.objects.exists():
        some_events(4)
    row = AuditEvent.objects.filter(sequence=where).values(*FIELDS, "hash").get()
    assert link_hash(row) == row["hash"]
    if value != row[field]:
        assert link_hash({**row, field: value}) != row["hash"]


def test_an_edit_with_its_hash_computed_anew_is_found_at_the_next_event() -> None:
    some_events(5)
    row = AuditEvent.objects.filter(sequence=3).values(*FIELDS).get()
    row["actor"] = "user-9"
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'user-9', hash = %s WHERE sequence = 3", [link_hash(row)])  # noqa: S608
    found = verify()
    assert (found.ok, found.first_broken) == (False, 4)
    assert "does not follow" in found.reason


def test_the_last_event_replaced_by_another_whole_one_is_found_by_the_head() -> None:
    some_events(3)
    row = AuditEvent.objects.filter(sequence=3).values(*FIELDS).get()
    row["actor"] = "user-9"
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'user-9', hash = %s WHERE sequence = 3", [link_hash(row)])  # noqa: S608
    found = verify()
    assert (found.ok, found.first_broken) == (False, 3)
    assert "head" in found.reason


@pytest.mark.parametrize(("gone", "first"), [("2", 2), ("2, 3", 2), ("1", 1)])
def test_deleted_events_are_found(gone: str, first: int) -> None:
    some_events(5)
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE sequence IN ({gone})")  # noqa: S608
    found = verify()
    assert (found.ok, found.first_broken) == (False, first)
    assert "deleted" in found.reason


def test_a_deleted_event_is_found_although_the_later_ones_were_numbered_anew() -> None:
    some_events(4)
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE sequence = 2")  # noqa: S608
        cursor.execute(f"UPDATE {TABLE} SET sequence = 2 WHERE sequence = 3")  # noqa: S608
        cursor.execute(f"UPDATE {TABLE} SET sequence = 3 WHERE sequence = 4")  # noqa: S608
    assert verify().first_broken == 2


def test_an_end_cut_off_is_found() -> None:
    some_events(5)
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE sequence > 3")  # noqa: S608
    found = verify()
    assert (found.ok, found.first_broken, found.checked) == (False, 4, 3)
    assert "cut off" in found.reason


def test_all_events_removed_are_found() -> None:
    some_events(2)
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608
    assert verify().first_broken == 1


@pytest.mark.parametrize("place", [0, 4])
def test_an_inserted_event_is_found(place: int) -> None:
    events = some_events(3)
    fields = {name: getattr(events[1], name) for name in FIELDS} | {
        "sequence": place,
        "previous_hash": events[-1].hash,
    }
    AuditEvent(**fields, hash=link_hash(fields)).save(force_insert=True)
    found = verify()
    assert (found.ok, found.first_broken) == (False, place)
    assert "inserted" in found.reason


def test_events_that_changed_places_are_found() -> None:
    some_events(4)
    with unguarded() as cursor:
        for old, new in ((2, 100), (3, 2), (100, 3)):
            cursor.execute(f"UPDATE {TABLE} SET sequence = %s WHERE sequence = %s", [new, old])  # noqa: S608
    assert verify().first_broken == 2


def test_a_missing_head_is_found() -> None:
    some_events(2)
    ChainHead.objects.all().delete()
    found = verify()
    assert not found.ok
    assert "head is missing" in found.reason


def test_a_wholly_rewritten_chain_is_found_by_what_was_noted_elsewhere() -> None:
    some_events(3)
    noted = verify()
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608
    ChainHead.objects.update(sequence=0, hash=GENESIS)
    some_events(2)
    assert verify().ok, "by itself the new chain is whole"
    found = verify(Anchor(noted.sequence, noted.hash))
    assert (found.ok, found.first_broken) == (False, 3)
    some_events(2)
    assert verify(Anchor(noted.sequence, noted.hash)).first_broken == 3


def test_the_command_names_the_first_broken_link_and_fails() -> None:
    some_events(4)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "4 events checked" in out.getvalue()
    noted = out.getvalue().split()[-1]
    some_events(1)
    call_command("verify_audit", noted=noted, stdout=StringIO())
    with unguarded() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET actor = 'nobody' WHERE sequence = 2")  # noqa: S608
    with pytest.raises(CommandError, match="broken at event 2: event 2 was edited"):
        call_command("verify_audit")
    with pytest.raises(CommandError, match="--noted is 'x'"):
        call_command("verify_audit", noted="x")

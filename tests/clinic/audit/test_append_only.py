"""The database itself refuses to change or remove an audit event."""

import pytest
from django.db import DatabaseError, connection, transaction

from clinic.audit.models import AuditEvent
from clinic.audit.verify import verify
from tests.clinic.audit.tampering import TABLE, some_events

pytestmark = pytest.mark.django_db


def test_the_orm_cannot_change_an_event() -> None:
    event = some_events(2)[0]
    event.actor = "somebody else"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(actor="somebody else")
    assert verify().ok


def test_the_orm_cannot_remove_an_event() -> None:
    event = some_events(2)[0]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.all().delete()
    assert verify().checked == 2


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET actor = 'x'",  # noqa: S608
        f"UPDATE {TABLE} SET hash = hash WHERE sequence = 1",  # noqa: S608
        f"DELETE FROM {TABLE}",  # noqa: S608
        f"DELETE FROM {TABLE} WHERE sequence = 2",  # noqa: S608
    ],
)
def test_raw_sql_cannot_change_or_remove_an_event(statement: str) -> None:
    some_events(2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify().checked == 2


def test_replacing_a_row_by_another_of_the_same_number_is_refused() -> None:
    event = some_events(1)[0]
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent(**{f.attname: getattr(event, f.attname) for f in AuditEvent._meta.concrete_fields}).save(
            force_insert=True
        )
    assert verify().ok


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is a statement of SQLite's")
def test_insert_or_replace_is_refused() -> None:
    some_events(2)
    statement = f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE} WHERE sequence = 1"  # noqa: S608
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify().checked == 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is a statement of SQLite's")
def test_a_row_of_another_number_cannot_replace_the_one_with_its_hash() -> None:
    some_events(2)
    columns = [field.column for field in AuditEvent._meta.concrete_fields if field.column != "sequence"]
    names = ", ".join(columns)
    statement = (
        f"INSERT OR REPLACE INTO {TABLE} (sequence, {names}) SELECT 900, {names} FROM {TABLE} WHERE sequence = 1"  # noqa: S608
    )
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify().checked == 2


@pytest.mark.postgresql
def test_truncate_is_refused() -> None:
    some_events(2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLE}")
    assert verify().checked == 2

"""Ways to change the audit table behind the product's back, as somebody with the database's password could."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from clinic.audit.chain import FIELDS, GENESIS, link_hash
from clinic.audit.event import Actor, record
from clinic.audit.models import Action, AuditEvent, ChainHead
from twins.records.append_only import _CREATE, _DROP, Unique

TABLE = "audit_auditevent"
UNIQUE = {
    TABLE: ("sequence", "hash"),
    "audit_checkpoint": ("number", "hash"),
    "audit_stub": ("sequence", "first", "hash"),
}
COVERED = "EXISTS (SELECT 1 FROM audit_stub WHERE audit_stub.sequence >= OLD.sequence)"


@contextmanager
def unguarded(*tables: str) -> Iterator[Any]:
    """A cursor while the triggers of the events, or of `tables`, are gone; they are put back afterwards."""
    with connection.cursor() as cursor:
        for table in tables or (TABLE,):
            for statement in _DROP[connection.vendor]:
                cursor.execute(statement.format(table=table))
        yield cursor
        for table in tables or (TABLE,):
            met = " OR ".join(Unique((column,)).met() for column in UNIQUE[table])
            released = COVERED if table == TABLE else "1 = 0"
            for statement in _CREATE[connection.vendor]:
                text = statement.format(table=table, met=met, released=released)
                cursor.execute(text.replace("%", "%%"), [])


def some_events(count: int) -> list[AuditEvent]:
    reader = Actor("user-1", ("clinician",), "11111111-2222-3333-4444-555555555555", "10.0.0.1")
    return [
        record(
            by=reader,
            action=Action.READ,
            activity="page.patient",
            subject_key=f"00000000-0000-0000-0000-{number:012d}",
            entity_type="page",
            entity_id=f"/patients/{number}",
            detail={"status": 200, "ünïcode": ["µg", None, True]},
        )
        for number in range(count)
    ]


def rewritten(changes: dict[int, dict[str, Any]], *, gone: frozenset[int] = frozenset()) -> None:
    """The whole chain written anew, with every hash computed again and the head set: by itself it is whole."""
    rows = list(AuditEvent.objects.order_by("sequence").values(*FIELDS))
    before, made = GENESIS, []
    for row in rows:
        if row["sequence"] in gone:
            continue
        row |= changes.get(row["sequence"], {})
        row |= {"sequence": len(made) + 1, "previous_hash": before}
        before = link_hash(row)
        made.append(AuditEvent(**row, hash=before))
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608
        AuditEvent.objects.bulk_create(made)
    ChainHead.objects.update(sequence=len(made), hash=before)

"""Ways to change the audit table behind the product's back, as somebody with the database's password could."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from clinic.audit.event import Actor, record
from clinic.audit.models import Action, AuditEvent
from twins.records.append_only import _CREATE, _DROP, Unique

TABLE = "audit_auditevent"
MET = f"{Unique(('sequence',)).met()} OR {Unique(('hash',)).met()}"


@contextmanager
def unguarded() -> Iterator[Any]:
    """A cursor while the triggers are gone; they are put back afterwards."""
    with connection.cursor() as cursor:
        for statement in _DROP[connection.vendor]:
            cursor.execute(statement.format(table=TABLE))
        yield cursor
        for statement in _CREATE[connection.vendor]:
            cursor.execute(statement.format(table=TABLE, met=MET).replace("%", "%%"), [])


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

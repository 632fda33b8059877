"""No unique index of an append-only table is a way around its triggers."""

import re

import pytest
from django.db import connection

from clinic.audit.models import AuditEvent, Checkpoint, Stub
from clinic.decisions.models import Decision, SecondSignature
from twins.records.models import Comparison, FollowedVersion, HouseVersion, LevelForecast, TwinVersion

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has INSERT OR REPLACE"),
]


@pytest.mark.parametrize(
    "model",
    [
        *(AuditEvent, Checkpoint, Stub, Decision, SecondSignature),
        *(TwinVersion, Comparison, LevelForecast, HouseVersion, FollowedVersion),
    ],
)
def test_a_row_that_would_replace_another_is_refused_at_every_unique_index(model: type) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [f"{table}_no_replace"])
        (trigger,) = cursor.fetchone()
        cursor.execute(f"PRAGMA index_list({table})")
        unique = [row[1] for row in cursor.fetchall() if row[2]]
        indexes = [{model._meta.pk.column}]
        for name in unique:
            cursor.execute(f"PRAGMA index_info({name})")
            indexes.append({row[2] for row in cursor.fetchall()})
    guarded = [set(re.findall(r"(\w+) = NEW\.\1", met)) for met in trigger.split(" OR ")]
    assert len(indexes) >= 2
    for columns in indexes:
        assert columns in guarded, (table, columns)

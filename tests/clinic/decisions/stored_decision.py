"""A decision as it was stored on one day, in a file: made once, and read by whatever code there is later.

``WRITE_STORED_DECISION=1 python -m pytest tests/clinic/decisions/test_stored_decision.py`` computes a twin and a
comparison by the real engine, signs and amends, and writes all columns of the rows, with the names of the migrations
that they were made under. A file that is there is never written again: its worth is its age.
"""

import base64
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder

from clinic.decisions.models import Decision
from twins.records.models import Comparison, Subject, TwinVersion

FOLDER = Path(__file__).resolve().parent / "stored"
TABLES: tuple[type[models.Model], ...] = (Subject, TwinVersion, Comparison, Decision)
"""In the order in which they refer to each other. Who decided is made anew, with the same key."""
APPS = ("records", "decisions")


def write(path: Path, subject: Subject) -> None:
    """All that a replay of the decisions about `subject` needs, and what they are to give."""
    if path.exists():
        raise FileExistsError(f"{path.name} is there; give the new one another name")
    decisions = list(Decision.objects.order_by("number"))
    comparison = decisions[0].comparison
    rows: dict[type[models.Model], list[Any]] = {
        Subject: [subject],
        TwinVersion: [comparison.twin_version],
        Comparison: [comparison],
        Decision: decisions,
    }
    applied = MigrationRecorder(connection).applied_migrations()
    content = {
        "migrations": {app: max(name for label, name in applied if label == app) for app in APPS},
        "rows": {model._meta.label: [_columns(row) for row in rows[model]] for model in TABLES},
        "people": sorted({decision.decided_by_id for decision in decisions}),
        "content": [decision.digest() for decision in decisions],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=None, separators=(",", ":"), default=_plain) + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    """Put the rows into the database as they were, and give what else the file says.

    What a later migration added takes its default; what one renamed is renamed here, in words that say which.
    """
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for key in content["people"]:
        get_user_model().objects.create(pk=key, username=f"person-{key}")
    for model in TABLES:
        for columns in content["rows"][model._meta.label]:
            known = {name: _value(model, name, value) for name, value in columns.items()}
            row = model(**known)
            _as_stored(row, known)
    return content


def _as_stored(row: models.Model, known: dict[str, Any]) -> None:
    """Insert with the stored moments too, which ``auto_now_add`` would set anew."""
    automatic = [field for field in row._meta.concrete_fields if getattr(field, "auto_now_add", False)]
    for field in automatic:
        field.auto_now_add = False
    try:
        row.save(force_insert=True)
    finally:
        for field in automatic:
            field.auto_now_add = True
    assert all(getattr(row, name) == value for name, value in known.items())


def _columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{value!r} is of a kind that no row had")


def _value(model: type[models.Model], name: str, value: Any) -> Any:
    field = next(field for field in model._meta.concrete_fields if field.attname == name)
    if value is None:
        return None
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value)
    if isinstance(field, models.ForeignKey):
        return field.target_field.to_python(value)
    return value if isinstance(field, models.JSONField) else field.to_python(value)

"""Tables whose rows are never changed or removed: the database itself refuses, whoever asks."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_CREATE = {
    "sqlite": (
        "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only: UPDATE refused'); END",
        "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only: DELETE refused'); END",
        # INSERT OR REPLACE removes the old row without calling the trigger above.
        "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
        " WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE refused'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '{table} is append-only: % refused', TG_OP; END $$",
        "CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    ),
}

_DROP = {
    "sqlite": (
        "DROP TRIGGER {table}_no_update",
        "DROP TRIGGER {table}_no_delete",
        "DROP TRIGGER {table}_no_replace",
    ),
    "postgresql": (
        "DROP TRIGGER {table}_no_change ON {table}",
        "DROP TRIGGER {table}_no_truncate ON {table}",
        "DROP FUNCTION {table}_append_only()",
    ),
}


class UnguardedDatabaseError(RuntimeError):
    """The database is one for which no triggers are written, so append-only could not be kept."""


def append_only(table: str, *, key: str = "id") -> migrations.RunPython:
    """A migration operation that makes `table` append-only on SQLite and PostgreSQL (there TRUNCATE too).

    `key` is the column of its primary key.

    A later migration that must rewrite rows takes the operation back first and applies it again afterwards.
    """

    def run(editor: BaseDatabaseSchemaEditor, statements: dict[str, tuple[str, ...]]) -> None:
        vendor = editor.connection.vendor
        if vendor not in statements:
            raise UnguardedDatabaseError(f"no append-only triggers for {vendor}; use PostgreSQL or SQLite")
        for statement in statements[vendor]:
            editor.execute(statement.format(table=table, key=key), params=None)

    return migrations.RunPython(
        lambda _apps, editor: run(editor, _CREATE),
        lambda _apps, editor: run(editor, _DROP),
    )

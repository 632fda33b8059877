"""Tables whose rows are never changed or removed: the database itself refuses, whoever asks."""

from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_CREATE = {
    "sqlite": (
        "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only: UPDATE refused'); END",
        "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT ({released})"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only: DELETE refused'); END",
        # INSERT OR REPLACE removes the row it meets at any unique index without calling the trigger above.
        "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
        " WHEN EXISTS (SELECT 1 FROM {table} WHERE {met})"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE refused'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF TG_OP = 'DELETE' THEN IF {released} THEN RETURN OLD; END IF; END IF;"
        " RAISE EXCEPTION '{table} is append-only: % refused', TG_OP; END $$",
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


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns of one unique index of a table; `only` names the boolean column that bounds a partial one."""

    columns: tuple[str, ...]
    only: str = ""

    def met(self) -> str:
        """SQL: a row that the new one would meet at this index. NULL meets nothing, as in the index."""
        terms = [f"{column} = NEW.{column}" for column in self.columns]
        return "(" + " AND ".join([*terms, *([self.only, f"NEW.{self.only}"] if self.only else [])]) + ")"


def append_only(table: str, *uniques: Unique, released: str = "1 = 0") -> migrations.RunPython:
    """A migration operation that makes `table` append-only on SQLite and PostgreSQL (there TRUNCATE too).

    `uniques` are all its unique indexes, the primary key among them. `released` is a condition in SQL, on the row as
    ``OLD``, under which that row may be removed; by default there is none.

    A later migration that must rewrite rows, or that makes SQLite build the table anew (which loses its triggers),
    takes the operation back first and applies it again afterwards.
    """
    met = " OR ".join(unique.met() for unique in uniques)

    def run(editor: BaseDatabaseSchemaEditor, statements: dict[str, tuple[str, ...]]) -> None:
        vendor = editor.connection.vendor
        if vendor not in statements:
            raise UnguardedDatabaseError(f"no append-only triggers for {vendor}; use PostgreSQL or SQLite")
        for statement in statements[vendor]:
            editor.execute(statement.format(table=table, met=met, released=released), params=None)

    return migrations.RunPython(
        lambda _apps, editor: run(editor, _CREATE),
        lambda _apps, editor: run(editor, _DROP),
    )


def taken_back(guard: migrations.RunPython) -> migrations.RunPython:
    """The operation that removes what `append_only` made, and makes it again when it is itself taken back."""
    return migrations.RunPython(guard.reverse_code, guard.code)

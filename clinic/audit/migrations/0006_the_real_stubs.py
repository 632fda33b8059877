from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_FUNCTION = "audit_auditevent_append_only()"


def _fix(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Have PostgreSQL's guard look for stubs in this schema first.

    A temporary table is found before all others, so that one called audit_stub let anybody's session remove events.
    SQLite's triggers know the tables of their own database alone.
    """
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"DO $$ BEGIN EXECUTE format('ALTER FUNCTION {_FUNCTION} SET search_path = %I, pg_temp', current_schema());"
            " END $$",
            params=None,
        )


def _loose(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER FUNCTION {_FUNCTION} RESET search_path", params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_append_only_checkpoints")]

    operations = [migrations.RunPython(_fix, _loose)]

from django.db import migrations

from twins.records.append_only import Unique, append_only, taken_back

EVENTS = ("audit_auditevent", Unique(("sequence",)), Unique(("hash",)))
COVERED = "EXISTS (SELECT 1 FROM audit_stub WHERE audit_stub.sequence >= OLD.sequence)"


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_checkpoints")]

    operations = [
        append_only("audit_checkpoint", Unique(("number",)), Unique(("hash",))),
        append_only("audit_stub", Unique(("sequence",)), Unique(("first",)), Unique(("hash",))),
        # An event is let go once a stub covers it; the guard without that exception is taken back first.
        taken_back(append_only(*EVENTS)),
        append_only(*EVENTS, released=COVERED),
    ]

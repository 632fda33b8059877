from django.db import migrations

from twins.records.append_only import Unique, append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [append_only("audit_auditevent", Unique(("sequence",)), Unique(("hash",)))]

from django.db import migrations

from twins.records.append_only import Unique, append_only


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]

    operations = [append_only("decisions_decision", Unique(("id",)), Unique(("comparison_id",)))]

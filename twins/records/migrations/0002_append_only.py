from django.db import migrations

from twins.records.append_only import Unique, append_only


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]

    operations = [
        append_only(
            "records_twinversion",
            Unique(("id",)),
            Unique(("parent_id",)),
            Unique(("subject_id", "drug", "model_id", "number")),
        ),
        append_only("records_comparison", Unique(("id",)), Unique(("twin_version_id",), only="is_default")),
    ]

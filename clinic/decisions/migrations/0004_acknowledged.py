from django.db import migrations, models


class Migration(migrations.Migration):
    # Columns that may be null are added to the table as it stands, so that it keeps its triggers on SQLite too.
    dependencies = [("decisions", "0003_second_signatures_and_amendments")]

    operations = [
        migrations.AddField("decision", "acknowledged", models.JSONField(blank=True, null=True)),
        migrations.AddField("secondsignature", "acknowledged", models.JSONField(blank=True, null=True)),
    ]

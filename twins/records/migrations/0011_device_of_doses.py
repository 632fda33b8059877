from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0010_jobs_of_a_key")]

    operations = [
        migrations.AddField("givendose", "device_key", models.CharField(blank=True, default="", max_length=300)),
    ]

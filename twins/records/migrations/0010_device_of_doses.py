from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0008_followed_models")]

    operations = [
        migrations.AddField("givendose", "device_key", models.CharField(blank=True, default="", max_length=300)),
    ]

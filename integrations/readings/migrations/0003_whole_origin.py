from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("readings", "0002_deleted_at_our_door")]

    operations = [migrations.AlterField(model_name="reading", name="origin", field=models.TextField())]

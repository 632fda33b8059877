import hashlib

from django.db import migrations

GENESIS = hashlib.sha256(b"patient twin: audit chain, before the first event").hexdigest()


def begin(apps, _editor):
    apps.get_model("audit", "ChainHead").objects.create(id=1, sequence=0, hash=GENESIS)


def take_back(apps, _editor):
    apps.get_model("audit", "ChainHead").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [migrations.RunPython(begin, take_back)]

"""Resources that were stored before there was an index enter it; `manage.py reindex_fhir` does the same at any time."""

from django.db import migrations

from integrations.fhir import index
from integrations.fhir.sources import Sources

_BATCH = 1000


def enter(apps, schema_editor):  # noqa: ARG001
    resources = apps.get_model("readings", "Resource").objects.order_by("pk")
    sources, last = Sources(), 0
    while batch := list(resources.filter(pk__gt=last)[:_BATCH]):
        index.store(batch, sources)
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("fhir", "0001_term"), ("readings", "0001_initial")]

    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]

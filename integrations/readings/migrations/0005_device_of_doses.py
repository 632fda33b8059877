"""Doses that were stored before their device was kept are given it, from the resources that they were read from."""

import json

from django.db import migrations


def tell(apps, _schema_editor):
    Resource = apps.get_model("readings", "Resource")
    GivenDose = apps.get_model("records", "GivenDose")
    given = Resource.objects.filter(resource_type="MedicationAdministration", text__contains='"device"')
    given = given.select_related("reading__source").defer("reading__content")
    if not given.exists():  # what reads resources takes seconds to import, and a new site has none
        return

    from integrations.readings.reference import Names

    for resource in given.iterator(chunk_size=500):
        source = resource.reading.source
        names = Names(source.slug, source.address)
        devices = json.loads(resource.text).get("device") or ()
        keys = (names.device_key(one, "MedicationAdministration.device") for one in devices)
        key = next((key for key in keys if key), "")
        if key:
            doses = GivenDose.objects.filter(source_key=resource.source_key, source_version=resource.version)
            doses.update(device_key=key)


class Migration(migrations.Migration):
    dependencies = [("readings", "0004_what_waits"), ("records", "0011_device_of_doses")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]

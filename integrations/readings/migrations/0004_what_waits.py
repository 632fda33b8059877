"""What waits in quarantine says what a twin would have made of it, and whether a later version is known."""

import json

from django.db import migrations, models


def describe(apps, _schema_editor):
    """Say it of what waits already: nobody may have to try everything again to be told."""
    Entry = apps.get_model("readings", "QuarantineEntry")
    Resource = apps.get_model("readings", "Resource")
    waiting = Entry.objects.filter(state="waiting").exclude(text="").select_related("reading__source")
    if not waiting.exists():  # what reads resources takes seconds to import, and a new site has none
        return

    from integrations.readings.matter import matter_of
    from integrations.readings.reference import Names
    from integrations.readings.versions import Version

    def medication(key):
        found = Resource.objects.filter(source_key=key, is_current=True).first()
        return json.loads(found.text) if found and found.text else None

    by_key = {}
    for entry in waiting.defer("reading__content").iterator(chunk_size=500):
        source = entry.reading.source
        matter = matter_of(entry.text, Names(source.slug, source.address), medication)
        Entry.objects.filter(pk=entry.pk).update(
            what=matter.what, drug=matter.drug, named=matter.named, event_time=matter.event_time
        )
        if matter.what and entry.source_key:
            by_key.setdefault(entry.source_key, []).append((entry.pk, _version(entry)))
    for key, entries in by_key.items():
        stored = Resource.objects.filter(source_key=key)
        versions = [
            Version(*row, accepted=True) for row in stored.values_list("version", "last_updated", "status", "sha256")
        ]
        versions += [version for _, version in entries]
        for pk, mine in entries:
            if any(other.version != mine.version and other.replaces(mine) for other in versions):
                Entry.objects.filter(pk=pk).update(is_newest=False)


def _version(entry):
    from integrations.readings.identity import identify
    from integrations.readings.refusal import Refused
    from integrations.readings.versions import Version

    try:
        found = identify(json.loads(entry.text), entry.text, "")
    except (Refused, ValueError):  # it was refused for this
        return Version(entry.version, entry.reading.received_time, "", "", accepted=False)
    updated = found.last_updated or entry.reading.received_time
    return Version(entry.version, updated, found.status, found.sha256, accepted=False)


class Migration(migrations.Migration):
    dependencies = [("readings", "0003_whole_origin")]

    operations = [
        migrations.AddField("quarantineentry", "what", models.CharField(blank=True, default="", max_length=32)),
        migrations.AddField("quarantineentry", "drug", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("quarantineentry", "named", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("quarantineentry", "event_time", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("quarantineentry", "is_newest", models.BooleanField(default=True)),
        migrations.RunPython(describe, migrations.RunPython.noop),
    ]

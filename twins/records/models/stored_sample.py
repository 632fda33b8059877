from django.db import models

from twins.records.models.record import RecordState, SourcedRecord
from twins.records.models.subject import Subject
from twins.samples.channel import Channel


class StoredSample(SourcedRecord):
    """A `Sample`: one value of one channel in the channel's canonical unit."""

    # no index of its own: it led the way through all of a patient's samples where `sample_by_time` leads to a week's
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="samples", db_index=False)
    channel = models.CharField(max_length=32, choices=[(c.value, c.label) for c in Channel])
    value = models.FloatField()
    device_key = models.CharField(max_length=300, blank=True, default="")
    quality = models.JSONField(default=list, blank=True)
    """Quality flags: codes of ``twins.samples.quality``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_key", "source_version", "part"], name="sample_once"),
        ]
        indexes = [
            models.Index(fields=["subject", "channel", "event_time"], name="sample_by_time"),
            # few rows: what a page says of corrections must not cost a walk through all that is in use
            models.Index(
                fields=["subject", "channel"], name="sample_replaced", condition=~models.Q(state=RecordState.ACTIVE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.value} at {self.event_time:%Y-%m-%d %H:%M}"

from django.db import models

from twins.records.models.record import RecordState, SourcedRecord
from twins.records.models.subject import Subject


class GivenDose(SourcedRecord):
    """A dose that was given; `event_time` is its start. `duration_h` is null where the source gave no end."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="doses")
    drug = models.CharField(max_length=64)
    amount_mg = models.FloatField()
    duration_h = models.FloatField(null=True, blank=True)
    order_key = models.CharField(max_length=300, blank=True, default="")
    """`source_key` of the order it carries out, where the source says."""
    device_key = models.CharField(max_length=300, blank=True, default="")
    """`source_key` of the pump that gave it, where the source says."""
    route = models.CharField(max_length=16, blank=True, default="")
    """A `Route`; empty: into a vein, which is how a drug goes in that is given no other way."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_key", "source_version", "part"], name="dose_once"),
            models.CheckConstraint(name="dose_positive", condition=models.Q(amount_mg__gt=0)),
            models.CheckConstraint(
                name="dose_duration_not_negative",
                condition=models.Q(duration_h__isnull=True) | models.Q(duration_h__gte=0),
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject", "drug", "event_time"],
                name="dose_by_time",
                condition=models.Q(state=RecordState.ACTIVE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.drug} {self.amount_mg:g} mg at {self.event_time:%Y-%m-%d %H:%M}"

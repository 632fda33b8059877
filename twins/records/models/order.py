from django.db import models

from twins.records.models.record import RecordState, SourcedRecord
from twins.records.models.subject import Subject


class Order(SourcedRecord):
    """What was prescribed; `event_time` is when it starts, `end_time` when it was stopped, if it was."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="orders")
    drug = models.CharField(max_length=64)
    amount_mg = models.FloatField()
    interval_h = models.FloatField()
    duration_h = models.FloatField()
    end_time = models.DateTimeField(null=True, blank=True)
    route = models.CharField(max_length=16, blank=True, default="")
    """A `Route`; empty: into a vein, which is how a drug goes in that is given no other way."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_key", "source_version", "part"], name="order_once"),
            models.CheckConstraint(
                name="order_positive",
                condition=models.Q(amount_mg__gt=0, interval_h__gt=0, duration_h__gte=0),
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject", "drug", "event_time"],
                name="order_by_time",
                condition=models.Q(state=RecordState.ACTIVE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.drug} {self.amount_mg:g} mg every {self.interval_h:g} h"

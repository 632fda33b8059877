from django.db import models

from twins.records.models.subject import Subject
from twins.records.models.twin_version import TwinVersion


class LevelForecast(models.Model):
    """What a twin version said of a level before it was received, and what was measured; never changed.

    A level that is corrected at its source, or taken at another time, has an entry of its own.
    """

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="level_forecasts")
    drug = models.CharField(max_length=64)
    model_id = models.CharField(max_length=100)
    version = models.ForeignKey(TwinVersion, on_delete=models.PROTECT, related_name="level_forecasts")
    """The newest version of the model's twin that existed when the level was first received."""
    source_key = models.CharField(max_length=300)
    source_version = models.CharField(max_length=64)
    event_time = models.DateTimeField()
    """When the level was taken, as the twin counts it."""
    measured = models.FloatField()
    q05 = models.FloatField()
    q25 = models.FloatField()
    q50 = models.FloatField()
    q75 = models.FloatField()
    q95 = models.FloatField()
    code_version = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "drug", "model_id", "source_key", "source_version", "event_time"],
                name="level_forecast_once",
            ),
        ]
        ordering = ["event_time", "id"]

    def __str__(self) -> str:
        return f"forecast of {self.source_key} by {self.model_id}"

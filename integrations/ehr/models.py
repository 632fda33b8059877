"""How far each pull got: the truth from which a killed puller goes on."""

from django.db import models

from integrations.readings.models import Source


class PullCursor(models.Model):
    """One resource type of one source.

    `updated_until` is the `_lastUpdated` up to which everything was accepted; `next_url` the page to go on from in an
    unfinished run, with `run_started` the server's time when that run began.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="cursors")
    resource_type = models.CharField(max_length=64)
    updated_until = models.DateTimeField(null=True, blank=True)
    next_url = models.CharField(max_length=2000, blank=True, default="")
    run_started = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "resource_type"], name="one_cursor_a_type")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.resource_type}"

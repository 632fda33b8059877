"""How far each pull got: the truth from which a killed puller goes on; and who pulls just now."""

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


class PullLease(models.Model):
    """Who pulls from a source, and until when that holds unless it is renewed; nobody where `holder` is empty."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, primary_key=True, related_name="pull_lease")
    holder = models.CharField(max_length=300, blank=True, default="")
    """``host/process/number``: a process that is gone is known on its own host, before its lease has run out."""
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source_id} {self.holder}"

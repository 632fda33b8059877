from django.db import models
from django.utils.translation import gettext_lazy as _


class RecordState(models.TextChoices):
    """What became of a record since it came in; nothing is deleted."""

    ACTIVE = "active", _("in use")
    SUPERSEDED = "superseded", _("replaced by a corrected version")
    WITHDRAWN = "withdrawn", _("entered in error at its source")


class SourcedRecord(models.Model):
    """A row read from one version of one resource of one source.

    `source_key` names the resource wherever it came from (``<source>/Observation/123``), `source_version` the version,
    `part` the component of a resource that holds several values. The three are unique, so that a resource that arrives
    again makes no second row.
    """

    source_key = models.CharField(max_length=300)
    source_version = models.CharField(max_length=64)
    part = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=12, choices=RecordState, default=RecordState.ACTIVE)
    event_time = models.DateTimeField()
    received_time = models.DateTimeField()

    class Meta:
        abstract = True

    @property
    def reference(self) -> str:
        """``Observation/123``: the record's name at its source, as pages and courses show it."""
        return "/".join(self.source_key.rsplit("/", 2)[-2:])

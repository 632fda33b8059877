"""The index of the FHIR door: which resources hold which value."""

from django.db import models

from integrations.readings.models import Resource


class Term(models.Model):
    """One value of one search parameter of one stored resource.

    Narrow, since each Observation has three to five: `key` is a digest of type, parameter and value, and every other
    column is copied from the resource, so that a search for a patient, a code and a time is answered by one index.
    """

    pk = models.CompositePrimaryKey("key", "updated", "resource")
    key = models.BigIntegerField()
    updated = models.DateTimeField()
    """The resource's `last_updated`: the order of pages."""
    resource = models.ForeignKey(
        Resource, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False, related_name="+"
    )
    """Without a constraint: rows of `Resource` are never deleted, and checking each costs as much as writing it."""
    subject = models.UUIDField(null=True)
    low = models.DateTimeField(null=True)
    """When what the resource tells began, by the date of its type; null where it does not say."""
    high = models.DateTimeField(null=True)
    """When it ended: before this moment."""

    class Meta:
        indexes = [models.Index(fields=["key", "subject", "high", "low"], name="term_of_subject")]

    def __str__(self) -> str:
        return f"{self.key} of {self.resource_id}"

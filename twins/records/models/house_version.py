from django.db import models


class HouseVersion(models.Model):
    """A hospital's own limits for one drug from one moment on. Append-only: what holds later is another version."""

    drug = models.CharField(max_length=64)
    number = models.PositiveIntegerField()
    """1, 2, 3 … for each drug; the highest holds."""
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    """Of the drug's first target; None: as published, here and below."""
    max_mg = models.FloatField(null=True, blank=True)
    max_daily_mg = models.FloatField(null=True, blank=True)
    max_rate_mg_per_h = models.FloatField(null=True, blank=True)
    intervals_h = models.JSONField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    made_by = models.CharField(max_length=64)
    """Opaque key of the user, as in the audit trail."""
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drug", "number"], name="one_house_version_a_number"),
            models.CheckConstraint(name="house_version_has_a_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.drug} {self.number}"

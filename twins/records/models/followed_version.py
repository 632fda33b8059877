from django.db import models


class FollowedVersion(models.Model):
    """By which models a drug is followed from one moment on. Append-only: what holds later is another version."""

    drug = models.CharField(max_length=64)
    number = models.PositiveIntegerField()
    """1, 2, 3 … for each drug; the highest holds. Before the first holds what the site began with."""
    model_ids = models.JSONField()
    """A list, the model that comparisons are made with first; empty: the drug is not followed."""
    reason = models.CharField(max_length=500)
    made_by = models.CharField(max_length=64)
    """Opaque key of the user, as in the audit trail."""
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drug", "number"], name="one_followed_version_a_number"),
            models.CheckConstraint(name="followed_version_has_a_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.drug} {self.number}"

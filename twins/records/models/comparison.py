import uuid

from django.db import models

from twins.records.models.twin_version import TwinVersion


class Comparison(models.Model):
    """Two or more plans on one twin version, the current one first, and their forecasts; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    twin_version = models.ForeignKey(TwinVersion, on_delete=models.PROTECT, related_name="comparisons")
    plans = models.JSONField()
    """The plans as asked for: a list of ``Plan.to_json()``."""
    result = models.JSONField()
    """``ComparisonResult.to_json()``."""
    digest = models.CharField(max_length=64)
    """SHA-256 of plans and result as canonical JSON: what a decision refers to."""
    is_default = models.BooleanField(default=False)
    """Made with the twin version, from the current plan and the regimen search, not asked for by a person."""
    asked_by = models.CharField(max_length=64, blank=True, default="")
    code_version = models.CharField(max_length=64)
    runtime = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["twin_version"], condition=models.Q(is_default=True), name="one_default_comparison"
            ),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"comparison {self.id}"

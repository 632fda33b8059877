"""Who chose which plan of which comparison, and why, or why none; never changed."""

import hashlib
import json
import uuid
from datetime import UTC

from django.conf import settings
from django.db import models

from twins.records.models import Comparison


class Decision(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="decisions")
    comparison_digest = models.CharField(max_length=64)
    """The digest of what was on the page when it was signed."""
    chosen_plan = models.PositiveSmallIntegerField(null=True, blank=True)
    """Position in the comparison's plans; null when all were declined."""
    reason = models.CharField(max_length=1000)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.UniqueConstraint(fields=["comparison"], name="one_decision_a_comparison"),
            models.CheckConstraint(name="decision_has_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return "declined" if self.chosen_plan is None else f"plan {self.chosen_plan}"

    def digest(self) -> str:
        """SHA-256 of what was decided, which the audit trail keeps: a decision changed later no longer fits it."""
        content = [
            str(self.pk),
            str(self.comparison_id),
            self.comparison_digest,
            self.chosen_plan,
            self.reason,
            self.decided_by_id,
            self.decided_at.astimezone(UTC).isoformat(),
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

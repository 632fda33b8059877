import uuid

from django.db import models

from twins.records.models.subject import Subject


class TwinVersion(models.Model):
    """One state of a twin, never changed: the frozen course, the model, the code, the seed, and what came of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="twin_versions")
    drug = models.CharField(max_length=64)
    model_id = models.CharField(max_length=100)
    model_version = models.CharField(max_length=32)
    number = models.PositiveIntegerField()
    """1, 2, 3 … for one subject, drug and model."""
    parent = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="child")
    course = models.JSONField()
    course_digest = models.CharField(max_length=64)
    data_until = models.DateTimeField()
    code_version = models.CharField(max_length=64)
    runtime = models.JSONField()
    """Processor and library versions that the numbers depend on in the last digit."""
    seed = models.BigIntegerField()
    outcome = models.CharField(max_length=20)
    """Name of a `FitOutcome`."""
    fit = models.JSONField()
    draws = models.BinaryField()
    """Posterior draws of eta, float64 little-endian, row-major, shape (n, number of etas)."""
    digest = models.CharField(max_length=64)
    """SHA-256 over the fit as canonical JSON and the bytes of the draws."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "drug", "model_id", "number"], name="twin_version_number"),
            models.CheckConstraint(
                name="only_the_first_has_no_parent",
                condition=models.Q(number=1, parent__isnull=True) | models.Q(number__gt=1, parent__isnull=False),
            ),
        ]
        ordering = ["subject", "drug", "model_id", "-number"]

    def __str__(self) -> str:
        return f"{self.model_id} version {self.number}"

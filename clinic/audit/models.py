"""The audit table: append-only, hash-chained, keys only: no names and no clinical content."""

from django.db import models


class Action(models.TextChoices):
    """What was done, as FHIR's audit-event-action codes."""

    CREATE = "C", "create"
    READ = "R", "read"
    UPDATE = "U", "update"
    DELETE = "D", "delete"
    EXECUTE = "E", "execute"


class Outcome(models.TextChoices):
    """How it ended, as FHIR's audit-event-outcome codes."""

    SUCCESS = "0", "success"
    REFUSED = "4", "refused"
    FAILED = "8", "failed"


class AuditEvent(models.Model):
    """One event. Rows carry no foreign keys, so that nothing they name can be removed from under them."""

    sequence = models.BigIntegerField(primary_key=True)
    """1, 2, 3 … without a gap."""
    recorded = models.DateTimeField()
    action = models.CharField(max_length=1, choices=Action)
    activity = models.CharField(max_length=64)
    """The verb: ``patient.view``, ``comparison.sign``, ``pull.page`` …"""
    outcome = models.CharField(max_length=1, choices=Outcome)
    actor = models.CharField(max_length=64)
    """Opaque key of the user or system; ``system`` for scheduled work, ``stranger`` for one who did not say."""
    actor_roles = models.JSONField(default=list)
    subject_key = models.CharField(max_length=36, blank=True, default="")
    entity_type = models.CharField(max_length=64, blank=True, default="")
    entity_id = models.CharField(max_length=300, blank=True, default="")
    entity_version = models.CharField(max_length=64, blank=True, default="")
    """Version or digest of exactly what was shown or written."""
    purpose = models.CharField(max_length=32, blank=True, default="")
    """Purpose of use, as v3-ActReason codes: TREAT, HRESCH, HOPERAT …"""
    request_id = models.CharField(max_length=36, blank=True, default="")
    client = models.CharField(max_length=100, blank=True, default="")
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]
        indexes = [
            models.Index(fields=["subject_key", "recorded"], name="audit_by_subject"),
            models.Index(fields=["actor", "recorded"], name="audit_by_actor"),
            models.Index(fields=["recorded"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.activity}"


class ChainHead(models.Model):
    """The last link: one row, locked while an event is appended, so that the chain has no forks.

    Verification does not trust it; it only says where a chain of this length must end.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(name="one_chain_head", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"head at {self.sequence}"

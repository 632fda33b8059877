"""The audit tables: append-only, hash-chained, keys only: no names and no clinical content."""

from django.db import models
from django.utils.translation import pgettext_lazy


class Action(models.TextChoices):
    """What was done, as FHIR's audit-event-action codes."""

    CREATE = "C", pgettext_lazy("audit action", "create")
    READ = "R", pgettext_lazy("audit action", "read")
    UPDATE = "U", pgettext_lazy("audit action", "update")
    DELETE = "D", pgettext_lazy("audit action", "delete")
    EXECUTE = "E", pgettext_lazy("audit action", "execute")


class Outcome(models.TextChoices):
    """How it ended, as FHIR's audit-event-outcome codes."""

    SUCCESS = "0", pgettext_lazy("audit outcome", "success")
    REFUSED = "4", pgettext_lazy("audit outcome", "refused")
    FAILED = "8", pgettext_lazy("audit outcome", "failed")


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
    """Purpose of use, as v3-ActReason codes: TREAT, BTG, HRESCH, HOPERAT …"""
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


class Checkpoint(models.Model):
    """A signed word on where the chain stood. Append-only, and a chain of its own: each names the hash of the last."""

    number = models.BigIntegerField(primary_key=True)
    """1, 2, 3 … without a gap."""
    sequence = models.BigIntegerField()
    """Number of the event that was the head then."""
    head = models.CharField(max_length=64)
    """Hash of that event."""
    taken = models.DateTimeField()
    key = models.CharField(max_length=16)
    """Which key signed: the first 16 hex digits of the SHA-256 of the public key."""
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    signature = models.CharField(max_length=88)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"checkpoint {self.number} at event {self.sequence}"


class Stub(models.Model):
    """What stands for events that were removed at the end of their retention: signed, append-only.

    The database lets go of an event only while a stub covers its number.
    """

    sequence = models.BigIntegerField(primary_key=True)
    """The last event that was removed; the chain goes on with the next."""
    head = models.CharField(max_length=64)
    """Hash of that event, which the next one names as the hash before it."""
    first = models.BigIntegerField(unique=True)
    """The first event that was removed with it."""
    counts = models.JSONField()
    """How many of the removed events had each action."""
    recorded_from = models.DateTimeField()
    recorded_until = models.DateTimeField()
    checkpoint = models.BigIntegerField()
    """Number of the checkpoint that covers it."""
    checkpoint_hash = models.CharField(max_length=64)
    archive = models.CharField(max_length=100)
    """Name of the file that the events were written to first, without its folder."""
    archive_sha256 = models.CharField(max_length=64)
    pruned = models.DateTimeField()
    key = models.CharField(max_length=16)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    signature = models.CharField(max_length=88)

    class Meta:
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"events {self.first} to {self.sequence}, removed"


class VerifiedUntil(models.Model):
    """From which checkpoint the next incremental verification starts: one row, signed, never used by a full one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()
    sequence = models.BigIntegerField()
    head = models.CharField(max_length=64)
    verified = models.DateTimeField()
    from_start = models.DateTimeField()
    """When the chain was last verified from its start."""
    key = models.CharField(max_length=16)
    signature = models.CharField(max_length=88)

    class Meta:
        constraints = [models.CheckConstraint(name="one_verified_until", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"verified until event {self.sequence}"

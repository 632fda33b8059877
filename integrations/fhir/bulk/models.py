"""Exports that were asked for, whose patients they hold, and the parts that workers write. These rows are the truth."""

import uuid

from django.db import models

from twins.records.models import Subject


class ExportState(models.TextChoices):
    QUEUED = "queued", "asked for, not divided into parts yet"
    RUNNING = "running", "its parts are being written"
    DONE = "done", "every file is there"
    FAILED = "failed", "given up"
    CANCELLED = "cancelled", "withdrawn by its client"


OPEN_STATES = (ExportState.QUEUED, ExportState.RUNNING)


class Level(models.TextChoices):
    SYSTEM = "system", "everything"
    PATIENT = "patient", "what is about patients"
    GROUP = "group", "what is about the members of a group"


class Export(models.Model):
    """One export. It holds what was stored until `transaction_time`, which is the rows up to `last_number`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client_id = models.CharField(max_length=100)
    """The OAuth client that asked; to all others the export does not exist."""
    actor = models.CharField(max_length=64)
    scope = models.TextField()
    """Of the token that asked: workers show no more than it reaches."""
    request = models.TextField()
    """The address that was asked, as the manifest repeats it."""
    base = models.CharField(max_length=500)
    level = models.CharField(max_length=10, choices=Level)
    types = models.JSONField()
    only_members = models.BooleanField(default=False)
    """Whether only resources about `members` are exported."""
    elements = models.JSONField(default=list)
    filters = models.JSONField(default=list)
    """Searches such as ``Observation?code=8867-4``; a resource of their type answers one of them."""
    since = models.DateTimeField(null=True)
    since_number = models.BigIntegerField(null=True)
    """Where `since` is the transaction time of an earlier export, the last row that was in that one."""
    notes = models.JSONField(default=list)
    """What of the request was not used, in sentences."""
    transaction_time = models.DateTimeField()
    last_number = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.QUEUED)
    error = models.TextField(blank=True, default="")
    moved_at = models.DateTimeField()
    """When a worker last did something for it, or a message was sent."""
    polled_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    files_removed = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["state", "moved_at"], name="export_by_state"),
            models.Index(fields=["transaction_time"], name="export_by_time"),
        ]

    def __str__(self) -> str:
        return f"export {self.pk} ({self.state})"


class ExportMember(models.Model):
    """A patient whose resources an export holds, where it does not hold everybody's."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="members")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "subject"], name="export_member_once")]

    def __str__(self) -> str:
        return f"{self.subject_id} of {self.export_id}"


class ExportPart(models.Model):
    """Rows of one type, from one number to another, which any worker writes; twice written it is the same.

    `holder` names the attempt that writes it, until `lease_until`; a part with `done_at` is written and has its files.
    """

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    resource_type = models.CharField(max_length=64)
    deletions = models.BooleanField(default=False)
    """Whether it holds Bundles of what was deleted, not resources."""
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    holder = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    files = models.JSONField(default=list)
    """Of each file its name, count of lines and size in bytes."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_part_once")]

    def __str__(self) -> str:
        return f"part {self.number} of {self.export_id}"

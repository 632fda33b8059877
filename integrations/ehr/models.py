"""What passes between us and hospital systems: the truth from which a killed process goes on.

How far each pull, export and subscription got, who pulls just now, and what was sent into charts.
"""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.decisions.models import Decision
from integrations.readings.models import Reading, Source


class PullCursor(models.Model):
    """One resource type of one source.

    `updated_until` is the `_lastUpdated` up to which everything was accepted; `next_url` the page to go on from in an
    unfinished run, with `run_started` the server's time when that run began.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="cursors")
    resource_type = models.CharField(max_length=64)
    updated_until = models.DateTimeField(null=True, blank=True)
    next_url = models.CharField(max_length=2000, blank=True, default="")
    run_started = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "resource_type"], name="one_cursor_a_type")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.resource_type}"


class PullLease(models.Model):
    """Who pulls from a source, and until when that holds unless it is renewed; nobody where `holder` is empty."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, primary_key=True, related_name="pull_lease")
    holder = models.CharField(max_length=300, blank=True, default="")
    """``host/process/number``: a process that is gone is known on its own host, before its lease has run out."""
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source_id} {self.holder}"


class BulkState(models.TextChoices):
    WAITING = "waiting", "asked for, the server prepares the files"
    LOADING = "loading", "the files are there and are fetched"
    DONE = "done", "everything came in"
    FAILED = "failed", "the export came to nothing; another can be asked for"


class BulkImport(models.Model):
    """One export (Bulk Data Access 2.0) that a source was asked for."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="bulk_imports")
    level = models.CharField(max_length=80)
    """``Patient``, ``Group/<id>``, or ``system``."""
    types = models.CharField(max_length=500)
    """Resource types asked for, with commas."""
    since = models.DateTimeField(null=True, blank=True)
    status_url = models.TextField()
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.WAITING)
    transaction_time = models.DateTimeField(null=True, blank=True)
    """The server's time that the files stand for; the next export asks from here."""
    needs_token = models.BooleanField(default=True)
    error = models.TextField(blank=True, default="")
    started = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "level"],
                condition=models.Q(state__in=[BulkState.WAITING, BulkState.LOADING]),
                name="one_open_export_a_level",
            )
        ]

    def __str__(self) -> str:
        return f"export {self.pk} of {self.level}"


class BulkFileKind(models.TextChoices):
    OUTPUT = "output", "resources"
    DELETED = "deleted", "resources that are no more"
    ERROR = "error", "what the server could not export"


class BulkFile(models.Model):
    """One file of an export, and how far it was fetched: `offset` bytes, in `lines` lines, are safe."""

    bulk = models.ForeignKey(BulkImport, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=BulkFileKind)
    resource_type = models.CharField(max_length=64)
    url = models.TextField()
    """Emptied when the file is done: addresses of files can hold a signature."""
    expected = models.BigIntegerField(null=True, blank=True)
    """Resources in it, by the manifest."""
    etag = models.CharField(max_length=200, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """As the server gives it; empty if it does not."""
    seekable = models.BooleanField(default=True)
    """Not where the server sends it compressed, so that a place in it cannot be asked for."""
    offset = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    done = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bulk", "position"], name="one_file_a_position")]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.kind} {self.position}"


class BulkChunk(models.Model):
    """Which reading holds which bytes of a file."""

    file = models.ForeignKey(BulkFile, on_delete=models.CASCADE, related_name="chunks")
    start = models.BigIntegerField()
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "start"], name="one_chunk_a_start")]

    def __str__(self) -> str:
        return f"{self.file_id} from {self.start}"


class SubscriptionState(models.TextChoices):
    REQUESTED = "requested", "asked for, no handshake yet"
    ACTIVE = "active", "the server notifies"
    ERROR = "error", "the server says that it could not notify"
    OFF = "off", "ended"


class EhrSubscription(models.Model):
    """A subscription of ours at a source; its id is the address that the source notifies."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="subscriptions")
    topic = models.CharField(max_length=500)
    content = models.CharField(max_length=16)
    """``empty``, ``id-only`` or ``full-resource``."""
    secret_sha256 = models.CharField(max_length=64)
    """Digest of the bearer token that notifications must show; the token itself only the source has."""
    remote_id = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=10, choices=SubscriptionState, default=SubscriptionState.REQUESTED)
    error = models.TextField(blank=True, default="")
    last_event = models.BigIntegerField(default=0)
    """Number of the event up to which everything came in."""
    made = models.DateTimeField()
    heard = models.DateTimeField(null=True, blank=True)
    """When it was last heard of, by whatever kind of notification."""

    def __str__(self) -> str:
        return f"{self.topic} at {self.source_id}"


class WorkState(models.TextChoices):
    QUEUED = "queued", "to be done"
    DONE = "done", "done"
    FAILED = "failed", "given up; waits for a person"


class Notification(models.Model):
    """One notification that was received, and whether what it announces came in."""

    subscription = models.ForeignKey(EhrSubscription, on_delete=models.CASCADE, related_name="notifications")
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")
    received = models.DateTimeField()
    state = models.CharField(max_length=8, choices=WorkState, default=WorkState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField()
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "reading"], name="notified_once_a_payload")]
        indexes = [models.Index(fields=["state", "next_try"], name="notification_by_work")]

    def __str__(self) -> str:
        return f"notification {self.pk} {self.state}"


class ChartDelivery(models.Model):
    """One resource of a signed decision on its way into the chart it came from. `DONE` is sent and acknowledged."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="chart_deliveries")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    resource_type = models.CharField(max_length=64)
    identifier = models.CharField(max_length=64, unique=True)
    """Our identifier in the resource, by which the chart knows a repeated delivery."""
    content = models.TextField()
    """The JSON that is sent, the same at every try."""
    state = models.CharField(max_length=8, choices=WorkState, default=WorkState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField()
    asked_by = models.CharField(max_length=64)
    """Opaque key of the user, as in the audit trail."""
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True, default="")
    location = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "resource_type"], name="sent_to_chart_once"),
            models.CheckConstraint(
                name="sent_is_answered",
                condition=~models.Q(state=WorkState.DONE) | models.Q(answered_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "next_try"], name="delivery_by_work")]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.state}"


class SourceKind(models.TextChoices):
    CHART = "chart", _("a hospital's chart")
    LABORATORY = "laboratory", _("a laboratory")
    DEVICES = "devices", _("devices, through their gateway")


class SetSource(models.Model):
    """What an administrator set of a source on its page: where it is and how it lets us in, and whether it is on.

    A source that the settings name has only `is_on` here; the rest is then theirs. Secrets are sealed, and on no page.
    """

    slug = models.SlugField(max_length=50, unique=True)
    kind = models.CharField(max_length=12, choices=SourceKind, default=SourceKind.CHART)
    url = models.CharField(max_length=500, blank=True, default="")
    """Empty where the settings or a command say where it is."""
    client_id = models.CharField(max_length=200, blank=True, default="")
    key_id = models.CharField(max_length=200, blank=True, default="")
    token_url = models.CharField(max_length=500, blank=True, default="")
    scope = models.CharField(max_length=1000, blank=True, default="")
    file_hosts = models.CharField(max_length=500, blank=True, default="")
    sealed_token = models.TextField(blank=True, default="")
    sealed_key = models.TextField(blank=True, default="")
    is_on = models.BooleanField(default=True)
    """Switched off, nothing is asked of it and nothing is sent to it."""
    secret_since = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.slug

"""What came in, byte for byte; the resources found in it; and what could not be used, with its reason."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from twins.records.models import Subject


class Source(models.Model):
    """A system that data come from. `slug` starts every `source_key`; care teams list it to take in its patients."""

    slug = models.SlugField(max_length=50, unique=True)
    address = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.slug


class ReadingState(models.TextChoices):
    RECEIVED = "received", "kept, not opened yet"
    OPENED = "opened", "every resource in it was accepted or put in quarantine"
    UNREADABLE = "unreadable", "not JSON, or no FHIR resource at all"


class Reading(models.Model):
    """A payload as received; never changed, never lost. The same bytes from the same source are kept once."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="readings")
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    content_type = models.CharField(max_length=100)
    origin = models.TextField()
    """The URL or file it came from, or what was asked of our own door: all of it, for a retry asks it again."""
    received_time = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ReadingState, default=ReadingState.RECEIVED)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "sha256"], name="reading_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.sha256[:12]}"


class Resource(models.Model):
    """One version of one FHIR resource, accepted exactly once; `text` is the JSON as received, digit for digit."""

    source_key = models.CharField(max_length=300)
    resource_type = models.CharField(max_length=64)
    resource_id = models.CharField(max_length=64)
    version = models.CharField(max_length=64)
    """The source's `meta.versionId`, or the digest of the text where it gives none."""
    last_updated = models.DateTimeField()
    """The source's `meta.lastUpdated`, or the time of receipt."""
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="resources")
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_current = models.BooleanField(default=True)
    code = models.CharField(max_length=200, blank=True, default="")
    """``system|code`` of the first coding, for search."""
    event_time = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=32, blank=True, default="")
    deleted = models.BooleanField(default=False)
    """This version says that the resource was deleted at our own door; it has no text."""
    method = models.CharField(max_length=6, blank=True, default="")
    """POST, PUT, PATCH or DELETE where the version came in through our own door; empty where it was pulled."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="deleted_has_no_text",
                condition=models.Q(deleted=False) | models.Q(deleted=True, text="", method="DELETE"),
            ),
            models.UniqueConstraint(fields=["source_key", "version"], name="resource_version_once"),
            models.UniqueConstraint(
                fields=["source_key"], condition=models.Q(is_current=True), name="one_current_resource"
            ),
        ]
        indexes = [
            models.Index(fields=["resource_type", "last_updated", "id"], name="resource_by_update"),
            models.Index(fields=["subject", "resource_type", "code", "event_time"], name="resource_by_code"),
        ]

    def __str__(self) -> str:
        return f"{self.source_key} version {self.version}"


class QuarantineReason(models.TextChoices):
    """Why something could not be used; each is a sentence a person can act on."""

    NOT_JSON = "not-json", _("The payload is not complete JSON.")
    NOT_FHIR = "not-fhir", _("The payload is not a FHIR R4 resource or Bundle.")
    UNKNOWN_TYPE = "unknown-type", _("The resource type is not one that is read here.")
    INVALID_RESOURCE = "invalid-resource", _("The resource breaks a rule of FHIR R4.")
    UNKNOWN_CODE = "unknown-code", _("No channel or drug is mapped to the code.")
    UNKNOWN_UNIT = "unknown-unit", _("The unit cannot be converted to the channel's unit.")
    UNKNOWN_PATIENT = "unknown-patient", _("The patient it belongs to has not been received.")
    MISSING_VALUE = "missing-value", _("It has no value, or says that the value is absent.")
    MISSING_TIME = "missing-time", _("It does not say when it happened.")
    IMPLAUSIBLE_VALUE = "implausible-value", _("The value cannot be of a living person; it is kept and not used.")


class QuarantineState(models.TextChoices):
    WAITING = "waiting", _("waiting for its cause to be mended")
    RELEASED = "released", _("accepted on a later try")


class QuarantineEntry(models.Model):
    """A payload, or one resource of it, that could not be used; `position` is its place in a Bundle, -1 the whole."""

    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="quarantine")
    position = models.IntegerField(default=-1)
    source_key = models.CharField(max_length=300, blank=True, default="")
    version = models.CharField(max_length=64, blank=True, default="")
    text = models.TextField(blank=True, default="")
    """The resource as received; empty where the whole payload is meant."""
    reason = models.CharField(max_length=20, choices=QuarantineReason)
    detail = models.TextField()
    """The field, the value and the remedy."""
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=32, blank=True, default="")
    """What a twin would have made of it, as in `integrations.readings.matter`; empty: nothing."""
    drug = models.CharField(max_length=64, blank=True, default="")
    named = models.CharField(max_length=200, blank=True, default="")
    event_time = models.DateTimeField(null=True, blank=True)
    is_newest = models.BooleanField(default=True)
    """Unless a later version of the same resource is known, be it accepted or waiting as well."""
    state = models.CharField(max_length=10, choices=QuarantineState, default=QuarantineState.WAITING)
    tries = models.PositiveIntegerField(default=1)
    first_time = models.DateTimeField()
    last_time = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_key", "version"],
                condition=~models.Q(source_key=""),
                name="quarantined_once_a_version",
            ),
            models.UniqueConstraint(
                fields=["reading", "position"], condition=models.Q(source_key=""), name="quarantined_once_a_place"
            ),
        ]
        indexes = [models.Index(fields=["state", "reason"], name="quarantine_by_state")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.source_key}"

    @property
    def reference(self) -> str:
        """``Observation/123``, or where it lies in its payload if it has no name."""
        if self.source_key:
            return "/".join(self.source_key.rsplit("/", 2)[-2:])
        if self.position >= 0:
            return gettext("Resource at place %(place)d") % {"place": self.position}
        return gettext("Whole payload")

    @property
    def shown_version(self) -> str:
        """The version; of a digest that stands for one, the beginning."""
        return self.version[:12]

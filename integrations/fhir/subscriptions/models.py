"""Who is told, what happened, and what could not be told."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import Application

from integrations.smart.models import Authorization
from twins.records.models import Subject


class State(models.TextChoices):
    """Codes of FHIR's subscription-status."""

    REQUESTED = "requested", _("waits for the handshake")
    ACTIVE = "active", _("is told")
    ERROR = "error", _("is not reached, and tried again")
    OFF = "off", _("is told no more")


LIVE = (State.REQUESTED, State.ACTIVE, State.ERROR)
"""States in which somebody is told, or will be."""


class Why(models.TextChoices):
    """Why one is off."""

    NOTHING = "", _("it is not off")
    DEAD_LETTER = "dead-letter", _("Its endpoint was not reached, again and again.")
    ENDED = "ended", _("Its end has come.")
    ASKED = "asked", _("Its owner set it off or deleted it.")
    RIGHT_GONE = "right-gone", _("The right of its owner has ended.")


class Subscriber(models.Model):
    """One Subscription of the door as it works: where it leads, how far it goes, and how far it got.

    `delivered` and `last_number` count its events; those between are still to be told. Whoever delivers holds `lease`
    until `lease_until`, so that one does at a time.
    """

    identifier = models.CharField(max_length=64, unique=True)
    """Id of the Subscription at the door."""
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    why_off = models.CharField(max_length=12, choices=Why, blank=True, default=Why.NOTHING)
    error = models.CharField(max_length=500, blank=True, default="")
    topic = models.CharField(max_length=100)
    filters = models.JSONField(default=dict)
    endpoint = models.CharField(max_length=1000)
    content = models.CharField(max_length=16)
    sealed_headers = models.TextField(blank=True, default="")
    """The headers that go with each notification, encrypted (`headers`)."""
    heartbeat_s = models.PositiveIntegerField(default=0)
    """Seconds; 0 for none."""
    timeout_s = models.PositiveIntegerField()
    most_at_once = models.PositiveIntegerField()
    ends = models.DateTimeField(null=True, blank=True)
    base = models.CharField(max_length=300)
    """The door's address as its owner knows it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    application = models.ForeignKey(Application, null=True, on_delete=models.SET_NULL, related_name="+")
    authorization = models.ForeignKey(Authorization, null=True, on_delete=models.SET_NULL, related_name="+")
    """What the person allowed the app, where an app made it."""
    is_person = models.BooleanField(default=False)
    scope = models.TextField()
    patient = models.CharField(max_length=36, blank=True, default="")
    """Subject key of the patient that the app was started for."""

    records = models.BooleanField(default=False)
    """Whether what happens is kept for it: from the first handshake until it is off for another reason than faults."""
    last_number = models.PositiveBigIntegerField(default=0)
    delivered = models.PositiveBigIntegerField(default=0)
    last_told = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="off_for_a_reason",
                condition=models.Q(state=State.OFF) & ~models.Q(why_off="")
                | ~models.Q(state=State.OFF) & models.Q(why_off=""),
            ),
            models.CheckConstraint(
                name="delivered_what_was_numbered", condition=models.Q(delivered__lte=models.F("last_number"))
            ),
        ]
        indexes = [models.Index(fields=["topic", "records"], name="subscriber_by_topic")]

    def __str__(self) -> str:
        return f"Subscription/{self.identifier}"


class Event(models.Model):
    """Something that one subscriber is to be told; written in the transaction that makes it so.

    It gets its number afterwards, one after the other and without gaps, from whoever delivers: to number it here would
    make every transaction that learns wait for every other.
    """

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveBigIntegerField(null=True, blank=True)
    happened = models.DateTimeField()
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    about = models.JSONField(default=list)
    """Pairs of type and id here, the best first: what it is about is the first that can be read."""
    named = models.JSONField(default=dict)
    """``system`` and ``value`` of what is no resource, such as a source."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "number"], name="event_number_once")]
        indexes = [
            models.Index(fields=["subscriber"], condition=models.Q(number=None), name="event_not_numbered"),
        ]

    def __str__(self) -> str:
        return f"event {self.number} of {self.subscriber_id}"


class DeadLetter(models.Model):
    """A notification that was given up; `first` to `last` are numbers of events, 0 where it held none."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="dead_letters")
    kind = models.CharField(max_length=20)
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    tries = models.PositiveSmallIntegerField()
    error = models.CharField(max_length=500)
    given_up = models.DateTimeField()
    retried = models.DateTimeField(null=True, blank=True)
    retried_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="retried_by_somebody",
                condition=models.Q(retried=None, retried_by="")
                | (models.Q(retried__isnull=False) & ~models.Q(retried_by="")),
            ),
        ]
        ordering = ["-given_up", "-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.first}–{self.last} of {self.subscriber_id}"

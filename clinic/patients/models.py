"""Who the patients are, who looks after them, and whom they are closed to or were opened for.

The only table that ties a name to a subject key of the twins is here.
"""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from twins.records.models import Sex, Subject


class Patient(models.Model):
    """A person in the chart. One row a patient of a source; `subject` is the opaque key the twins know."""

    subject = models.OneToOneField(Subject, primary_key=True, on_delete=models.PROTECT, related_name="patient")
    source_key = models.CharField(max_length=300, unique=True)
    """``<source>/Patient/123``."""
    record_number = models.CharField(max_length=64, blank=True, default="")
    family_name = models.CharField(max_length=100, blank=True, default="")
    given_name = models.CharField(max_length=100, blank=True, default="")
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["family_name", "given_name"]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_name}"


class Encounter(models.Model):
    """A stay: where the patient is, from when to when."""

    source_key = models.CharField(max_length=300, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="encounters")
    status = models.CharField(max_length=32)
    location = models.CharField(max_length=100, blank=True, default="")
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.location} {self.status}"


class Condition(models.Model):
    """A diagnosis of the chart, by code; `onset` and `abated` bound when it holds."""

    source_key = models.CharField(max_length=300, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="conditions")
    system = models.CharField(max_length=200, blank=True, default="")
    code = models.CharField(max_length=64, blank=True, default="")
    text = models.CharField(max_length=200, blank=True, default="")
    onset = models.DateTimeField(null=True, blank=True)
    abated = models.DateTimeField(null=True, blank=True)
    withdrawn = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.text or self.code


class CareTeam(models.Model):
    """People who look after the same patients. `sources` lists the sources whose patients it takes in by itself."""

    name = models.CharField(max_length=100, unique=True)
    sources = models.JSONField(default=list, blank=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="care_teams", blank=True)
    patients = models.ManyToManyField(Patient, related_name="care_teams", blank=True)

    def __str__(self) -> str:
        return self.name


class Hidden(models.TextChoices):
    """Whom a restriction hides the patient from."""

    EVERYBODY = "everybody", _("everybody, but for an emergency")
    TEAM = "team", _("everybody in one care team")
    PERSON = "person", _("one person")


class Restriction(models.Model):
    """The patient's wish that their data stay closed to some or to all; it goes before every care team.

    Never edited: what was asked for wrongly is lifted and recorded anew.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="restrictions")
    hidden_from = models.CharField(max_length=9, choices=Hidden)
    team = models.ForeignKey(CareTeam, on_delete=models.PROTECT, null=True, blank=True, related_name="restrictions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="restrictions"
    )
    begins = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    """None: until it is lifted."""
    reason = models.CharField(max_length=500)
    recorded_by = models.CharField(max_length=64)
    """Opaque key of the user, as in the audit trail."""
    recorded_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=64, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="restriction_names_whom_it_hides_from",
                condition=models.Q(hidden_from=Hidden.EVERYBODY, team__isnull=True, person__isnull=True)
                | models.Q(hidden_from=Hidden.TEAM, team__isnull=False, person__isnull=True)
                | models.Q(hidden_from=Hidden.PERSON, team__isnull=True, person__isnull=False),
            ),
            models.CheckConstraint(
                name="restriction_ends_after_it_begins",
                condition=models.Q(ends__isnull=True) | models.Q(ends__gt=models.F("begins")),
            ),
            models.CheckConstraint(
                name="restriction_lifted_by_somebody_for_a_reason",
                condition=models.Q(lifted_at__isnull=True, lifted_by="", lifted_because="")
                | (models.Q(lifted_at__isnull=False) & ~models.Q(lifted_by="") & ~models.Q(lifted_because="")),
            ),
        ]

    def __str__(self) -> str:
        return f"restriction {self.pk}"


class Emergency(models.TextChoices):
    """Why somebody outside the care team must see a patient now."""

    URGENT = "urgent", _("The patient needs treatment now, and nobody of the care team can give it")
    COVER = "cover", _("I stand in for a colleague or another ward")
    CALLED = "called", _("The care team asked me for advice")
    OTHER = "other", _("Something else")


class Opening(models.Model):
    """One person's emergency access to one patient, for a limited time; reviewed by somebody else afterwards."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="openings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="openings")
    emergency = models.CharField(max_length=6, choices=Emergency)
    reason = models.CharField(max_length=500)
    against_restriction = models.BooleanField()
    """Whether the patient's wish closed the patient to this person, not only the care team."""
    begun = models.DateTimeField()
    until = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)
    """When it was ended before its time."""
    justified = models.BooleanField(null=True, blank=True)
    note = models.CharField(max_length=1000, blank=True, default="")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="reviews"
    )
    reviewed = models.DateTimeField(null=True, blank=True)
    tell_at = models.DateTimeField(null=True, blank=True)
    """When the reviewers are to be written to; null: they were, or no server takes e-mail."""

    class Meta:
        indexes = [
            models.Index(fields=["person", "until"], name="opening_by_person"),
            models.Index(fields=["tell_at"], name="opening_to_tell", condition=models.Q(tell_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(name="opening_has_a_time_box", condition=models.Q(until__gt=models.F("begun"))),
            models.CheckConstraint(
                name="opening_reviewed_wholly",
                condition=models.Q(justified__isnull=True, note="", reviewer__isnull=True, reviewed__isnull=True)
                | (
                    models.Q(justified__isnull=False, reviewer__isnull=False, reviewed__isnull=False)
                    & ~models.Q(note="")
                ),
            ),
            models.CheckConstraint(
                name="opening_not_reviewed_by_the_same_person",
                condition=models.Q(reviewer__isnull=True) | ~models.Q(reviewer=models.F("person")),
            ),
        ]

    def __str__(self) -> str:
        return f"opening {self.pk}"

    @property
    def over(self) -> datetime:
        """When it ends, or ended."""
        return min(self.ended, self.until) if self.ended else self.until

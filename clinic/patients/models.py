"""Who the patients are. The only table that ties a name to a subject key of the twins."""

from django.conf import settings
from django.db import models

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

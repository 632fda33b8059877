import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sex(models.TextChoices):
    MALE = "male", _("Male")
    FEMALE = "female", _("Female")
    UNKNOWN = "unknown", _("Unknown")


class Subject(models.Model):
    """A person as the mathematics knows them: an opaque key, sex, and age in whole years on a day."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    age_years = models.PositiveSmallIntegerField(null=True, blank=True)
    age_as_of = models.DateField(null=True, blank=True)
    haemodialysis_since = models.DateTimeField(null=True, blank=True)
    haemodialysis_source = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="subject_age_with_its_day",
                condition=models.Q(age_years__isnull=True, age_as_of__isnull=True)
                | models.Q(age_years__isnull=False, age_as_of__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)

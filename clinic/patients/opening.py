"""Emergency access that runs now."""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from clinic.patients.models import Opening


def running(user: AbstractBaseUser) -> QuerySet[Opening]:
    """The openings of `user` whose time is not over, the latest first."""
    return Opening.objects.filter(person=user.pk, until__gt=timezone.now(), ended__isnull=True).order_by("-begun")

"""Which care team looks after whom."""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from clinic.patients.consent import closed_to
from clinic.patients.models import CareTeam, Patient


def patients_of(user: AbstractBaseUser) -> QuerySet[Patient]:
    """The patients of the care teams that `user` is a member of, each once, but for those whose wish closes them.

    Nobody for one who is not signed in. Whoever lists patients for a person begins here.
    """
    if not (user.is_authenticated and user.is_active):
        return Patient.objects.none()
    teams = CareTeam.objects.filter(members=user.pk).values("pk")
    looked_after = CareTeam.patients.through.objects.filter(careteam_id__in=teams).values("patient_id")
    return Patient.objects.filter(pk__in=looked_after).exclude(pk__in=closed_to(user).values("patient_id"))


def take_in(patient: Patient, source: str) -> None:
    """Put a new patient into every care team that takes in the patients of the source with this slug."""
    for team in CareTeam.objects.all():
        if source in team.sources:
            team.patients.add(patient)

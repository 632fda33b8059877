"""Whom patients are closed to by their own wish.

A restriction goes before every care team: in doubt, nothing is shown.
"""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from clinic.patients.models import CareTeam, Hidden, Restriction


def in_force() -> QuerySet[Restriction]:
    """The restrictions that hold now."""
    now = timezone.now()
    return Restriction.objects.filter(Q(ends__isnull=True) | Q(ends__gt=now), begins__lte=now, lifted_at__isnull=True)


def closed_to_systems() -> list[UUID]:
    """Subject keys of the patients whom no system reads with a token of its own: those with any restriction in force.

    Who sits before a system cannot be told, so that it cannot be told either whom the wish is about.
    """
    return list(in_force().values_list("patient", flat=True).distinct())


def closed_to(user: AbstractBaseUser) -> QuerySet[Restriction]:
    """The restrictions in force that hide their patient from `user`.

    Who is in a hidden team is shut out even as a member of another team of the patient.
    """
    return in_force().filter(binding(user))


def binding(user: AbstractBaseUser) -> Q:
    """Restrictions, in force or not, whose wish is about `user`."""
    teams = CareTeam.objects.filter(members=user.pk).values("pk")
    return (
        Q(hidden_from=Hidden.EVERYBODY)
        | Q(hidden_from=Hidden.TEAM, team__in=teams)
        | Q(hidden_from=Hidden.PERSON, person=user.pk)
    )

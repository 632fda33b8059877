"""Who may do what, and to whom: roles grant permissions, care teams grant patients."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from clinic.access.actor import roles_of
from clinic.access.disclosure import disclose
from clinic.access.roles import GRANTS, Permission, Role
from clinic.patients.care_team import patients_of
from clinic.patients.models import Patient


class NotInCareTeamError(PermissionDenied):
    """The patient exists, and the user is in none of the patient's care teams; the Gate records the refusal."""

    def __init__(self, subject_key: UUID | str) -> None:
        super().__init__("You are not in a care team of this patient.")
        self.subject_key = str(subject_key)


def granted(roles: tuple[str, ...]) -> frozenset[Permission]:
    """All that the roles grant together."""
    return frozenset().union(*(GRANTS[Role(role)] for role in roles))


def has(user: AbstractBaseUser, permission: Permission) -> bool:
    """Whether an active user's roles grant `permission`. Nothing else does: no flag on the user, no superuser."""
    return permission in granted(roles_of(user))


def visible_patients(user: AbstractBaseUser) -> QuerySet[Patient]:
    """The patients of the care teams that `user` belongs to, each once.

    A page that shows them calls `clinic.access.disclosure.disclose` with the subject keys that it shows.
    """
    return patients_of(user)


def patient_for(request: HttpRequest, subject_key: UUID | str) -> Patient:
    """The patient, for a page that shows them; the Gate records the read before the page leaves.

    Raises
    ------
    Http404
        Nobody has this key.
    NotInCareTeamError
        The user is in none of the patient's care teams; the Gate records the refusal and shows the 403 page.
    """
    patient = Patient.objects.filter(pk=subject_key).select_related("subject").first()
    if patient is None:
        raise Http404("No patient has this key.")
    if not visible_patients(request.user).filter(pk=patient.pk).exists():
        raise NotInCareTeamError(patient.pk)
    disclose(request, patient.pk)
    return patient

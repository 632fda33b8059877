"""Who may do what, and to whom: roles grant permissions, care teams grant patients.

A patient's wish closes them to a care team, and an emergency opens them for a while (`clinic.access.break_glass`).
"""

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from clinic.access.actor import roles_of
from clinic.access.disclosure import disclose
from clinic.access.roles import GRANTS, Permission, Role
from clinic.patients.care_team import patients_of
from clinic.patients.models import Opening, Patient
from clinic.patients.opening import running

BREAK_THE_GLASS = "BTG"
"""Purpose of use of what is done under emergency access, a code of v3-ActReason."""


class NotInCareTeamError(PermissionDenied):
    """The patient exists and is closed to the user; the Gate records the refusal.

    Whether no care team of theirs looks after the patient, or the patient wished it, is not said.
    """

    def __init__(self, subject_key: UUID | str) -> None:
        super().__init__(_("This patient is not open to you."))
        self.subject_key = str(subject_key)


def granted(roles: tuple[str, ...]) -> frozenset[Permission]:
    """All that the roles grant together."""
    return frozenset().union(*(GRANTS[Role(role)] for role in roles))


def has(user: AbstractBaseUser, permission: Permission) -> bool:
    """Whether an active user's roles grant `permission`. Nothing else does: no flag on the user, no superuser."""
    return permission in granted(roles_of(user))


def visible_patients(user: AbstractBaseUser) -> QuerySet[Patient]:
    """The patients of the care teams that `user` belongs to, each once, but for those whose wish closes them.

    Lists, searches and apps show these and no others: emergency access opens the pages of its one patient alone.
    A page that shows them calls `clinic.access.disclosure.disclose` with the subject keys that it shows.
    """
    return patients_of(user)


def opening_for(user: AbstractBaseUser, subject_key: UUID | str) -> Opening | None:
    """The emergency access that `user` has to this patient now."""
    if not has(user, Permission.GLASS_BREAK):
        return None
    return running(user).filter(patient=subject_key).first()


def check_open(user: AbstractBaseUser, subject_key: UUID | str) -> None:
    """Let pass those who may open this one patient, by care team or in an emergency.

    Raises
    ------
    NotInCareTeamError
        Neither opens the patient to `user`.
    """
    if not (visible_patients(user).filter(pk=subject_key).exists() or opening_for(user, subject_key)):
        raise NotInCareTeamError(subject_key)


def patient_for(request: HttpRequest, subject_key: UUID | str) -> Patient:
    """The patient, for a page that shows them; the Gate records the read before the page leaves.

    Under emergency access `request.opening` is set, for the banner, and all that the request does is recorded as such.

    Raises
    ------
    Http404
        Nobody has this key.
    NotInCareTeamError
        The patient is closed to the user; the Gate records the refusal and shows the 403 page.
    """
    patient = Patient.objects.filter(pk=subject_key).select_related("subject").first()
    if patient is None:
        raise Http404("No patient has this key.")
    if not visible_patients(request.user).filter(pk=patient.pk).exists():
        opening = opening_for(request.user, patient.pk)
        if opening is None:
            raise NotInCareTeamError(patient.pk)
        request.opening = opening  # type: ignore[attr-defined]
        request.actor = replace(request.actor, purpose=BREAK_THE_GLASS)  # type: ignore[attr-defined]
    disclose(request, patient.pk)
    return patient

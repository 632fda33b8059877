"""A patient's wish to stay closed to some or to all: recorded for a reason, and lifted by one it does not bind."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.permissions import has
from clinic.access.roles import Permission
from clinic.administration.refusal import AdministrationError, OwnRightsError, check, stated
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.patients.consent import binding
from clinic.patients.models import CareTeam, Hidden, Patient, Restriction

REASON_LIMIT = 500


def restrict(
    *,
    patient: Patient,
    hidden_from: str,
    team: CareTeam | None,
    person: AbstractBaseUser | None,
    begins: datetime | None,
    ends: datetime | None,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
) -> Restriction:
    """Close the patient to everybody, to a care team or to a person, from `begins` (None: now) to `ends` (None: open).

    Emergency access still opens the patient. What does not belong to `hidden_from` is not used.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        It is not said from whom or why, or it would be over before it begins.
    """
    check(by, Permission.RESTRICTION_MANAGE)
    now = timezone.now()
    start = begins or now
    if hidden_from not in Hidden.values:
        raise AdministrationError(_("Choose whom the patient is closed to."))
    if hidden_from == Hidden.TEAM and team is None:
        raise AdministrationError(_("Choose the care team that the patient is closed to."))
    if hidden_from == Hidden.PERSON and person is None:
        raise AdministrationError(_("Choose the person whom the patient is closed to."))
    if ends is not None and (ends <= start or ends <= now):
        raise AdministrationError(_("The end lies before the beginning or has passed; give a later one, or none."))
    text = stated(reason, REASON_LIMIT, _("The reason"))
    with transaction.atomic():
        made = Restriction.objects.create(
            patient=patient,
            hidden_from=hidden_from,
            team=team if hidden_from == Hidden.TEAM else None,
            person=person if hidden_from == Hidden.PERSON else None,
            begins=start,
            ends=ends,
            reason=text,
            recorded_by=key_of(by),
            recorded_at=now,
        )
        _write(
            made,
            actor,
            "restriction.record",
            Action.CREATE,
            hidden_from=hidden_from,
            whom=str(made.team_id or "") or (key_of(person) if made.person_id and person else ""),
            begins=start.isoformat(),
            ends=ends.isoformat() if ends else None,
        )
    return made


def lift(*, restriction: Restriction, because: str, by: AbstractBaseUser, actor: Actor) -> None:
    """End a restriction before its time.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        It was lifted before, or the reason is missing; `OwnRightsError` where it binds `by`, who sees patients.
    """
    check(by, Permission.RESTRICTION_MANAGE)
    text = stated(because, REASON_LIMIT, _("The reason"))
    with transaction.atomic():
        locked = Restriction.objects.select_for_update().get(pk=restriction.pk)
        if locked.lifted_at is not None:
            raise AdministrationError(_("This restriction was lifted already."))
        if has(by, Permission.PATIENT_VIEW) and Restriction.objects.filter(binding(by), pk=locked.pk).exists():
            raise OwnRightsError(_("This restriction binds you; somebody else must lift it."))
        locked.lifted_at, locked.lifted_by, locked.lifted_because = timezone.now(), key_of(by), text
        locked.save(update_fields=["lifted_at", "lifted_by", "lifted_because"])
        _write(locked, actor, "restriction.lift", Action.UPDATE)


def _write(restriction: Restriction, actor: Actor, activity: str, action: Action, **detail: object) -> None:
    record(
        by=actor,
        action=action,
        activity=activity,
        subject_key=restriction.patient_id,
        entity_type="Restriction",
        entity_id=restriction.pk,
        purpose="HOPERAT",
        detail=detail,
    )

"""Emergency access: opened by one person for one patient with a reason, ended by time or hand, reviewed by another."""

import logging
from dataclasses import replace
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.access import glass_alert, wristband
from clinic.access.actor import actor_of
from clinic.access.permissions import BREAK_THE_GLASS, has, opening_for, visible_patients
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.patients.consent import closed_to
from clinic.patients.models import Emergency, Opening, Patient
from twins.jobs.queue import send_task

REASON_LIMIT = 500
NOTE_LIMIT = 1000
log = logging.getLogger(__name__)


class GlassError(Exception):
    """Something that emergency access does not allow; the sentence is for the person who asked."""


class ReviewError(GlassError):
    """This opening cannot be reviewed now, or not by this person."""


def find(*, record_number: str, born: date | None, by: AbstractBaseUser, actor: Actor) -> Patient:
    """The one patient of a record number, as `wristband.find` finds them.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant emergency access.
    WristbandError
        Nobody, or no single one, answers to it; or too many such numbers were tried.
    """
    _may_break(by)
    return wristband.find(record_number=record_number, born=born, actor=replace(actor, purpose=BREAK_THE_GLASS))


def stated(emergency: str, reason: str) -> str:
    """The reason, fit to be kept; both are asked for before anybody is looked for.

    Raises
    ------
    GlassError
        The kind of emergency or the reason is not given.
    """
    if emergency not in Emergency.values:
        raise GlassError(_("Choose why you need to see this patient now."))
    return _stated(reason, REASON_LIMIT, _("Say in a few words why you need to see this patient now."))


def break_glass(*, patient: Patient, emergency: str, reason: str, by: AbstractBaseUser, actor: Actor) -> Opening | None:
    """Open the patient to `by` for ``BREAK_GLASS_MINUTES``; None where they are open to them anyway.

    An opening that runs is not prolonged: it is given back as it is.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant emergency access.
    GlassError
        Why is not said.
    """
    _may_break(by)
    text = stated(emergency, reason)
    with transaction.atomic():
        get_user_model().objects.select_for_update(no_key=True).get(pk=by.pk)  # two clicks open once
        if visible_patients(by).filter(pk=patient.pk).exists():
            return None
        running = opening_for(by, patient.pk)
        if running is not None:
            return running
        now = timezone.now()
        opening = Opening.objects.create(
            patient=patient,
            person=by,
            emergency=emergency,
            reason=text,
            against_restriction=closed_to(by).filter(patient=patient).exists(),
            begun=now,
            until=now + timedelta(minutes=settings.BREAK_GLASS_MINUTES),
            tell_at=now if glass_alert.is_sent() else None,
        )
        _write(
            opening,
            actor,
            "glass.break",
            Action.CREATE,
            emergency=emergency,
            minutes=settings.BREAK_GLASS_MINUTES,
            against_restriction=opening.against_restriction,
        )
        transaction.on_commit(lambda: _alert(opening, actor))
    return opening


def end(*, opening: Opening, by: AbstractBaseUser, actor: Actor) -> None:
    """End an opening before its time: the person who has it, or one who reviews openings. Once over, nothing happens.

    Raises
    ------
    PermissionDenied
        It is somebody else's, and the person's roles do not grant reviews.
    """
    if opening.person_id != by.pk and not has(by, Permission.GLASS_REVIEW):
        raise PermissionDenied(_("This is somebody else's emergency access."))
    with transaction.atomic():
        locked = Opening.objects.select_for_update(no_key=True).get(pk=opening.pk)
        now = timezone.now()
        if locked.ended is not None or locked.until <= now:
            return
        locked.ended = now
        locked.save(update_fields=["ended"])
        _write(locked, actor, "glass.end", Action.UPDATE, by_reviewer=locked.person_id != by.pk)


def review(*, opening: Opening, justified: bool, note: str, by: AbstractBaseUser, actor: Actor) -> None:
    """Judge an opening that is over: once, with a note, and never one's own.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant reviews.
    ReviewError
        It is the person's own, still runs, or was reviewed before.
    GlassError
        There is no note.
    """
    if not has(by, Permission.GLASS_REVIEW):
        raise PermissionDenied(_("Your roles do not include %(permission)s.") % {"permission": Permission.GLASS_REVIEW})
    text = _stated(note, NOTE_LIMIT, _("Say in a few words what you judge by."))
    with transaction.atomic():
        locked = Opening.objects.select_for_update(no_key=True).get(pk=opening.pk)
        if locked.person_id == by.pk:
            raise ReviewError(_("Nobody reviews an emergency access of their own; another reviewer must."))
        if locked.over > timezone.now():
            raise ReviewError(_("This emergency access still runs; end it, or review it when it is over."))
        if locked.reviewed is not None:
            raise ReviewError(_("This emergency access was reviewed already."))
        locked.justified, locked.note, locked.reviewer, locked.reviewed = justified, text, by, timezone.now()
        locked.save(update_fields=["justified", "note", "reviewer", "reviewed"])
        _write(locked, actor, "glass.review", Action.UPDATE, purpose="HOPERAT", justified=justified)


def acting_on(user: AbstractBaseUser, subject_key: object) -> Actor:
    """The actor that `user` is in what is done for one patient outside a request: with the purpose that holds now."""
    actor = actor_of(user)
    key = str(subject_key)
    if visible_patients(user).filter(pk=key).exists() or opening_for(user, key) is None:
        return actor
    return replace(actor, purpose=BREAK_THE_GLASS)


def _may_break(by: AbstractBaseUser) -> None:
    if not has(by, Permission.GLASS_BREAK):
        raise PermissionDenied(_("Your roles do not include %(permission)s.") % {"permission": Permission.GLASS_BREAK})


def _stated(text: str, limit: int, missing: str) -> str:
    text = text.replace("\x00", "").strip()
    if not text:
        raise GlassError(missing)
    if len(text) > limit:
        raise GlassError(
            ngettext(
                "The text has %(length)d character; shorten it to %(limit)d.",
                "The text has %(length)d characters; shorten it to %(limit)d.",
                len(text),
            )
            % {"length": len(text), "limit": limit}
        )
    return text


def _write(
    opening: Opening, actor: Actor, activity: str, action: Action, *, purpose: str = BREAK_THE_GLASS, **detail: object
) -> None:
    record(
        by=actor,
        action=action,
        activity=activity,
        subject_key=opening.patient_id,
        entity_type="Opening",
        entity_id=opening.pk,
        purpose=purpose,
        detail=detail,
    )


def _alert(opening: Opening, actor: Actor) -> None:
    log.warning(
        "emergency access %s by %s until %s waits for review",
        opening.pk,
        actor.key,
        opening.until.isoformat("T", "minutes"),
    )
    if opening.tell_at is not None:
        send_task("clinic.access.tasks.tell_reviewers", opening.pk)

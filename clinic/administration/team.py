"""Care teams: who looks after whom. Nobody joins or leaves one by themselves."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.roles import Permission
from clinic.administration.refusal import AdministrationError, OwnRightsError, check, stated
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.patients.models import CareTeam, Patient

NAME_LIMIT = 100
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)


def make(*, name: str, sources: Iterable[str], by: AbstractBaseUser | None, actor: Actor) -> CareTeam:
    """A care team without members, which takes in the patients of these sources, now and later.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        The name is missing or taken, or a source has no possible name.
    """
    check(by, Permission.CARE_TEAM_MANAGE)
    team = CareTeam(name=_name(name, None))
    with transaction.atomic():
        team.save(force_insert=True)
        _take_from(team, _sources(sources))
        _write(team, actor, "care-team.make", Action.CREATE, after=state_of(team))
    return team


def change(
    *,
    team: CareTeam,
    name: str,
    sources: Iterable[str],
    members: Iterable[AbstractBaseUser],
    by: AbstractBaseUser | None,
    actor: Actor,
) -> bool:
    """Give the team this name, these members and sources in place of those it has; whether that changed anything.

    Patients of a source that goes stay in the team; those of a source that comes are taken in.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        As for `make`; or `by` would join, leave, or be given patients.
    """
    check(by, Permission.CARE_TEAM_MANAGE)
    wanted, members = _sources(sources), list(members)
    text = _name(name, team)
    with transaction.atomic():
        locked = CareTeam.objects.select_for_update(no_key=True).get(pk=team.pk)
        if by is not None and (by in members) != locked.members.filter(pk=by.pk).exists():
            raise OwnRightsError(
                _("Nobody joins or leaves a care team by themselves; another administrator must do it.")
            )
        if by in members and set(wanted) - set(locked.sources):
            raise OwnRightsError(_("You are a member of this care team; another administrator must take patients in."))
        before, renamed = state_of(locked), locked.name != text
        locked.name = text
        locked.save(update_fields=["name"])
        locked.members.set(members)
        _take_from(locked, wanted)
        after = state_of(locked)
        if renamed or before != after:
            _write(locked, actor, "care-team.change", Action.UPDATE, before=before, after=after, renamed=renamed)
    return renamed or before != after


def take_in(*, team: CareTeam, patient: Patient, by: AbstractBaseUser, actor: Actor) -> None:
    """Put one patient into the team. Once they are in, nothing happens.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    OwnRightsError
        `by` is a member of the team.
    """
    check(by, Permission.CARE_TEAM_MANAGE)
    with transaction.atomic():
        if team.members.filter(pk=by.pk).exists():
            raise OwnRightsError(_("You are a member of this care team; another administrator must take patients in."))
        if not team.patients.filter(pk=patient.pk).exists():
            team.patients.add(patient)
            _write(team, actor, "care-team.take-in", Action.UPDATE, patient)


def let_go(*, team: CareTeam, patient: Patient, by: AbstractBaseUser, actor: Actor) -> None:
    """Take one patient out of the team; what was decided before stays.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        The patient is not in it.
    """
    check(by, Permission.CARE_TEAM_MANAGE)
    with transaction.atomic():
        if not team.patients.filter(pk=patient.pk).exists():
            raise AdministrationError(_("This patient is not in the care team."))
        team.patients.remove(patient)
        _write(team, actor, "care-team.let-go", Action.UPDATE, patient)


def state_of(team: CareTeam) -> dict[str, Any]:
    """What is recorded of a care team before and after a change: keys alone."""
    return {
        "members": sorted(key_of(member) for member in team.members.all()),
        "sources": sorted(team.sources),
        "patients": team.patients.count(),
    }


def _take_from(team: CareTeam, sources: list[str]) -> None:
    new = set(sources) - set(team.sources)
    team.sources = sources
    team.save(update_fields=["sources"])
    for source in new:
        team.patients.add(*Patient.objects.filter(source_key__startswith=f"{source}/"))


def _name(name: str, team: CareTeam | None) -> str:
    text = stated(name, NAME_LIMIT, _("The name of the care team"))
    if CareTeam.objects.filter(name=text).exclude(pk=team.pk if team else None).exists():
        raise AdministrationError(_("A care team is called '%(name)s' already; choose another name.") % {"name": text})
    return text


def _sources(sources: Iterable[str]) -> list[str]:
    wanted = sorted({source.strip() for source in sources if source.strip()})
    for source in wanted:
        if not _SLUG.fullmatch(source):
            raise AdministrationError(
                _("'%(source)s' is no short name of a source; see the page of sources.") % {"source": source[:50]}
            )
    return wanted


def _write(
    team: CareTeam, actor: Actor, activity: str, action: Action, patient: Patient | None = None, **detail: Any
) -> None:
    record(
        by=actor,
        action=action,
        activity=activity,
        subject_key=patient.pk if patient else "",
        entity_type="CareTeam",
        entity_id=team.pk,
        purpose="HOPERAT",
        detail=detail,
    )

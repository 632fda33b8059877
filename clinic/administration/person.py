"""People: who may log in, as what, and in which care teams. Nobody changes their own rights."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.password_link import path_for
from clinic.access.roles import Permission, Role, in_words
from clinic.access.signals import credentials_ended
from clinic.administration.refusal import AdministrationError, OwnRightsError, check
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.patients.models import CareTeam

OF_PEOPLE = tuple(role for role in Role if role is not Role.INTEGRATION)
"""The roles that a person can have; systems have the other."""


def make(
    *,
    username: str,
    given: str,
    family: str,
    roles: Iterable[str],
    teams: Iterable[CareTeam],
    by: AbstractBaseUser | None,
    actor: Actor,
) -> AbstractBaseUser:
    """A new person, who can log in once they have set a password by an `invitation`.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        The user name is taken or cannot be one, or a role is none of a person.
    """
    check(by, Permission.PERSON_MANAGE)
    wanted = _roles(roles)
    people = get_user_model()
    person: Any = people(username=people.normalize_username(username.strip()), first_name=given, last_name=family)
    person.set_unusable_password()
    try:
        person.full_clean()
    except ValidationError as error:
        raise AdministrationError(" ".join(error.messages)) from error
    try:
        with transaction.atomic():
            person.save(force_insert=True)
            person.groups.set(Group.objects.filter(name__in=wanted))
            person.care_teams.set(teams)
            _write(person, actor, "person.make", Action.CREATE, after=state_of(person))
    except IntegrityError as error:
        raise AdministrationError(
            _("The user name '%(name)s' is taken; choose another.") % {"name": username}
        ) from error
    return person  # type: ignore[no-any-return]


def change(
    *,
    person: AbstractBaseUser,
    roles: Iterable[str],
    teams: Iterable[CareTeam],
    by: AbstractBaseUser | None,
    actor: Actor,
) -> bool:
    """Give a person these roles and care teams in place of those they have; whether that changed anything.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        It is their own account, that of a system, or a role is none of a person.
    """
    check(by, Permission.PERSON_MANAGE)
    _others(person, by)
    wanted = _roles(roles)
    if _is_system(person):
        raise AdministrationError(
            _("This is the account of a system; manage.py integration_token gives it its rights.")
        )
    with transaction.atomic():
        _still(by)
        locked: Any = _locked(person)
        before = state_of(locked)
        locked.groups.set(Group.objects.filter(name__in=wanted))
        locked.care_teams.set(teams)
        after = state_of(locked)
        if before != after:
            _write(locked, actor, "person.change", Action.UPDATE, before=before, after=after)
    return before != after


def put_out_of_service(*, person: AbstractBaseUser, by: AbstractBaseUser | None, actor: Actor) -> None:
    """From now on they cannot log in, every session of theirs is refused, and what they allowed apps is over.

    Raises as `change` does.
    """
    _serve(person, by, actor, active=False)


def put_into_service(*, person: AbstractBaseUser, by: AbstractBaseUser | None, actor: Actor) -> None:
    """They can log in again, with the roles and care teams that they had. Raises as `change` does."""
    _serve(person, by, actor, active=True)


def invitation(*, person: AbstractBaseUser, by: AbstractBaseUser, actor: Actor) -> str:
    """The path of a link by which the person sets a password: good once, and for ``PASSWORD_RESET_TIMEOUT``.

    Whoever holds the link can be that person, so it is shown once and stored nowhere.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    AdministrationError
        It is their own account, that of a system, or out of service.
    """
    check(by, Permission.PERSON_MANAGE)
    _others(person, by)
    if _is_system(person):
        raise AdministrationError(_("This is the account of a system, which has no password."))
    if not person.is_active:
        raise AdministrationError(_("This person is out of service; put them into service first."))
    with transaction.atomic():
        path = path_for(person)
        _write(person, actor, "person.invite", Action.EXECUTE)
    return path


def state_of(person: Any) -> dict[str, Any]:
    """What is recorded of a person before and after a change: keys alone."""
    return {
        "in_service": person.is_active,
        "roles": sorted(person.groups.values_list("name", flat=True)),
        "teams": sorted(person.care_teams.values_list("pk", flat=True)),
    }


def _serve(person: AbstractBaseUser, by: AbstractBaseUser | None, actor: Actor, *, active: bool) -> None:
    check(by, Permission.PERSON_MANAGE)
    _others(person, by)
    with transaction.atomic():
        _still(by)
        locked: Any = _locked(person)
        if locked.is_active == active:
            return
        before = state_of(locked)
        locked.is_active = active
        locked.save(update_fields=["is_active"])
        _write(locked, actor, "person.change", Action.UPDATE, before=before, after=state_of(locked))
        if not active:
            credentials_ended.send(type(locked), person=locked, by=actor)


def _others(person: AbstractBaseUser, by: AbstractBaseUser | None) -> None:
    if by is not None and person.pk == by.pk:
        raise OwnRightsError(_("Nobody changes their own account here; another administrator must."))


def _still(by: AbstractBaseUser | None) -> None:
    """Of two administrators who end each other's rights at once, the second has none any more, and one is left."""
    Group.objects.select_for_update(no_key=True).get(name=Role.ADMINISTRATOR)
    check(by and get_user_model().objects.get(pk=by.pk), Permission.PERSON_MANAGE)


def _is_system(person: Any) -> bool:
    return bool(person.groups.filter(name=Role.INTEGRATION).exists())


def _roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    for role in wanted:
        if role not in OF_PEOPLE:
            raise AdministrationError(
                _("'%(role)s' is no role of a person; choose among %(roles)s.")
                % {"role": role[:50], "roles": ", ".join(in_words(role) for role in OF_PEOPLE)}
            )
    return wanted


def _locked(person: AbstractBaseUser) -> Any:
    return get_user_model().objects.select_for_update(no_key=True).get(pk=person.pk)


def _write(person: AbstractBaseUser, actor: Actor, activity: str, action: Action, **detail: Any) -> None:
    record(
        by=actor,
        action=action,
        activity=activity,
        entity_type="User",
        entity_id=key_of(person),
        purpose="HOPERAT",
        detail=detail,
    )

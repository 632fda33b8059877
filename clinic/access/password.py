"""A person's own password, changed."""

import secrets

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.lent_password import is_own, lend
from clinic.access.models import LentPassword
from clinic.access.signals import credentials_ended
from clinic.audit.event import Actor, record
from clinic.audit.models import Action


@transaction.atomic
def new_password(*, person: AbstractBaseUser, by: Actor, chosen: str = "") -> str:
    """Set one for a person who has none or forgot theirs, random unless somebody chose it.

    Every session is over, and so is what they allowed apps; they change it at the next login.
    """
    made = chosen or secrets.token_urlsafe(15)
    person.set_password(made)
    person.save(update_fields=["password"])
    lend(person)
    record(
        by=by,
        action=Action.UPDATE,
        activity="password.lend",
        entity_type="User",
        entity_id=key_of(person),
        purpose="HOPERAT",
    )
    credentials_ended.send(type(person), person=person, by=by)
    return made


@transaction.atomic
def change_password(*, person: AbstractBaseUser, new: str, by: Actor) -> None:
    """Set it; every session but the one that goes on with `update_session_auth_hash` is over with that.

    So is what the person allowed apps.

    Raises
    ------
    ValidationError
        The validators of the site refuse it, each with its sentence; or it is the one that somebody else set.
    """
    if LentPassword.objects.filter(person_id=person.pk).exists() and check_password(new, person.password):
        raise ValidationError(_("This is the password that somebody else set. Choose another one."))
    validate_password(new, person)
    person.set_password(new)
    person.save(update_fields=["password"])
    is_own(person)
    record(
        by=by,
        action=Action.UPDATE,
        activity="password.change",
        entity_type="User",
        entity_id=key_of(person),
        purpose="",
    )
    credentials_ended.send(type(person), person=person, by=by)

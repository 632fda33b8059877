"""A person's own password, changed."""

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from clinic.access.actor import key_of
from clinic.audit.event import Actor, record
from clinic.audit.models import Action


@transaction.atomic
def change_password(*, person: AbstractBaseUser, new: str, by: Actor) -> None:
    """Set it; every session but the one that goes on with `update_session_auth_hash` is over with that.

    Raises
    ------
    ValidationError
        The validators of the site refuse it, each with its sentence.
    """
    validate_password(new, person)
    person.set_password(new)
    person.save(update_fields=["password"])
    record(
        by=by,
        action=Action.UPDATE,
        activity="password.change",
        entity_type="User",
        entity_id=key_of(person),
        purpose="",
    )

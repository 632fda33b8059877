"""A new password, or the end of a person's service, ends what they allowed apps: a thief may have allowed it."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from clinic.access.actor import key_of
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from integrations.smart.authorization import living, withdraw
from integrations.smart.models import Authorization


def withdraw_all(*, person: AbstractBaseUser, by: Actor, **_: Any) -> None:
    """End every token given in the person's name, and every code that none came of yet."""
    Authorization.objects.filter(user=person.pk, redeemed=None).update(redeemed=timezone.now())
    for one in living(person.pk).select_related("application").order_by("pk"):
        withdraw(one)
        record(
            by=by,
            action=Action.DELETE,
            activity="oauth.withdraw",
            subject_key=one.subject_id or "",
            entity_type="Authorization",
            entity_id=one.pk,
            detail={"client": one.application.client_id, "person": key_of(person)},
        )

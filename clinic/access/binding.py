"""Which person a subject id of the hospital's single sign-on is: bound once, by hand or by a verified address."""

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from clinic.access.actor import key_of
from clinic.audit.event import Actor, record
from clinic.audit.models import Action


class AlreadyBoundError(ValueError):
    """The subject id is another person's, or the person has another one; unbind that first."""


def person_by_email(address: str) -> AbstractBaseUser | None:
    """The one active person with this address; None for nobody, and for several, who cannot be told apart.

    For PostgreSQL ``ı`` in capitals is ``I``, and ``ſ`` is ``S``. An address that only so is the person's is another
    one, and whoever has it is somebody else.
    """
    found = list(get_user_model().objects.filter(email__iexact=address, is_active=True)[:2]) if address else []
    return found[0] if len(found) == 1 and _same(found[0].email, address) else None  # type: ignore[attr-defined]


def _same(one: str, other: str) -> bool:
    """Whether they differ in nothing but capitals of ASCII, on which alone all databases and libraries agree."""
    return one.encode().lower() == other.encode().lower()


@transaction.atomic
def bind(*, person: AbstractBaseUser, provider: str, subject: str, by: Actor) -> SocialAccount:
    """From now on `subject` is `person`.

    Raises
    ------
    AlreadyBoundError
    """
    get_user_model().objects.select_for_update().get(pk=person.pk)  # of two at once, one waits and then finds it bound
    for known in SocialAccount.objects.filter(Q(uid=subject) | Q(user_id=person.pk), provider=provider):
        if (known.uid == subject) != (known.user_id == person.pk):
            raise AlreadyBoundError("This subject id is another person's, or the person has another one; unbind first.")
        if known.uid == subject:
            return known
    made: SocialAccount = SocialAccount.objects.create(user=person, provider=provider, uid=subject)
    _record(made, Action.CREATE, "person.bind", by)
    return made


@transaction.atomic
def unbind(*, person: AbstractBaseUser, provider: str, by: Actor) -> bool:
    """The person's subject id opens nothing any more; False where there was none."""
    known = SocialAccount.objects.filter(provider=provider, user_id=person.pk).first()
    if known is None:
        return False
    _record(known, Action.DELETE, "person.unbind", by)
    known.delete()
    return True


def _record(account: SocialAccount, action: Action, activity: str, by: Actor) -> None:
    record(
        by=by, action=action, activity=activity, entity_type="User", entity_id=key_of(account.user), purpose="HOPERAT"
    )

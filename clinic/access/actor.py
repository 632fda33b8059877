"""People and systems as the audit trail knows them: opaque keys, never names."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from clinic.access.roles import Role
from clinic.audit.event import STRANGER, Actor

_ROLES = frozenset(Role)


def key_of(user: AbstractBaseUser) -> str:
    """The user's opaque key: ``user-7``."""
    return f"user-{user.pk}"


def user_of(key: str) -> AbstractBaseUser | None:
    """The user of an opaque key, or None where it names the system, a stranger or nobody."""
    kind, _, number = key.partition("-")
    if kind != "user" or not number.isdecimal():
        return None
    return get_user_model().objects.filter(pk=int(number)).first()


def roles_of(user: AbstractBaseUser) -> tuple[str, ...]:
    """The roles of an active user, in alphabetical order; none for anybody else."""
    if not (user.is_authenticated and user.is_active):
        return ()
    return tuple(sorted(_ROLES.intersection(user.groups.values_list("name", flat=True))))  # type: ignore[attr-defined]


def actor_of(user: AbstractBaseUser, request: HttpRequest | None = None) -> Actor:
    """The actor that `user` is in `request`; a stranger where nobody is signed in."""
    where = {"request_id": getattr(request, "request_id", ""), "client": getattr(request, "client_address", "")}
    if not user.is_authenticated:
        return Actor(STRANGER.key, **where)
    return Actor(key_of(user), roles_of(user), **where)

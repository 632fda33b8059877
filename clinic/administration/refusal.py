"""Why something is not changed; each error is a sentence for the administrator."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied

from clinic.access.permissions import has
from clinic.access.roles import Permission


class AdministrationError(Exception):
    """A change that is refused; nothing was changed."""


class OwnRightsError(AdministrationError):
    """Somebody would widen or narrow their own rights."""


def check(by: AbstractBaseUser, permission: Permission) -> None:
    """Let pass those whose roles grant `permission`.

    Raises
    ------
    PermissionDenied
        They do not.
    """
    if not has(by, permission):
        raise PermissionDenied(f"Your roles do not include {permission}.")


def stated(text: str, limit: int, what: str) -> str:
    """The text without blanks around it.

    Raises
    ------
    AdministrationError
        It is empty or too long; `what` names it.
    """
    text = text.replace("\x00", "").strip()
    if not text:
        raise AdministrationError(f"{what} is missing; enter it.")
    if len(text) > limit:
        raise AdministrationError(f"{what} has {len(text)} characters; shorten it to {limit}.")
    return text

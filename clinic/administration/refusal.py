"""Why something is not changed; each error is a sentence for the administrator."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.access.permissions import has
from clinic.access.roles import Permission


class AdministrationError(Exception):
    """A change that is refused; nothing was changed."""


class OwnRightsError(AdministrationError):
    """Somebody would widen or narrow their own rights."""


def check(by: AbstractBaseUser | None, permission: Permission) -> None:
    """Let pass those whose roles grant `permission`; None is whoever has this machine's command line, and passes.

    Raises
    ------
    PermissionDenied
        They do not.
    """
    if by is not None and not has(by, permission):
        raise PermissionDenied(_("Your roles do not include %(permission)s.") % {"permission": permission})


def stated(text: str, limit: int, what: str) -> str:
    """The text without blanks around it.

    Raises
    ------
    AdministrationError
        It is empty or too long; `what` names it.
    """
    text = text.replace("\x00", "").strip()
    if not text:
        raise AdministrationError(_("%(what)s is missing; enter it.") % {"what": what})
    if len(text) > limit:
        raise AdministrationError(
            ngettext(
                "%(what)s has %(length)d character; shorten it to %(limit)d.",
                "%(what)s has %(length)d characters; shorten it to %(limit)d.",
                len(text),
            )
            % {"what": what, "length": len(text), "limit": limit}
        )
    return text

"""Where a person's work begins: the first page that the roles may see."""

from collections.abc import Iterable

from django.urls import reverse

from clinic.access.permissions import granted
from clinic.access.roles import Permission

_HOMES = (
    (Permission.WORKLIST_VIEW, "worklist"),
    (Permission.STUDY_VIEW, "studies"),
    (Permission.PERSON_MANAGE, "people"),
    (Permission.QUARANTINE_VIEW, "quarantine"),
    (Permission.AUDIT_VIEW, "audit"),
)


def home(roles: Iterable[str]) -> str:
    """The path of that page; the front page for those who may see none."""
    held = granted(tuple(roles))
    return next((reverse(name) for permission, name in _HOMES if permission in held), "/")

"""What templates may ask: ``{% if may.patient_view %}``."""

from django.http import HttpRequest

from clinic.access.permissions import granted
from clinic.access.roles import Permission


def permissions(request: HttpRequest) -> dict[str, dict[str, bool]]:
    """``may``: for each permission, with ``_`` for ``.`` and ``-``, whether the person who asks has it."""
    actor = getattr(request, "actor", None)
    held = granted(actor.roles) if actor is not None else frozenset()
    return {"may": {permission.replace(".", "_"): permission in held for permission in Permission}}

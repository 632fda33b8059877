"""What templates may ask: ``{% if may.patient_view %}``."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from clinic.access.home import home
from clinic.access.permissions import granted
from clinic.access.roles import Permission
from clinic.patients.models import Opening


def permissions(request: HttpRequest) -> dict[str, Any]:
    """``may``: which permissions the person who asks has, with ``_`` for ``.``; ``home``: where their work begins;
    how long a session lasts, and what the hospital's own login is called.

    ``emergency_access`` is what the page is shown under, if it is; ``reviews_due`` how many wait for a review, which
    is counted only where it is shown.
    """
    actor = getattr(request, "actor", None)
    held = granted(actor.roles) if actor is not None else frozenset()
    return {
        "may": {permission.replace(".", "_"): permission in held for permission in Permission},
        "emergency_access": getattr(request, "opening", None),
        "reviews_due": Opening.objects.filter(reviewed__isnull=True).count,
        "home": home(actor.roles) if actor is not None else "/",
        "single_sign_on": settings.OIDC.get("name", ""),
        "idle_seconds": settings.SESSION_COOKIE_AGE,
        "warn_seconds": settings.SESSION_WARNING_SECONDS,
    }

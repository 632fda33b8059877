"""The launch context: which patient is open, told by the hospital system, handed on by the app as an opaque value."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone
from oauth2_provider.models import Application

from clinic.patients.models import Patient
from integrations.smart.models import LaunchContext

LASTS = timedelta(minutes=5)


def open_context(*, patient: Patient, application: Application | None = None) -> str:
    """A new value for the parameter `launch`, good once and for five minutes; for one app only where it is named."""
    value = secrets.token_urlsafe(32)
    LaunchContext.objects.create(
        digest=_digest(value), subject_id=patient.pk, application=application, expires=timezone.now() + LASTS
    )
    return value


def look_up(value: str, application: Application) -> LaunchContext | None:
    """The context that a value stands for, if this app may use it still."""
    found = LaunchContext.objects.filter(digest=_digest(value), used=None, expires__gt=timezone.now()).first()
    return found if found is not None and found.application_id in (None, application.pk) else None


def use_up(context: LaunchContext) -> bool:
    """False where somebody else was first."""
    return LaunchContext.objects.filter(pk=context.pk, used=None).update(used=timezone.now()) == 1


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()

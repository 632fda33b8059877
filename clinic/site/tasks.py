"""What the site does by the clock."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from clinic.access.sessions import forget_ended as forget_ended_sessions
from integrations.cds_hooks.models import UsedToken
from integrations.fhir.bulk.tasks import forget_expired as forget_exports
from integrations.fhir.subscriptions.sweep import forget as forget_told_events
from integrations.smart.forget import forget_expired


@shared_task
def housekeeping() -> None:
    """Remove what has expired and nobody needs any more: sessions, tokens, launches, exported files, told events."""
    SessionStore.clear_expired()
    forget_ended_sessions()
    clear_expired()
    forget_expired()
    forget_exports()
    forget_told_events()
    UsedToken.objects.filter(expires__lt=timezone.now()).delete()

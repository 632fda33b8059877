"""What the site does by the clock."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from oauth2_provider.models import clear_expired

from integrations.fhir.subscriptions.sweep import forget
from integrations.smart.forget import forget_expired


@shared_task
def housekeeping() -> None:
    """Remove sessions, tokens, launches, used assertions and told events that have expired: nothing needs them now."""
    SessionStore.clear_expired()
    clear_expired()
    forget_expired()
    forget()

"""What the site does by the clock."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from integrations.cds_hooks.models import UsedToken
from integrations.smart.forget import forget_expired


@shared_task
def housekeeping() -> None:
    """Remove sessions, tokens, launches and marks of used assertions that have expired; nothing of them is needed."""
    SessionStore.clear_expired()
    clear_expired()
    forget_expired()
    UsedToken.objects.filter(expires__lt=timezone.now()).delete()

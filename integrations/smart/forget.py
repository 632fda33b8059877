"""What SMART no longer needs to remember."""

from datetime import timedelta

from django.utils import timezone
from oauth2_provider.models import RefreshToken

from integrations.smart.models import Authorization, LaunchContext, UsedAssertion

KEPT = timedelta(days=1)
"""For how long an authorization without a living token is kept, so that a code that comes twice is known."""


def forget_expired() -> None:
    """Remove used assertions and launches that are past, and authorizations of which no token can come any more."""
    now = timezone.now()
    UsedAssertion.objects.filter(expires__lt=now).delete()
    LaunchContext.objects.filter(expires__lt=now - KEPT).delete()
    refreshed = RefreshToken.objects.filter(revoked=None, token_family__isnull=False).values("token_family")
    old = Authorization.objects.filter(created__lt=now - KEPT).exclude(family__in=refreshed)
    old.exclude(tokens__access_token__expires__gt=now).delete()

"""By the clock: wake what is due and nobody is at, and forget what was told long ago."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.fhir.subscriptions.deliver import is_due
from integrations.fhir.subscriptions.models import LIVE, Event, Subscriber, Why
from integrations.fhir.subscriptions.wake import wake

KEPT = timedelta(days=30)
"""How long events that were told can be asked for by $events."""


def sweep() -> int:
    """Send a message for each subscription that has something to do and no worker; how many."""
    now = timezone.now()
    free = Subscriber.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state__in=LIVE)
    return sum(wake(one.pk) for one in free if is_due(one))


def forget() -> int:
    """Remove events that were told, or will never be; how many. Those that wait for a dead letter stay."""
    old = Event.objects.filter(happened__lt=timezone.now() - KEPT)
    told = Q(number__lte=0)
    for subscriber in Subscriber.objects.filter(pk__in=old.values("subscriber")):
        never = subscriber.why_off not in (Why.NOTHING, Why.DEAD_LETTER)
        told |= Q(subscriber=subscriber) if never else Q(subscriber=subscriber, number__lte=subscriber.delivered)
    return old.filter(told).delete()[0]

"""Give events their numbers: one after the other, without gaps, and only what the owner's right reaches."""

from django.db import transaction

from integrations.fhir.authentication import Caller
from integrations.fhir.subscriptions.models import Event, Subscriber
from integrations.fhir.subscriptions.right import may_hear


@transaction.atomic
def number(subscriber: Subscriber, caller: Caller) -> None:
    """Number what waits, in the order of its writing; what the owner may not hear leaves no trace and no gap."""
    waiting = Event.objects.filter(subscriber=subscriber, number=None).order_by("pk")
    if not waiting.exists():
        return
    counted = Subscriber.objects.select_for_update(no_key=True).get(pk=subscriber.pk)
    for event in waiting:
        if not may_hear(caller, event, counted.topic):
            event.delete()
            continue
        counted.last_number += 1
        event.number = counted.last_number
        event.save(update_fields=["number"])
    counted.save(update_fields=["last_number"])
    subscriber.last_number = counted.last_number

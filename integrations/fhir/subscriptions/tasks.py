"""What the workers do for subscriptions."""

from celery import shared_task

from integrations.fhir.subscriptions import deliver as delivery
from integrations.fhir.subscriptions import sweep as sweeping
from integrations.fhir.subscriptions.wake import wake

LONGEST_S = 600
"""A delivery that takes longer is ended; its lease runs out and another goes on."""


@shared_task(soft_time_limit=LONGEST_S, time_limit=LONGEST_S + 60)
def deliver(subscriber: int) -> None:
    """Deliver what the subscription of that key is to be told, and come back for what is left."""
    if delivery.deliver(subscriber):
        wake(subscriber)


@shared_task
def sweep() -> int:
    return sweeping.sweep()

"""Try a dead letter again: its subscription goes on where it was given up."""

from functools import partial

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from clinic.access.permissions import granted
from clinic.access.roles import Permission
from clinic.audit.event import Actor
from integrations.fhir.interactions.drafts import lock
from integrations.fhir.subscriptions.backport import Kind
from integrations.fhir.subscriptions.models import DeadLetter, State, Subscriber, Why
from integrations.fhir.subscriptions.standing import change
from integrations.fhir.subscriptions.wake import wake


@transaction.atomic
def retry(*, letter: DeadLetter, by: Actor) -> bool:
    """Set the subscription to work again; False where it is not off for want of an answer any more.

    Raises
    ------
    PermissionDenied
    """
    if Permission.SUBSCRIPTION_RETRY not in granted(by.roles):
        raise PermissionDenied("Trying notifications again takes the pharmacist's or the administrator's role.")
    lock()
    subscriber = Subscriber.objects.select_for_update(no_key=True).get(pk=letter.subscriber_id)
    if subscriber.why_off != Why.DEAD_LETTER:
        return False
    subscriber.tries, subscriber.next_try = 0, None
    subscriber.save(update_fields=["tries", "next_try"])
    # One that never shook hands does so first; one that worked goes on with what it missed.
    again = State.REQUESTED if letter.kind == Kind.HANDSHAKE or not subscriber.records else State.ERROR
    change(subscriber, again, error=letter.error, by=by)
    DeadLetter.objects.filter(subscriber=subscriber, retried=None).update(retried=timezone.now(), retried_by=by.key)
    transaction.on_commit(partial(wake, subscriber.pk))
    return True

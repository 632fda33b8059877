"""How a subscription stands: a change of state is a new version of its resource, and on record."""

import hashlib
from decimal import Decimal

import msgspec
from django.utils import timezone

from clinic.audit.event import SYSTEM, Actor, record
from clinic.audit.models import Action, Outcome
from integrations.fhir.interactions.drafts import JSON, lock
from integrations.fhir.subscriptions.models import State, Subscriber, Why
from integrations.readings.inbox import receive
from integrations.readings.models import Reading, ReadingState, Resource
from integrations.readings.ours import DOOR
from integrations.readings.settle import settle
from integrations.readings.versions import Versions

_exact = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def change(
    subscriber: Subscriber, state: State, *, why: Why = Why.NOTHING, error: str = "", by: Actor = SYSTEM
) -> None:
    """Bring a subscription into a state; call it in a transaction. What stands already is not written again.

    The lock of the door's source comes first, as it does when a caller writes the resource.
    """
    if subscriber.state == state and subscriber.why_off == why:
        return
    lock()
    subscriber.state, subscriber.why_off, subscriber.error = state, why, error[:500]
    if state == State.ACTIVE:
        subscriber.records = True
    elif state == State.OFF and why != Why.DEAD_LETTER:
        subscriber.records = False
    subscriber.save(update_fields=["state", "why_off", "error", "records"])
    _write(subscriber)
    record(
        by=by,
        action=Action.UPDATE,
        activity=f"subscription.{state.value}",
        outcome=Outcome.FAILED if state == State.ERROR or why == Why.DEAD_LETTER else Outcome.SUCCESS,
        entity_type="Subscription",
        entity_id=subscriber.identifier,
        purpose="HOPERAT",
        detail={"why": str(why.value), "delivered": subscriber.delivered, "events": subscriber.last_number},
    )


def _write(subscriber: Subscriber) -> None:
    """The next version of the resource, with its status and error."""
    key = f"{DOOR}/Subscription/{subscriber.identifier}"
    known = Resource.objects.filter(source_key=key, is_current=True, deleted=False).first()
    if known is None:
        return
    data = _exact.decode(known.text)
    data["status"] = subscriber.state
    data.pop("error", None)
    if subscriber.error:
        data["error"] = subscriber.error
    text = _encode(data)
    reading = receive(known.reading.source, text, content_type=JSON, origin=f"status of {subscriber}")
    Reading.objects.filter(pk=reading.pk).update(state=ReadingState.OPENED)
    new = Resource(
        source_key=key,
        resource_type=known.resource_type,
        resource_id=known.resource_id,
        version=str(int(known.version) + 1),
        last_updated=timezone.now(),
        text=text.decode(),
        sha256=hashlib.sha256(text).hexdigest(),
        reading=reading,
        is_current=False,
        status=subscriber.state,
        method="PUT",
    )
    new.save(force_insert=True)
    settle([key], Versions([key]))

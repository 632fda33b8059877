"""Deliver what a subscription is to be told: in order, at least once, by one worker at a time.

The row of the subscription is the truth. A worker that dies leaves its lease, which runs out; the next begins at the
first event that nobody said was taken.
"""

import secrets
from datetime import datetime, timedelta
from random import SystemRandom

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from clinic.audit.event import record
from clinic.audit.models import Action
from integrations.fhir.authentication import Caller
from integrations.fhir.interactions.drafts import lock
from integrations.fhir.subscriptions.backport import Kind
from integrations.fhir.subscriptions.endpoint import Reply, send
from integrations.fhir.subscriptions.headers import SealedHeadersError, unseal
from integrations.fhir.subscriptions.models import LIVE, DeadLetter, Event, State, Subscriber, Why
from integrations.fhir.subscriptions.notify import Notification, notification
from integrations.fhir.subscriptions.number import number
from integrations.fhir.subscriptions.right import caller_for
from integrations.fhir.subscriptions.standing import change

TIMEOUTS_A_LEASE = 3
"""A notification may take its timeout to connect, to send and to be answered; then the lease runs out."""
_TO_PREPARE_S = 5
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
_AT_A_TIME = 50
_RIGHT_GONE = "The right of its owner has ended."
"""The error that stands in the resource, which is in one language whoever reads it."""
"""Notifications that one task delivers before it lets others have the worker."""
_chance = SystemRandom()


def deliver(key: int) -> bool:
    """Deliver what is due; whether there is more to do at once."""
    lease = _claim(key)
    if lease is None:
        return False
    try:
        done = 0
        while done < _AT_A_TIME and _one(key, lease):
            done += 1
    finally:
        Subscriber.objects.filter(pk=key, lease=lease).update(lease="", lease_until=None)
    # What was written while the lease was held found nobody to deliver it.
    return is_due(Subscriber.objects.get(pk=key))


def is_due(subscriber: Subscriber) -> bool:
    """Whether there is something to do for it now."""
    now = timezone.now()
    if subscriber.state not in LIVE or (subscriber.next_try is not None and subscriber.next_try > now):
        return False
    ended = subscriber.ends is not None and subscriber.ends <= now
    quiet = subscriber.state != State.REQUESTED and _heart_is_due(subscriber)
    waiting = subscriber.delivered < subscriber.last_number or subscriber.events.filter(number=None).exists()
    return ended or quiet or waiting or subscriber.state == State.REQUESTED


def wait_s(tries: int, asked_s: int = 0) -> float:
    """Seconds until the next try: twice as long each time, with up to half of it left to chance."""
    longest = min(FIRST_WAIT_S * 2.0 ** (tries - 1), LONGEST_WAIT_S)
    return max(longest * _chance.uniform(0.5, 1.0), float(asked_s))


def _claim(key: int) -> str | None:
    """Take the lease, if nobody holds it and a try is due."""
    subscriber = Subscriber.objects.filter(pk=key).first()
    if subscriber is None:
        return None
    now, lease = timezone.now(), secrets.token_hex(16)
    free = Subscriber.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=key, state__in=LIVE)
    due = free.filter(Q(next_try=None) | Q(next_try__lte=now))
    return lease if due.update(lease=lease, lease_until=_lease_end(subscriber)) else None


def _lease_end(subscriber: Subscriber) -> datetime:
    return timezone.now() + timedelta(seconds=TIMEOUTS_A_LEASE * subscriber.timeout_s + _TO_PREPARE_S)


def _one(key: int, lease: str) -> bool:
    """One notification; whether another may follow."""
    now = timezone.now()
    held = Subscriber.objects.filter(pk=key, lease=lease, state__in=LIVE)
    subscriber = held.select_related("user", "application__smart", "authorization").first()
    if subscriber is None or not held.update(lease_until=_lease_end(subscriber)):
        return False
    if subscriber.ends is not None and subscriber.ends <= now:
        _stop(subscriber, lease, Why.ENDED)
        return False
    caller = caller_for(subscriber)
    if caller is None:
        _stop(subscriber, lease, Why.RIGHT_GONE)
        return False
    number(subscriber, caller)
    kind, events = _next(subscriber)
    if kind is None:
        return False
    try:
        headers = unseal(subscriber.sealed_headers)
    except SealedHeadersError as error:
        _failed(subscriber, lease, kind, events, Reply(str(error)))
        return False
    told = notification(subscriber, kind, events, caller=caller)
    if events:
        _put_on_record(subscriber, caller, events, told)
    reply = send(subscriber.endpoint, told.body, headers, timeout_s=subscriber.timeout_s)
    if reply.error:
        _failed(subscriber, lease, kind, events, reply)
        return False
    return _succeeded(subscriber, lease, kind, events)


def _next(subscriber: Subscriber) -> tuple[Kind | None, list[Event]]:
    if subscriber.state == State.REQUESTED:
        return Kind.HANDSHAKE, []
    events = list(
        Event.objects.filter(subscriber=subscriber, number__gt=subscriber.delivered).order_by("number")[
            : subscriber.most_at_once
        ]
    )
    if events:
        return Kind.EVENTS, events
    return (Kind.HEARTBEAT if _heart_is_due(subscriber) else None), []


def _heart_is_due(subscriber: Subscriber) -> bool:
    if not subscriber.heartbeat_s:
        return False
    last = subscriber.last_told
    return last is None or last + timedelta(seconds=subscriber.heartbeat_s) <= timezone.now()


def _put_on_record(subscriber: Subscriber, caller: Caller, events: list[Event], told: Notification) -> None:
    """What leaves is on record before it does, each try anew."""
    subjects = sorted(told.subjects)
    record(
        by=caller.actor,
        action=Action.READ,
        activity="subscription.notify",
        subject_key=subjects[0] if len(subjects) == 1 else "",
        entity_type="Subscription",
        entity_id=subscriber.identifier,
        purpose=caller.purpose,
        detail={
            "client_id": caller.client_id,
            "events": [event.number for event in events],
            "shown": [f"{one.resource_type}/{one.id}/_history/{one.version}" for one in told.shown],
            **({"subjects": subjects} if len(subjects) > 1 else {}),
        },
    )


@transaction.atomic
def _succeeded(subscriber: Subscriber, lease: str, kind: Kind, events: list[Event]) -> bool:
    last = events[-1].number if events else subscriber.delivered
    if subscriber.state != State.ACTIVE:
        lock()  # before the row of the subscription, as writers at the door do
    held = Subscriber.objects.filter(pk=subscriber.pk, lease=lease, state=subscriber.state)
    if kind == Kind.HANDSHAKE:
        # One that was changed while it was told is asked anew.
        held = held.filter(endpoint=subscriber.endpoint, sealed_headers=subscriber.sealed_headers)
    if not held.update(delivered=last, tries=0, next_try=None, last_told=timezone.now()):
        return False
    if kind == Kind.HANDSHAKE or subscriber.state == State.ERROR:
        subscriber.refresh_from_db()
        change(subscriber, State.ACTIVE)
    return True


@transaction.atomic
def _failed(subscriber: Subscriber, lease: str, kind: Kind, events: list[Event], reply: Reply) -> None:
    """Count the try; after as many as the setting says it is given up, and the subscription is off."""
    lock()
    tries = subscriber.tries + 1
    later = timezone.now() + timedelta(seconds=wait_s(tries, reply.wait_s))
    held = Subscriber.objects.filter(pk=subscriber.pk, lease=lease, state=subscriber.state)
    if not held.update(tries=tries, next_try=later, error=reply.error[:500]):
        return
    subscriber.refresh_from_db()
    if tries >= settings.SUBSCRIPTION_TRIES:
        DeadLetter.objects.create(
            subscriber=subscriber,
            kind=kind.value,
            first=events[0].number if events else 0,
            last=events[-1].number if events else 0,
            tries=tries,
            error=reply.error[:500],
            given_up=timezone.now(),
        )
        change(subscriber, State.OFF, why=Why.DEAD_LETTER, error=reply.error)
    elif subscriber.state == State.ACTIVE:
        change(subscriber, State.ERROR, error=reply.error)


@transaction.atomic
def _stop(subscriber: Subscriber, lease: str, why: Why) -> None:
    lock()
    if Subscriber.objects.select_for_update(no_key=True).filter(pk=subscriber.pk, lease=lease).exists():
        change(subscriber, State.OFF, why=why, error=_RIGHT_GONE if why == Why.RIGHT_GONE else "")

"""Bring in what a notification announces, and what was missed between it and the one before."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action, Outcome
from integrations.ehr.access import AccessError
from integrations.ehr.address import AddressError, follow
from integrations.ehr.capability import CapabilityError
from integrations.ehr.client import Client
from integrations.ehr.configured import client_for
from integrations.ehr.deleted import withdraw
from integrations.ehr.fault import FetchError
from integrations.ehr.models import EhrSubscription, Notification, SubscriptionState, WorkState
from integrations.ehr.notification import Event, NotificationError, Told, read_notification
from integrations.ehr.pull import pull
from integrations.ehr.source import SourceError
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Reading

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=65)
"""Longer than the longest pull that a gap may ask for."""
TRIES = 10
_FIRST_WAIT_S = 10.0
_LONGEST_WAIT_S = 1800.0
_MOST_FILLED = 10_000
"""Events of a gap that are asked for one by one; of more, all that is new is pulled."""
_JSON = "application/fhir+json"


def keep(ours: EhrSubscription, content: bytes, content_type: str) -> Notification:
    """Keep what came, in the inbox and as work to do; the same payload again is the same work."""
    told = read_notification(content)
    now = timezone.now()
    with transaction.atomic():
        reading = receive(ours.source, content, content_type=content_type, origin=f"notification of {ours.pk}")
        row, _ = Notification.objects.get_or_create(
            subscription=ours, reading=reading, defaults={"received": now, "next_try": now}
        )
        _heard(ours, told, now)
    return row


def handle(pk: int) -> Notification | None:
    """Do the work once; None where it is not the time, or another worker has it."""
    now = timezone.now()
    row = Notification.objects.filter(pk=pk, state=WorkState.QUEUED, next_try__lte=now).first()
    if row is None:
        return None
    mine = Notification.objects.filter(pk=pk, state=WorkState.QUEUED, next_try=row.next_try)
    if not mine.update(next_try=now + LEASE, attempts=F("attempts") + 1):
        return None
    row = Notification.objects.select_related("subscription__source", "reading").get(pk=pk)
    if row.attempts > TRIES:  # its workers died of it, before they could say what they met
        _later(row, NotificationError(f"{TRIES} tries ended without an end; see the workers' logs"))
        return row
    try:
        with client_for(row.subscription.source) as client:
            _bring_in(row.subscription, row.reading, client)
    except (FetchError, AddressError, AccessError, CapabilityError, SourceError) as error:
        _later(row, error)
    else:
        row.state, row.error = WorkState.DONE, ""
        row.save(update_fields=["state", "error"])
    return row


def due(now: datetime) -> list[int]:
    """Notifications whose time has come: their message was lost, their worker fell silent, or they are tried again."""
    return list(Notification.objects.filter(state=WorkState.QUEUED, next_try__lte=now).values_list("pk", flat=True))


def _bring_in(ours: EhrSubscription, reading: Reading, client: Client) -> None:
    told = read_notification(bytes(reading.content))
    open_reading(reading)  # the resources in it, if there are any
    known = EhrSubscription.objects.values_list("last_event", flat=True).get(pk=ours.pk)
    last = told.last
    if told.events:
        if told.first > known + 1:
            _fill(ours, client, known + 1, told.first - 1)
        if last > known:
            _fetch(ours, client, told)
    elif told.total is not None and told.total > known:
        last = told.total
        _fill(ours, client, known + 1, last)
    last = _believed(ours, client, known, last)
    with transaction.atomic():
        row = EhrSubscription.objects.select_for_update().get(pk=ours.pk)
        row.last_event = max(row.last_event, last)
        row.save(update_fields=["last_event"])


def _believed(ours: EhrSubscription, client: Client, known: int, last: int) -> int:
    """Up to which number events are known now: a number far ahead counts only if the server itself counts as many.

    All later events would pass for known ones otherwise.
    """
    if last - known <= _MOST_FILLED:
        return last
    if ours.remote_id:
        try:
            total = read_notification(client.get(f"Subscription/{ours.remote_id}/$status").content).total
        except (FetchError, NotificationError) as error:
            logger.info("no $status of %s: %s", ours, error)
        else:
            if total is not None and total >= last:
                return last
    logger.warning("%s was told of event %d after %d, which its server does not count; not noted", ours, last, known)
    return known


def _fetch(ours: EhrSubscription, client: Client, told: Told) -> None:
    """Everything that the events are about and that did not come with them."""
    if any(not event.focus for event in told.events):
        _pull(ours, client)  # it is not said what changed
        return
    for url in sorted(_absent(told.events, told.enclosed, client)):
        try:
            page = client.get(url)
        except FetchError as error:
            if error.status not in (404, 410):
                raise
            logger.info("%s is no more", url)
            if error.status == 410:
                with transaction.atomic():
                    withdraw(ours.source, [url.removeprefix(f"{client.base}/").split("/_history/")[0]])
            continue
        open_reading(receive(ours.source, page.content, content_type=page.content_type or _JSON, origin=page.url))


def _absent(events: Iterable[Event], enclosed: frozenset[str], client: Client) -> set[str]:
    found = set()
    for event in events:
        url = follow(f"{client.base}/", event.focus)
        if not {event.focus, url, url.removeprefix(f"{client.base}/")} & enclosed:
            found.add(url)
    return found


def _fill(ours: EhrSubscription, client: Client, first: int, last: int) -> None:
    """Events `first` to `last`, which no notification brought: by ``$events``, else by asking for all that is new."""
    logger.warning("events %d to %d of %s were not notified; asking for them", first, last, ours)
    if ours.remote_id:
        query = f"eventsSinceNumber={first}&eventsUntilNumber={last}&content=full-resource"
        try:
            page = client.get(f"Subscription/{ours.remote_id}/$events?{query}")
            told = read_notification(page.content)
        except (FetchError, NotificationError) as error:
            logger.info("no $events of %s: %s", ours, error)
        else:
            # How many it is to be is what the server says; the numbers are written down only where they can be few.
            few = last - first < _MOST_FILLED
            if few and set(range(first, last + 1)) <= {event.number for event in told.events}:
                reading = receive(ours.source, page.content, content_type=page.content_type or _JSON, origin=page.url)
                open_reading(reading)
                _fetch(ours, client, told)
                return
    _pull(ours, client)


def _pull(ours: EhrSubscription, client: Client) -> None:
    """Ask for all that is new since the last pull."""
    report = pull(ours.source, client)
    if not report.ok:
        problems = "; ".join(progress.error for progress in report.types.values() if progress.error)
        raise FetchError(client.base, f"not everything could be pulled ({problems}); it is tried again")


def _heard(ours: EhrSubscription, told: Told, now: datetime) -> None:
    """What the server says of the subscription itself."""
    row = EhrSubscription.objects.select_for_update().get(pk=ours.pk)
    row.heard = now
    if told.status in ("error", "off"):
        row.state, row.error = SubscriptionState.ERROR, f"the server says that its status is {told.status}"
    elif row.state != SubscriptionState.OFF:
        row.state, row.error = SubscriptionState.ACTIVE, ""
    row.save(update_fields=["heard", "state", "error"])


def _later(row: Notification, error: Exception) -> None:
    hopeless = row.attempts >= TRIES or isinstance(error, AddressError | AccessError)
    wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (row.attempts - 1))
    with transaction.atomic():
        row.error, row.next_try = str(error)[:2000], timezone.now() + timedelta(seconds=wait_s)
        row.state = WorkState.FAILED if hopeless else WorkState.QUEUED
        row.save(update_fields=["error", "next_try", "state"])
        if hopeless:
            record(
                by=SYSTEM,
                action=Action.EXECUTE,
                activity="ehr.notified",
                outcome=Outcome.FAILED,
                entity_type="Notification",
                entity_id=row.pk,
                purpose="HOPERAT",
                detail={"source": row.subscription.source.slug, "attempts": row.attempts},
            )
    logger.warning("a notification of %s could not be followed: %s", row.subscription, error)

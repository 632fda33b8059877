"""Whose a subscription is: each app or system, for each of its people and patients, knows of its own alone."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from integrations.fhir.identity import FHIR_ID
from integrations.fhir.subscriptions.models import Subscriber
from integrations.readings.ours import DOOR


def mine(caller: Any) -> QuerySet[Subscriber]:
    """The subscriptions that the caller made, by this token or another of the same kind."""
    found = Subscriber.objects.filter(
        user=caller.user, application__client_id=caller.client_id, is_person=caller.is_person
    )
    return found.filter(patient=caller.patient) if caller.is_person else found


def named(identifiers: Iterable[str]) -> list[str]:
    """Those that can be ids; PostgreSQL takes no NUL character, not even to look for it."""
    return [one for one in identifiers if FHIR_ID.fullmatch(one)]


def own(reach: Any) -> Q:
    """The rows of `Resource` that are the caller's subscriptions; all where nobody asks."""
    if reach is None:
        return Q()
    if getattr(reach, "caller", None) is None:
        return Q(pk__in=[])
    keys = mine(reach.caller).annotate(key=Concat(Value(f"{DOOR}/Subscription/"), "identifier")).values("key")
    return Q(source_key__in=keys)

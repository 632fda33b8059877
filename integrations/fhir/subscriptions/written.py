"""Writing a Subscription at the door: judged, its secrets put away, stored like other resources, and set to work."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

import msgspec
from django.db import transaction
from oauth2_provider.models import Application

from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.interactions.checked import checked
from integrations.fhir.interactions.conditional import one
from integrations.fhir.interactions.create import create
from integrations.fhir.interactions.delete import delete
from integrations.fhir.interactions.drafts import lock
from integrations.fhir.interactions.permitted import permitted
from integrations.fhir.interactions.sealed import MASK
from integrations.fhir.interactions.update import update
from integrations.fhir.outcome import Refusal
from integrations.fhir.subscriptions.headers import SealedHeadersError, seal, unseal
from integrations.fhir.subscriptions.models import State, Subscriber, Why
from integrations.fhir.subscriptions.owned import mine
from integrations.fhir.subscriptions.standing import change
from integrations.fhir.subscriptions.wake import wake
from integrations.fhir.subscriptions.wanted import Wanted, wanted

MOST_OF_ONE = 100
"""Subscriptions of one owner that are not off: each may be told at any moment."""
_exact = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def made(ask: Ask) -> Answer:
    """``POST [base]/Subscription``; raises as `create` and `wanted` do, 422 for another status than requested."""
    permitted(ask, "create")
    asked, clean = _judged(ask, None)
    done = create(clean)
    for served in done.written:
        _set_to_work(served.id, asked, ask, None)
    return done


def changed(ask: Ask) -> Answer:
    """``PUT [base]/Subscription/[id]``, or the one that a query names; raises as `update` and `wanted` do.

    Status requested starts it again with a handshake, off stops it, and active leaves one that works as it is.
    """
    permitted(ask, "update")
    lock()
    identifier = ask.identifier
    if not identifier and ask.query:
        known = one(ask, list(ask.query))
        identifier = known.id if known else ""
    standing = _standing(ask, identifier)
    asked, clean = _judged(ask, standing)
    done = update(clean)
    for served in done.written or done.shown:
        if done.written or any(value is not None for value in asked.headers.values()):
            _set_to_work(served.id, asked, ask, standing)
    return done


def deleted(ask: Ask) -> Answer:
    """``DELETE [base]/Subscription/[id]``: nothing more is told from this moment on."""
    done = delete(ask)
    for served in done.written:
        subscriber = Subscriber.objects.select_for_update(no_key=True).filter(identifier=served.id).first()
        if subscriber is not None:
            change(subscriber, State.OFF, why=Why.ASKED, by=ask.caller.actor)
    return done


def _standing(ask: Ask, identifier: str) -> Subscriber | None:
    """The subscription under that id; 403 where it is another's."""
    standing = Subscriber.objects.filter(identifier=identifier).first() if identifier else None
    if standing is not None and not mine(ask.caller).filter(pk=standing.pk).exists():
        raise Refusal(403, "forbidden", f"Subscription/{identifier[:64]} is not the caller's; choose another id.")
    return standing


def _judged(ask: Ask, standing: Subscriber | None) -> tuple[Wanted, Ask]:
    """What is wanted, and the same request with masks where the marks of headers were."""
    data = checked(ask.body, "Subscription").data
    asked = wanted(data, ask)
    _check_status(asked, standing)
    # A secret goes to the address that it was given for alone: who may change a subscription does not learn it so.
    stays = standing is not None and standing.endpoint == asked.endpoint
    kept = _kept_headers(standing) if stays and None in asked.headers.values() else {}
    missing = [name for name, value in asked.headers.items() if value is None and name not in kept]
    if missing:
        raise Refusal(
            422, "value", f"no value of the header {missing[0]} is kept for this address; send it once more",
            expression="Subscription.channel.header",
        )  # fmt: skip
    body = _exact.decode(ask.body)
    if "header" in body["channel"]:
        body["channel"]["header"] = [f"{name}: {MASK}" for name in asked.headers]
    return asked, replace(ask, body=_encode(body), secrets={})


def _check_status(asked: Wanted, standing: Subscriber | None) -> None:
    works = standing is not None and standing.state in (State.ACTIVE, State.ERROR)
    as_it_is = standing is not None and works and standing.state == asked.status and standing.endpoint == asked.endpoint
    allowed = ("requested", "off") if standing is not None else ("requested",)
    if asked.status not in allowed and not as_it_is:
        raise Refusal(
            422, "value", f"status is {asked.status!r}; send {' or '.join(allowed)}: the server sets it active after "
            "the handshake", expression="Subscription.status",
        )  # fmt: skip


def _kept_headers(standing: Subscriber | None) -> Mapping[str, str]:
    try:
        return unseal(standing.sealed_headers) if standing is not None else {}
    except SealedHeadersError:
        return {}


def _set_to_work(identifier: str, asked: Wanted, ask: Ask, standing: Subscriber | None) -> None:
    """Keep what was asked for as what is done; the handshake follows when all is committed."""
    kept = _kept_headers(standing)
    headers = {name: kept[name] if value is None else value for name, value in asked.headers.items()}
    caller = ask.caller
    if standing is None and mine(caller).exclude(state=State.OFF).count() >= MOST_OF_ONE:
        raise Refusal(422, "too-costly", f"there are {MOST_OF_ONE} subscriptions already; delete those not needed")
    values = asked.columns | {
        "sealed_headers": seal(headers),
        "base": ask.base[:300],
        "user": caller.user,
        "application": _application(caller.client_id),
        "authorization_id": caller.authorization,
        "is_person": caller.is_person,
        "scope": caller.scope,
        "patient": caller.patient,
        "tries": 0,
        "next_try": None,
    }
    if asked.status == "requested":
        values |= {"state": State.REQUESTED, "why_off": Why.NOTHING, "error": ""}
    elif asked.status == "off":
        values |= {"state": State.OFF, "why_off": Why.ASKED, "error": "", "records": False}
    subscriber, _ = Subscriber.objects.update_or_create(identifier=identifier, defaults=values)
    transaction.on_commit(partial(wake, subscriber.pk))


def _application(client_id: str) -> Application | None:
    return Application.objects.filter(client_id=client_id).first()

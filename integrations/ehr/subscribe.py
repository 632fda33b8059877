"""Subscribe at a hospital system, and end it again (Subscriptions R5 Backport 1.1.0, R4)."""

import hashlib
import ipaddress
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from integrations.ehr.client import JSON, Client
from integrations.ehr.fault import FetchError
from integrations.ehr.models import EhrSubscription, SubscriptionState
from integrations.readings.models import Source

CONTENTS = ("empty", "id-only", "full-resource")
_GUIDE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"


class SubscribeError(ValueError):
    """A subscription that cannot be asked for; says why, and the remedy."""


class _Answer(msgspec.Struct):
    id: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to be told of, how much with it, and every how many seconds at least a sign of life."""

    topic: str
    content: str = "id-only"
    filters: Sequence[str] = ()
    heartbeat_s: int = 0
    endpoint: str = ""
    """Address under which the source reaches this site."""


def subscribe(source: Source, client: Client, wish: Wish) -> EhrSubscription:
    """Create the Subscription at the server of `client`; it becomes active with the server's handshake.

    Raises
    ------
    SubscribeError
        If the endpoint cannot be told to anybody.
    FetchError, AddressError
        If the server refuses.
    """
    if wish.content not in CONTENTS:
        raise SubscribeError(f"content is {wish.content!r}; choose one of {', '.join(CONTENTS)}")
    if not wish.topic:
        raise SubscribeError("topic is empty; name the canonical address of a topic")
    site = _endpoint(wish.endpoint)
    secret = secrets.token_urlsafe(32)
    # The row is there before the server hears of it: its handshake may come before its answer.
    ours = EhrSubscription.objects.create(
        source=source,
        topic=wish.topic,
        content=wish.content,
        secret_sha256=digest(secret),
        made=timezone.now(),
    )
    address = site + reverse("fhir-notify", args=[ours.pk])
    body = json.dumps(_resource(wish, address, secret)).encode()
    try:
        answer = client.send(
            "POST",
            "Subscription",
            body=body,
            headers={"Content-Type": JSON, "Prefer": "return=representation"},
            accepted=(200, 201),
            tries=1,
        )
    except FetchError as error:
        EhrSubscription.objects.filter(pk=ours.pk).update(state=SubscriptionState.ERROR, error=str(error)[:2000])
        raise
    _answered(ours, answer.content, answer.headers.get("location", ""))
    return ours


def unsubscribe(ours: EhrSubscription, client: Client) -> None:
    """Delete it at the server, and listen to it no more."""
    if ours.remote_id:
        client.send("DELETE", f"Subscription/{ours.remote_id}", accepted=(200, 202, 204, 404, 410))
    with transaction.atomic():
        EhrSubscription.objects.filter(pk=ours.pk).update(state=SubscriptionState.OFF)
        _note(ours, Action.DELETE, "ehr.unsubscribe")


def digest(secret: str) -> str:
    """What is kept of the token that notifications show: 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _answered(ours: EhrSubscription, content: bytes, location: str) -> None:
    try:
        said = msgspec.json.decode(content, type=_Answer)
    except msgspec.MsgspecError:
        said = _Answer()
    parts = location.split("/_history/")[0].rsplit("/", 1)
    with transaction.atomic():
        row = EhrSubscription.objects.select_for_update().get(pk=ours.pk)
        row.remote_id = (said.id or (parts[-1] if len(parts) == 2 else ""))[:64]
        if said.status == "error":
            row.state, row.error = SubscriptionState.ERROR, "the server made it with status error"
        row.save(update_fields=["remote_id", "state", "error"])
        _note(row, Action.CREATE, "ehr.subscribe")
    ours.refresh_from_db()


def _resource(wish: Wish, address: str, secret: str) -> dict[str, object]:
    criteria = [{"url": f"{_GUIDE}/backport-filter-criteria", "valueString": text} for text in wish.filters]
    channel: dict[str, object] = {
        "type": "rest-hook",
        "endpoint": address,
        "header": [f"Authorization: Bearer {secret}"],
        "payload": JSON,
        "_payload": {"extension": [{"url": f"{_GUIDE}/backport-payload-content", "valueCode": wish.content}]},
    }
    if wish.heartbeat_s:
        channel["extension"] = [{"url": f"{_GUIDE}/backport-heartbeat-period", "valueUnsignedInt": wish.heartbeat_s}]
    return {
        "resourceType": "Subscription",
        "meta": {"profile": [f"{_GUIDE}/backport-subscription"]},
        "status": "requested",
        "reason": "Patient Twin keeps its twins up to date",
        "criteria": wish.topic,
        **({"_criteria": {"extension": criteria}} if criteria else {}),
        "channel": channel,
    }


def _endpoint(text: str) -> str:
    """The site's own address: encrypted, unless it is this very machine."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.username:
        raise SubscribeError(
            f"the endpoint is {text!r}; give the address under which the server reaches this site, as PUBLIC_URL"
        )
    if parts.scheme == "http" and not _is_this_machine(host):
        raise SubscribeError(f"the endpoint {text} is not encrypted; the secret would be sent in the open")
    return text.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _note(ours: EhrSubscription, action: Action, activity: str) -> None:
    record(
        by=SYSTEM,
        action=action,
        activity=activity,
        entity_type="EhrSubscription",
        entity_id=ours.pk,
        purpose="HOPERAT",
        detail={"source": ours.source.slug, "topic": ours.topic, "content": ours.content},
    )

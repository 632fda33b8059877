"""Keep what was made as rows of `Resource`: one version each, never changed, found by search like all others."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.fhir.identity import server_id
from integrations.readings.inbox import receive
from integrations.readings.models import Reading, ReadingState, Resource
from integrations.readings.ours import TWIN, source_of_ours
from integrations.readings.signals import resources_stored

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Made:
    """One version of a resource that is to be published; `content` has neither id nor meta."""

    identifier: str
    version: str
    content: dict[str, Any]
    subject: UUID | None
    event_time: datetime | None = None

    @property
    def resource_type(self) -> str:
        return str(self.content["resourceType"])

    @property
    def key(self) -> str:
        return f"{TWIN}/{self.resource_type}/{self.identifier}"

    @property
    def reference(self) -> str:
        """With its version, as this server says it."""
        return f"{self.resource_type}/{server_id(self.key)}/_history/{self.version}"


def keep(made: Sequence[Made], *, origin: str, at: datetime | None = None) -> int:
    """Store those that are not there yet, and say so to the listeners; returns how many.

    Call it in the transaction that stores what they tell of. Versions are whole numbers, and the highest is in force,
    in whatever order they come. The payload that the inbox keeps lists the names and digests of what was made.

    Parameters
    ----------
    origin
        What they were made from.
    at
        When they were published; now where it is left out.
    """
    known = set(Resource.objects.filter(source_key__in=[one.key for one in made]).values_list("source_key", "version"))
    new = [one for one in made if (one.key, one.version) not in known]
    if not new:
        return 0
    newest = {one.key: int(one.version) for one in new}
    for key, version in known:
        newest[key] = max(newest.get(key, 0), int(version))
    moment = at or timezone.now()
    texts = [_encode({"resourceType": one.resource_type, "id": server_id(one.key), **one.content}) for one in new]
    digests = [hashlib.sha256(text).hexdigest() for text in texts]
    reading = _reading([[one.key, one.version, digest] for one, digest in zip(new, digests, strict=True)], origin)
    replaced = [one.key for one in new if newest[one.key] == int(one.version)]
    Resource.objects.filter(source_key__in=replaced, is_current=True).update(is_current=False)
    rows = [
        Resource(
            source_key=one.key,
            resource_type=one.resource_type,
            resource_id=one.identifier,
            version=one.version,
            last_updated=moment,
            text=text.decode(),
            sha256=digest,
            reading=reading,
            subject_id=one.subject,
            is_current=newest[one.key] == int(one.version),
            code=_code(one.content),
            event_time=one.event_time,
            status=str(one.content.get("status", ""))[:32],
        )
        for one, text, digest in zip(new, texts, digests, strict=True)
    ]
    Resource.objects.bulk_create(rows)
    resources_stored.send(Resource, resources=rows)
    return len(rows)


def keep_once(made: Made, *, origin: str) -> None:
    """Store what two workers may be about to store at the same moment; the first of them does it."""
    if Resource.objects.filter(source_key=made.key, version=made.version).exists():
        return
    try:
        with transaction.atomic():
            keep([made], origin=origin)
    except IntegrityError:
        if not Resource.objects.filter(source_key=made.key, version=made.version).exists():
            raise


def _reading(names: list[list[str]], origin: str) -> Reading:
    reading = receive(source_of_ours(TWIN), _encode(names), content_type="application/json", origin=origin)
    if reading.state != ReadingState.OPENED:
        reading.state = ReadingState.OPENED
        reading.save(update_fields=["state"])
    return reading


def _code(content: dict[str, Any]) -> str:
    """``system|code`` of the first coding."""
    codings = (content.get("code") or {}).get("coding") if isinstance(content.get("code"), dict) else None
    return f"{codings[0]['system']}|{codings[0]['code']}"[:200] if codings else ""

"""One resource as it was received: the exact text, with its digest, and the payload that it came in."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import Length

from integrations.readings.door import decode
from integrations.readings.models import Reading, Resource
from integrations.readings.open_mhealth import acquired_by, schema_of
from integrations.readings.refusal import Refused


@dataclass(frozen=True, slots=True)
class Received:
    """A version of a resource and where it came from.

    `sha256` was taken when it was received; `unchanged` says whether the text still has it. `payload_sha256` is of the
    whole payload, which may hold other resources.
    """

    text: str
    sha256: str
    unchanged: bool
    status: str
    last_updated: datetime
    method: str
    source: str
    source_address: str
    origin: str
    content_type: str
    received_time: datetime
    payload_sha256: str
    payload_bytes: int
    device: str
    """What the device's own resource calls it, else what this one does; empty where neither says anything."""


def received(source_key: str, version: str, subject_key: UUID, device_key: str = "") -> Received | None:
    """The version as received; None where it is not here, is another patient's, or was deleted. Two queries at most."""
    found = (
        Resource.objects.filter(source_key=source_key, version=version, subject=subject_key, deleted=False)
        .select_related("reading__source")
        .defer("reading__content")
        .annotate(payload_bytes=Length("reading__content"))
        .first()
    )
    if found is None:
        return None
    reading: Reading = found.reading
    return Received(
        text=found.text,
        sha256=found.sha256,
        unchanged=hashlib.sha256(found.text.encode()).hexdigest() == found.sha256,
        status=found.status,
        last_updated=found.last_updated,
        method=found.method,
        source=reading.source.slug,
        source_address=reading.source.address,
        origin=reading.origin,
        content_type=reading.content_type,
        received_time=reading.received_time,
        payload_sha256=reading.sha256,
        payload_bytes=found.payload_bytes,
        device=_device(device_key) or _called(found.text),
    )


def _device(key: str) -> str:
    stored = Resource.objects.filter(source_key=key, is_current=True, deleted=False).first() if key else None
    if stored is None:
        return ""
    try:
        return device_name(decode(stored.text))
    except Refused:
        return ""


def device_name(data: dict[str, Any]) -> str:
    """What a Device's resource calls it, with its maker and number; empty where it says nothing."""
    names = [name.get("name") for name in data.get("deviceName") or [] if isinstance(name, dict)]
    parts = [data.get("manufacturer"), *names[:1], data.get("modelNumber"), data.get("serialNumber")]
    return " ".join(part for part in parts if isinstance(part, str))[:200]


def _called(text: str) -> str:
    """How a resource calls the device that it names without a reference to it."""
    try:
        data = decode(text)
    except Refused:
        return ""
    named = data.get("device")
    devices = [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, dict)]
    values = [(one.get("identifier") or {}).get("value") for one in devices if isinstance(one.get("identifier"), dict)]
    words = [one.get("display") for one in devices] + values + [one.get("reference") for one in devices]
    words += [acquired_by(data)] if schema_of(data) else []
    return next((word for word in words if isinstance(word, str) and word), "")[:200]

"""The inbox: every payload is kept byte for byte, with its digest, before anything is made of it."""

import hashlib

from django.db.models import QuerySet
from django.utils import timezone

from integrations.readings.models import Reading, ReadingState, Source


def receive(source: Source, content: bytes, *, content_type: str, origin: str) -> Reading:
    """Keep a payload; the same bytes from the same source are the reading that was kept the first time.

    Parameters
    ----------
    content : bytes
        The payload as it came.
    content_type : str
        As the sender named it; ``application/fhir+ndjson`` makes each line a resource.
    origin : str
        The URL or file it came from.
    """
    reading, _ = Reading.objects.get_or_create(
        source=source,
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={
            "content": content,
            "content_type": content_type[:100],
            "origin": origin.replace("\x00", "\ufffd"),  # NUL is no text for PostgreSQL
            "received_time": timezone.now(),
        },
    )
    return reading


def unopened(source: Source) -> QuerySet[Reading]:
    """Readings that were kept and not opened: what a killed process left, oldest first."""
    return Reading.objects.filter(source=source, state=ReadingState.RECEIVED).order_by("received_time", "id")

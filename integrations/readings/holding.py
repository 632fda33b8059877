"""Put things that could not be used into quarantine, once a version, and let them out."""

from django.utils import timezone

from integrations.readings.identity import Identity
from integrations.readings.matter import Matter
from integrations.readings.models import QuarantineEntry, QuarantineState, Reading
from integrations.readings.refusal import Refused
from integrations.readings.split import Entry
from twins.records.models import Subject

NO_MATTER = Matter()


def hold(
    refused: Refused,
    reading: Reading,
    entry: Entry,
    identity: Identity | None,
    subject: Subject | None,
    held: QuarantineEntry | None,
    matter: Matter = NO_MATTER,
) -> QuarantineEntry:
    """The entry for something refused for the first time, or the one `held` already, renewed if its text is another."""
    now = timezone.now()
    if held is None:
        held = QuarantineEntry(reading=reading, position=entry.position, first_time=now, tries=1)
        held.source_key = identity.source_key if identity else ""
        held.version = identity.version if identity else ""
    elif held.state == QuarantineState.RELEASED or held.text == entry.text:
        return held
    else:
        held.reading, held.position = reading, entry.position
    _describe(held, refused, entry, subject, matter)
    held.last_time = now
    held.save()
    return held


def hold_again(
    refused: Refused,
    entry: Entry,
    identity: Identity | None,
    subject: Subject | None,
    held: QuarantineEntry,
    matter: Matter,
) -> None:
    """Count one more try that failed, with what stands in the way now."""
    if identity is not None and not held.source_key:
        held.source_key, held.version = identity.source_key, identity.version
    _describe(held, refused, entry, subject, matter)
    held.tries += 1
    held.last_time = timezone.now()
    held.save()


def release(held: QuarantineEntry, *, retried: bool = False, why: str = "") -> None:
    """Let an entry out, because its resource was accepted after all or came again whole."""
    held.state = QuarantineState.RELEASED
    held.last_time = timezone.now()
    held.tries += int(retried)
    if why:
        held.detail = f"{held.detail} {why}".strip()
    held.save(update_fields=["state", "last_time", "tries", "detail"])


def hold_whole(refused: Refused, reading: Reading) -> QuarantineEntry:
    """The entry for a payload of which nothing could be read; its bytes stay in the reading."""
    now = timezone.now()
    held, _ = QuarantineEntry.objects.get_or_create(
        reading=reading,
        position=-1,
        source_key="",
        defaults={"reason": refused.reason, "detail": refused.detail, "first_time": now, "last_time": now},
    )
    return held


def hold_whole_again(why: str, held: QuarantineEntry) -> None:
    """Count one more try of a payload that failed as a whole, with what stands in the way now."""
    held.detail = why
    held.tries += 1
    held.last_time = timezone.now()
    held.save(update_fields=["detail", "tries", "last_time"])


def _describe(held: QuarantineEntry, refused: Refused, entry: Entry, subject: Subject | None, matter: Matter) -> None:
    held.text, held.detail = entry.text.replace("\x00", "\ufffd"), refused.detail.replace("\x00", "\ufffd")
    held.reason, held.subject = refused.reason, subject
    held.what, held.drug, held.named = matter.what, matter.drug, matter.named
    held.event_time = matter.event_time

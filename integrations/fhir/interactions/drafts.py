"""What is to be written, and the one way in: through the inbox, under the lock of the door's source."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from integrations.fhir.interactions.ask import Ask
from integrations.fhir.interactions.found import hidden, reaches
from integrations.fhir.names import HereNames
from integrations.fhir.outcome import Refusal
from integrations.fhir.resources.body import FIELDS, Bodies
from integrations.fhir.resources.served import Served
from integrations.readings.batch import Batch
from integrations.readings.batch_report import EntryRefusedError
from integrations.readings.bulk import among
from integrations.readings.identity import Identity
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineReason, Reading, ReadingState, Resource, Source
from integrations.readings.news import tell_twins
from integrations.readings.ours import DOOR, source_of_ours
from integrations.readings.quarantine import release_whole
from integrations.readings.refusal import Refused
from integrations.readings.settle import DELETED, settle
from integrations.readings.split import WHOLE, Entry
from integrations.readings.versions import Versions

JSON = "application/fhir+json"
LETTERS = {"POST": "c", "PUT": "u", "PATCH": "u", "DELETE": "d"}
"""SMART's letter for each method that writes."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One resource to be written under a name of this door; its text was checked."""

    resource_type: str
    identifier: str
    text: str
    status: str
    method: str
    position: int = WHOLE

    @property
    def key(self) -> str:
        return f"{DOOR}/{self.resource_type}/{self.identifier}"


def lock() -> Source:
    """Hold the door's source until the transaction ends: what is looked up now is still so when it is written.

    Writers at the door go one after the other, so that conditional writes cannot double what they look for.
    """
    return Source.objects.select_for_update(no_key=True).get(pk=source_of_ours(DOOR).pk)


def write(drafts: Sequence[Draft], ask: Ask) -> list[Served]:
    """Write all, in the order given; call it in a transaction that holds `lock`.

    Raises
    ------
    Refusal
        403 for a patient whom the caller's scope does not reach, 422 for one that is not here, or for a reference that
        cannot be read.
    """
    source = source_of_ours(DOOR)
    reading = receive(source, ask.body, content_type=JSON, origin=ask.origin)
    reading.source = source
    now = timezone.now()
    numbers = _numbers(drafts)
    entries = tuple(_entry(draft, numbers[draft.key], now) for draft in drafts)
    batch = Batch(reading, entries, HereNames(DOOR, ask.base), ours=True)
    try:
        report = batch.run()
    except EntryRefusedError as error:
        raise _refusal(error.refused, error.entry) from error
    letters = {draft.key: LETTERS[draft.method] for draft in drafts}
    for resource in report.resources:
        _check_reach(ask, resource, letters[resource.source_key])
    tell_twins(report.touched)
    release_whole(reading, why="The same payload was accepted when it came again.")
    Reading.objects.filter(pk=reading.pk).update(state=ReadingState.OPENED)
    rows = {row["source_key"]: row for row in map(_row, report.resources)}
    made = Bodies()
    served = [made.served(rows[draft.key]) for draft in drafts]
    for one, draft in zip(served, drafts, strict=True):
        if hidden(ask.caller.reach(one.resource_type, LETTERS[draft.method]), one):
            raise beyond_scope()
    return served


def write_deletion(resource: Resource, ask: Ask) -> Served:
    """A version that says that `resource`, the newest, is deleted; what was learned from it no longer counts."""
    _check_reach(ask, resource, "d")
    reading = receive(source_of_ours(DOOR), ask.body, content_type=JSON, origin=ask.origin)
    gone = Resource(
        source_key=resource.source_key,
        resource_type=resource.resource_type,
        resource_id=resource.resource_id,
        version=str(int(resource.version) + 1),
        last_updated=timezone.now(),
        text="",
        sha256=hashlib.sha256(b"").hexdigest(),
        reading=reading,
        subject_id=resource.subject_id,
        is_current=False,
        event_time=resource.event_time,
        status=DELETED,
        deleted=True,
        method="DELETE",
    )
    gone.save(force_insert=True)
    tell_twins(settle([resource.source_key], Versions([resource.source_key])))
    return Bodies().served(_row(gone))


def _numbers(drafts: Sequence[Draft]) -> dict[str, int]:
    """The number that the next version of each draft's resource gets."""
    newest = Resource.objects.filter(among(draft.key for draft in drafts), is_current=True)
    numbers = dict.fromkeys((draft.key for draft in drafts), 1)
    return numbers | {key: int(version) + 1 for key, version in newest.values_list("source_key", "version")}


def _entry(draft: Draft, number: int, now: datetime) -> Entry:
    digest = hashlib.sha256(draft.text.encode()).hexdigest()
    identity = Identity(draft.key, draft.resource_type, draft.identifier, str(number), now, draft.status, digest)
    return Entry(draft.position, draft.text, identity=identity, method=draft.method)


def _row(resource: Resource) -> dict[str, object]:
    return {name: getattr(resource, name) for name in FIELDS}


def _check_reach(ask: Ask, resource: Resource, letter: str) -> None:
    reach = ask.caller.reach(resource.resource_type, letter)
    if not reaches(reach, resource.resource_type, resource.subject_id):
        raise beyond_scope()


def beyond_scope() -> Refusal:
    return Refusal(403, "forbidden", "The token's scope does not reach what was sent, or the patient whom it is about.")


def _refusal(refused: Refused, entry: Entry) -> Refusal:
    """What the inbox cannot take, in the words of the door."""
    field = refused.detail.split(" ", 1)[0]
    where = field if entry.position == WHOLE else f"Bundle.entry[{entry.position}].resource"
    code = "not-found" if refused.reason == QuarantineReason.UNKNOWN_PATIENT else "invalid"
    return Refusal(422, code, refused.detail.replace(" from door", ""), expression=where)

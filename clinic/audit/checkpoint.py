"""Take a checkpoint: sign where the chain stands, once what came since the last one was found whole."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinic.audit.models import ChainHead, Checkpoint
from clinic.audit.signing import signer
from clinic.audit.statement import BEFORE_THE_FIRST, SignedCheckpoint
from clinic.audit.walk import BrokenLinkError, Mark, Walk, beginning


class CheckpointRefusedError(RuntimeError):
    """The chain is broken since the last checkpoint, so nothing was signed; names the event."""


def is_due(*, now: datetime | None = None) -> bool:
    """Whether so many events, or one event and so much time, have passed since the last checkpoint."""
    head = ChainHead.objects.filter(pk=1).values_list("sequence", flat=True).first() or 0
    last = Checkpoint.objects.order_by("-number").first()
    new = head - (last.sequence if last else 0)
    if new <= 0:
        return False
    waited = last is None or (now or timezone.now()) - last.taken >= timedelta(
        minutes=settings.AUDIT_CHECKPOINT_MINUTES
    )
    return waited or new >= settings.AUDIT_CHECKPOINT_EVENTS


def take() -> tuple[SignedCheckpoint, bool] | None:
    """The checkpoint of the chain's head, and whether it is new; None where the chain has no event yet.

    The walk holds no lock: whoever appends meanwhile comes into the next checkpoint.

    Raises
    ------
    CheckpointRefusedError
        An event since the last checkpoint is not what it was.
    """
    last = Checkpoint.objects.order_by("-number").first()
    stub = beginning()
    start = Mark(last.sequence, last.head, f"checkpoint {last.number}") if last else stub
    # All events up to the last checkpoint may have been removed since; then the walk begins where they did.
    walk = Walk(start if start.sequence > stub.sequence else stub)
    try:
        walk.to_the_end()
    except BrokenLinkError as broken:
        raise CheckpointRefusedError(f"no checkpoint was taken: {broken.reason}") from broken
    if walk.sequence == 0:
        return None
    if last is not None and walk.sequence <= last.sequence:
        return SignedCheckpoint.of(last), False
    return _write(walk.sequence, walk.hash)


def _write(sequence: int, head: str) -> tuple[SignedCheckpoint, bool]:
    with transaction.atomic():
        ChainHead.objects.select_for_update().get(pk=1)  # one writer of checkpoints at a time
        last = Checkpoint.objects.order_by("-number").first()
        if last is not None and last.sequence >= sequence:
            return SignedCheckpoint.of(last), False
        before = SignedCheckpoint.of(last) if last is not None else None
        moment = timezone.now()
        key = signer()
        row = Checkpoint(
            number=before.number + 1 if before else 1,
            sequence=sequence,
            head=head,
            taken=moment,
            key=key.key_id,
            previous=before.hash if before else BEFORE_THE_FIRST,
        )
        row.signature = key.sign(SignedCheckpoint.of(row).statement())
        row.hash = SignedCheckpoint.of(row).hash
        row.save(force_insert=True)
    return SignedCheckpoint.of(row), True

"""What was received of patients and waits in quarantine, as far as a twin would have used it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from clinic.patients.unused import Unused
from integrations.readings.matter import OTHER
from integrations.readings.models import QuarantineEntry, QuarantineState


def unused(subjects: Iterable[UUID], *, since: datetime | None = None, others: bool = True) -> dict[UUID, list[Unused]]:
    """Of each subject, the newest first. One query, which reads no text.

    Only the newest version of each resource is meant: what a later one replaced is not missed any more.

    Parameters
    ----------
    since
        Leave out what happened before; what does not say when is kept.
    others
        Whether products that name no drug of the formulary are wanted too.
    """
    found = QuarantineEntry.objects.filter(
        subject__in=list(subjects), state=QuarantineState.WAITING, is_newest=True
    ).exclude(what="")
    if since is not None:
        found = found.filter(Q(event_time__isnull=True) | Q(event_time__gte=since))
    if not others:
        found = found.exclude(what=OTHER)
    columns = ("subject_id", "what", "drug", "named", "reason", "event_time", "first_time", "source_key")
    rows = defaultdict(list)
    for subject, what, drug, named, reason, happened, received, key in found.values_list(*columns):
        source = "/".join(key.rsplit("/", 2)[-2:])
        rows[subject].append(Unused(what, drug, named, reason, happened, received, source))
    return {subject: sorted(ones, key=lambda one: one.order, reverse=True) for subject, ones in rows.items()}

"""Whether the twin is about to change under the reader."""

from twins.records.models import Job, JobKind, TwinVersion
from twins.records.models.job import OPEN_STATES


def update_pending(version: TwinVersion) -> bool:
    """Whether a newer version may be on its way."""
    key = f"{version.subject_id}/{version.drug}"
    return Job.objects.filter(kind=JobKind.TWIN_UPDATE, key=key, state__in=OPEN_STATES).exists()

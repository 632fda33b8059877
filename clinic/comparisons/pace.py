"""How many previews one person may have computed, counted on the audit trail, so that all processes count alike."""

from datetime import datetime, timedelta

from clinic.audit.event import Actor
from clinic.audit.models import AuditEvent, Outcome

WINDOW = timedelta(minutes=1)
MOST = 120
"""House setting: two a second for a whole minute are more than anybody types and reads."""
_COMPUTED = ("page.comparison-new", "page.comparison-preview")


def too_many(by: Actor, now: datetime) -> bool:
    """Whether `by` has had as many previews within the last minute as one person may."""
    seen = AuditEvent.objects.filter(
        actor=by.key, recorded__gt=now - WINDOW, activity__in=_COMPUTED, outcome=Outcome.SUCCESS
    )
    return seen.values("request_id").distinct().count() >= MOST

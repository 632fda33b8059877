"""How much one person may have computed, counted on the audit trail, so that all processes count alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.audit.event import Actor
from clinic.audit.models import AuditEvent, Outcome

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many answers of these activities within `WINDOW`."""

    activities: tuple[str, ...]
    most: int


PREVIEWS = Pace(("page.comparison-new", "page.comparison-preview"), 120)
"""House setting: two a second for a whole minute are more than anybody types and reads."""
PRINTS = Pace(("page.comparison-pdf",), 10)
"""House setting: each keeps a core busy for a second or more."""
EXPORTS = Pace(("audit.export",), 6)
"""House setting: each reads as much of the trail as its filters find."""


def too_many(by: Actor, now: datetime, pace: Pace) -> bool:
    """Whether `by` has had as many answers within the last minute as one person may."""
    seen = AuditEvent.objects.filter(
        actor=by.key, recorded__gt=now - WINDOW, activity__in=pace.activities, outcome=Outcome.SUCCESS
    )
    return seen.values("request_id").distinct().count() >= pace.most

"""What an auditor asks of the trail: filters in the address, each exact, so that a link finds the same again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic.audit.models import AuditEvent

EXACT = ("actor", "outcome", "purpose", "entity_type", "entity_id", "request_id", "client")
TIMES = ("since", "until")
NAMES = (*TIMES, "actor", "subject_key", "activity", *EXACT[1:])


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """The filters that were given, by name, and what is wrong with them in words."""

    given: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    subject: UUID | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> "TrailQuery":
        given = {name: request.GET.get(name, "").strip().replace("\x00", "")[:300] for name in NAMES}
        given = {name: value for name, value in given.items() if value}
        problems: dict[str, str] = {}
        times = {name: _time(given.get(name, ""), name, problems) for name in TIMES}
        subject = None
        if "subject_key" in given:
            try:
                subject = UUID(given["subject_key"])
            except ValueError:
                problems["subject_key"] = _(
                    "This is no whole patient key. Copy the key from an event, with all its hyphens."
                )
        if times["since"] and times["until"] and times["since"] > times["until"]:
            problems["until"] = _("The end lies before the beginning. Exchange the two times.")
        return cls(given, problems, times["since"], times["until"], subject)

    def events(self) -> QuerySet[AuditEvent]:
        """The events asked for, newest first; none where a filter makes no sense."""
        if self.problems:
            return AuditEvent.objects.none()
        found = AuditEvent.objects.filter(**{name: self.given[name] for name in EXACT if name in self.given})
        activity = self.given.get("activity", "")
        if activity.endswith("*"):
            found = found.filter(activity__startswith=activity.rstrip("*"))
        elif activity:
            found = found.filter(activity=activity)
        if self.since:
            found = found.filter(recorded__gte=self.since)
        if self.until:
            found = found.filter(
                recorded__lt=self.until + timedelta(minutes=1)
            )  # the minute that was named, to its end
        if self.subject:
            found = found.filter(about(self.subject))
        return found.order_by("-sequence")

    def address(self, **more: object) -> str:
        """The filters, and `more`, as the end of an address."""
        return urlencode({**self.given, **more})

    def on_record(self, *, found: bool) -> dict[str, str]:
        """The filters as the trail itself may keep them.

        Where an event was found, every value stands in the trail already. Where none was, somebody may have typed a
        name, and only the filters' own names are kept.
        """
        if found:
            return dict(self.given)
        return {name: self.given[name] if name in TIMES and name not in self.problems else "…" for name in self.given}


def about(subject: UUID) -> Q:
    """Events that name the subject, alone or among others on a page that showed several."""
    return Q(subject_key=str(subject)) | Q(subject_key="", detail__subjects__icontains=str(subject))


def before(request: HttpRequest, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """The events below the sequence number ``before`` of the address, so that pages never shift."""
    number = request.GET.get("before", "")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        return events.filter(sequence__lt=int(number))
    return events


def _time(value: str, name: str, problems: dict[str, str]) -> datetime | None:
    if not value:
        return None
    try:
        moment = parse_datetime(value)
        if moment is not None:
            return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    except (ValueError, OverflowError):
        pass
    problems[name] = _("This is no time. Write it as 2026-03-31T14:05.")
    return None

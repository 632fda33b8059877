"""The page of what became of the cards: counts by service, reasons, and the latest feedback."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import visible_patients
from clinic.access.roles import Permission
from integrations.cds_hooks.cards import OVERRIDE_REASONS, REASONS_SYSTEM
from integrations.cds_hooks.models import Feedback, FeedbackOutcome, IssuedCard
from integrations.cds_hooks.offered import SERVICES

_LATEST = 50
_OURS = dict(OVERRIDE_REASONS)


@dataclass(frozen=True, slots=True)
class ServiceCount:
    """Cards of one service; a card that was told of twice counts once in each column."""

    title: str
    service: str
    cards: int
    accepted: int
    overridden: int

    @property
    def unanswered(self) -> int:
        """At least so many: a card may have been overridden first and accepted later."""
        return max(0, self.cards - self.accepted - self.overridden)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    words: str
    code: str
    count: int


@page(Permission.CDS_FEEDBACK_VIEW)
@require_safe
def feedback(request: HttpRequest) -> HttpResponse:
    """Counts over all patients; comments and patients only of those whom the user's care teams look after."""
    latest = list(Feedback.objects.select_related("card").order_by("-outcome_at", "-pk")[:_LATEST])
    subjects = {item.card.subject_id for item in latest if item.card.subject_id}
    mine = {patient.pk: patient for patient in visible_patients(request.user).filter(pk__in=subjects)}
    disclose(request, *mine)
    content = {
        "section": "cds-feedback",
        "services": _by_service(),
        "reasons": _by_reason(),
        "rows": [(item, mine.get(item.card.subject_id), _chosen(item)) for item in latest],
    }
    return render(request, "cds_hooks/feedback.html", content)


def _by_service() -> list[ServiceCount]:
    counted = {
        row["service"]: row
        for row in IssuedCard.objects.values("service").annotate(
            cards=Count("pk", distinct=True),
            accepted=Count("pk", distinct=True, filter=Q(feedback__outcome=FeedbackOutcome.ACCEPTED)),
            overridden=Count("pk", distinct=True, filter=Q(feedback__outcome=FeedbackOutcome.OVERRIDDEN)),
        )
    }
    nothing = {"cards": 0, "accepted": 0, "overridden": 0}
    return [
        ServiceCount(
            gettext(service.title),
            service.id,
            **{name: counted.get(service.id, nothing)[name] for name in nothing},
        )
        for service in SERVICES.values()
    ]


def _by_reason() -> list[ReasonCount]:
    found = (
        Feedback.objects.filter(outcome=FeedbackOutcome.OVERRIDDEN)
        .values("reason_system", "reason_code")
        .annotate(count=Count("pk"))
        .order_by("-count", "reason_code")
    )
    return [
        ReasonCount(_words(row["reason_system"], row["reason_code"], ""), row["reason_code"], row["count"])
        for row in found
    ]


def _words(system: str, code: str, display: str) -> str:
    if not code:
        return gettext("No reason chosen")
    if system == REASONS_SYSTEM and code in _OURS:
        return gettext(_OURS[code])
    return display or code


def _chosen(item: Feedback) -> str:
    """The label of what was accepted, or the reason against."""
    if item.outcome == FeedbackOutcome.OVERRIDDEN:
        return _words(item.reason_system, item.reason_code, item.reason_display)
    labels = {suggestion["uuid"]: suggestion["label"] for suggestion in item.card.suggestions}
    return ", ".join(labels.get(uuid, uuid) for uuid in item.accepted)

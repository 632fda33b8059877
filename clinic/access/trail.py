"""The auditor's page: the trail, newest first, by person, by subject or by what was done."""

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.audit.models import AuditEvent, Outcome

A_PAGE = 50
FILTERS = ("actor", "activity", "outcome")


@page(Permission.AUDIT_VIEW)
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """Fifty events a page; `before` is the sequence number that the page lies below, so that pages never shift."""
    wanted = {name: request.GET.get(name, "").strip().replace("\x00", "") for name in (*FILTERS, "subject_key")}
    chosen = {name: value for name, value in wanted.items() if value}
    events = AuditEvent.objects.filter(**{name: chosen[name] for name in FILTERS if name in chosen})
    if "subject_key" in chosen:
        events = events.filter(_about(chosen["subject_key"]))
    before = request.GET.get("before", "")
    events = events.order_by("-sequence")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(sequence__lt=int(before))
    shown = list(events[: A_PAGE + 1])
    older = urlencode({**chosen, "before": shown[A_PAGE - 1].sequence}) if len(shown) > A_PAGE else ""
    content = {
        "section": "audit",
        "events": shown[:A_PAGE],
        "older": older,
        "wanted": wanted,
        "outcomes": Outcome.choices,
    }
    return render(request, "access/trail.html", content)


def _about(subject_key: str) -> Q:
    """Events that name the subject, alone or among others on a page that showed several; a half key finds nothing."""
    try:
        key = str(UUID(subject_key))
    except ValueError:
        return Q(pk__in=[])
    return Q(subject_key=key) | Q(detail__subjects__icontains=key)

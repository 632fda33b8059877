"""The auditor's page: the trail, newest first, by person, by subject or by what was done."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.audit.models import AuditEvent, Outcome

A_PAGE = 50
FILTERS = ("actor", "subject_key", "activity")


@page(Permission.AUDIT_VIEW)
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """Fifty events a page; `before` is the sequence number that the page lies below, so that pages never shift."""
    wanted = {name: request.GET.get(name, "").strip().replace("\x00", "") for name in FILTERS}
    chosen: dict[str, Any] = {name: value for name, value in wanted.items() if value}
    outcome = request.GET.get("outcome", "")
    if outcome in Outcome.values:
        chosen["outcome"] = outcome
    before = request.GET.get("before", "")
    events = AuditEvent.objects.filter(**chosen).order_by("-sequence")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(sequence__lt=int(before))
    shown = list(events[: A_PAGE + 1])
    older = urlencode({**chosen, "before": shown[A_PAGE - 1].sequence}) if len(shown) > A_PAGE else ""
    content = {
        "section": "audit",
        "events": shown[:A_PAGE],
        "older": older,
        "wanted": {**wanted, "outcome": outcome},
        "outcomes": Outcome.choices,
    }
    return render(request, "access/trail.html", content)

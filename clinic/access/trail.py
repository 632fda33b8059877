"""The auditor's pages: the trail newest first, one event, and who looked at one patient's data, by key or number."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clinic.access import wristband
from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.roles import Permission
from clinic.access.trail_query import TrailQuery, about, before
from clinic.access.wristband_form import WristbandForm
from clinic.audit.chain import FIELDS, link_hash
from clinic.audit.models import AuditEvent, Checkpoint, Outcome, Stub

A_PAGE = 50
A_HISTORY_PAGE = 200
HISTORY_DAYS = 90
"""How far back a patient's history goes where no beginning is given."""


@page(Permission.AUDIT_VIEW)
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """Fifty events a page; `before` is the sequence number that the page lies below."""
    return _trail(request, WristbandForm())


@page(Permission.AUDIT_VIEW)
@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the access history of the one patient of a record number, which a patient or a colleague knows."""
    form = WristbandForm(request.POST)
    if not form.is_valid():
        return _trail(request, form, status=422)
    try:
        patient = wristband.find(**form.cleaned_data, actor=request.actor)  # type: ignore[attr-defined]
    except wristband.WristbandError as error:
        status = 429 if isinstance(error, wristband.TooManyMissesError) else 422
        return _trail(request, form, problem=str(error), status=status)
    disclose(request, patient.pk)  # who asks learns that the number is somebody's here, and whose key it is
    return redirect("audit-history", patient.pk)


@page(Permission.AUDIT_VIEW)
@require_safe
def event(request: HttpRequest, sequence: int) -> HttpResponse:
    """All that one event holds, whether it still gives its hash, and the checkpoint that covers it."""
    one = AuditEvent.objects.filter(pk=sequence).first() if sequence < 2**63 else None
    if one is None:
        stub = Stub.objects.filter(first__lte=sequence, sequence__gte=sequence).first() if sequence < 2**63 else None
        if stub is None:
            raise Http404("No event has this number.")
        disclose(request, entity_type="AuditStub", entity_id=stub.sequence, entity_version=stub.hash)
        return render(
            request, "access/trail_removed.html", {"section": "audit", "stub": stub, "number": sequence}, status=410
        )
    disclose(
        request,
        *([one.subject_key] if one.subject_key else []),
        entity_type="AuditEvent",
        entity_id=one.sequence,
        entity_version=one.hash,
    )
    content = {
        "section": "audit",
        "event": one,
        "whole": link_hash({name: getattr(one, name) for name in FIELDS}) == one.hash,
        "covered": Checkpoint.objects.filter(sequence__gte=one.sequence).order_by("number").first(),
        "subjects": one.detail.get("subjects", []),
        "people": _people([one]),
        "last": not AuditEvent.objects.filter(pk=one.sequence + 1).exists(),
        "first": not AuditEvent.objects.filter(pk=one.sequence - 1).exists(),
    }
    return render(request, "access/trail_event.html", content)


@page(Permission.AUDIT_VIEW)
@require_safe
def history(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """Who read or wrote one patient's data, when, what, and for what purpose: a page to print."""
    query = TrailQuery.of(request)
    since = query.since or timezone.now() - timedelta(days=HISTORY_DAYS)
    found = query.events().filter(about(subject_key))
    if query.since is None and not query.problems:
        found = found.filter(recorded__gte=since)
    shown = list(before(request, found)[: A_HISTORY_PAGE + 1])
    events = shown[:A_HISTORY_PAGE]
    disclose(
        request,
        *([subject_key] if events else []),  # a key that nobody has is not a patient's
        entity_type="AccessHistory",
        entity_id=subject_key if events else "",
        entity_version=_span(events),
    )
    content = {
        "section": "audit",
        "subject_key": subject_key,
        "events": events,
        "people": _people(events),
        "older": query.address(before=events[-1].sequence) if len(shown) > A_HISTORY_PAGE else "",
        "query": query,
        "wanted": query.given,
        "since": since,
        "until": query.until or timezone.now(),
        "first_kept": _first_kept(),
    }
    return render(request, "access/trail_history.html", content)


def _trail(request: HttpRequest, form: WristbandForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    query = TrailQuery.of(request)
    shown = list(before(request, query.events())[: A_PAGE + 1])
    content = {
        "section": "audit",
        "events": shown[:A_PAGE],
        "older": query.address(before=shown[A_PAGE - 1].sequence) if len(shown) > A_PAGE else "",
        "query": query,
        "wanted": query.given,
        "export": query.address(),
        "outcomes": Outcome.choices,
        "first_kept": _first_kept(),
        "form": form,
        "problem": problem,
    }
    _say(request, query, shown[:A_PAGE])
    return render(request, "access/trail.html", content, status=status)


def _say(request: HttpRequest, query: TrailQuery, shown: list[AuditEvent]) -> None:
    """Put on record what the page shows: the filters, and from which event to which."""
    asked = "&".join(f"{name}={value}" for name, value in query.on_record(found=bool(shown)).items())
    disclose(
        request,
        *([query.subject] if query.subject and shown else []),
        entity_type="AuditTrail",
        entity_id=f"{request.path}?{asked}" if asked else request.path,
        entity_version=_span(shown),
    )


def _span(shown: list[AuditEvent]) -> str:
    return f"{shown[-1].sequence}-{shown[0].sequence}" if shown else "none"


def _people(events: list[AuditEvent]) -> dict[str, str]:
    """Sign-in names of the staff among the actors. They are looked up for the page, and stand in no event."""
    numbers = {one.actor.removeprefix("user-") for one in events if one.actor.startswith("user-")}
    known = get_user_model().objects.filter(pk__in=[int(number) for number in numbers if number.isdecimal()])
    return {f"user-{user.pk}": user.get_username() for user in known}


def _first_kept() -> dict[str, Any] | None:
    """Until when events were removed, so that nobody takes silence for proof."""
    stub = Stub.objects.order_by("-sequence").first()
    return {"sequence": stub.sequence, "until": stub.recorded_until} if stub else None

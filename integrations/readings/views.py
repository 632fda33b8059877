"""The quarantine page: what could not be used, why, and another try once the cause is mended."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import has, visible_patients
from clinic.access.roles import Permission
from integrations.readings.models import QuarantineEntry, QuarantineReason, QuarantineState, Reading
from integrations.readings.quarantine import retry

_PAGE_LENGTH = 50
_RETRIED_AT_ONCE = 500
"""Entries that one press of the button tries again, so that the page comes back; the command has no such limit."""
_SHOWN_CHARACTERS = 20_000
_LONGEST_NUMBER = 18


@page(Permission.QUARANTINE_VIEW)
@require_safe
def quarantine(request: HttpRequest) -> HttpResponse:
    """The list: by default what waits, optionally of one reason; or what was released."""
    state = QuarantineState.RELEASED if request.GET.get("state") == "released" else QuarantineState.WAITING
    reason = _reason(request.GET.get("reason", ""))
    entries = QuarantineEntry.objects.filter(state=state)
    counts = {row["reason"]: row["n"] for row in entries.order_by().values("reason").annotate(n=Count("pk"))}
    if reason:
        entries = entries.filter(reason=reason)
    shown = Paginator(
        entries.select_related("reading__source").defer("reading__content", "text").order_by("-last_time", "-pk"),
        _PAGE_LENGTH,
    ).get_page(request.GET.get("page"))
    disclose(request, *{entry.subject_id for entry in shown if entry.subject_id})
    withheld = _withheld(request, shown)
    content = {
        "section": "quarantine",
        "entries": shown,
        "withheld": withheld,
        "state": state.value,
        "reason": reason,
        "reasons": [(choice, counts[choice.value]) for choice in QuarantineReason if choice.value in counts],
        "total": sum(counts.values()),
        "query": urlencode({"state": state.value, "reason": reason}),
        "told": _told(request),
    }
    return render(request, "readings/quarantine.html", content)


@page(Permission.QUARANTINE_VIEW)
@require_safe
def quarantine_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry, with the text that was received; of a payload that nothing could be read of, its size alone."""
    entry = get_object_or_404(
        QuarantineEntry.objects.select_related("reading__source").defer("reading__content"), pk=pk
    )
    withheld = entry.pk in _withheld(request, [entry])
    # Of whom nobody knows it may be anybody, and is for those who see patients.
    unread = entry.subject_id is None and not has(request.user, Permission.PATIENT_VIEW)
    text = "" if withheld or unread else entry.text
    disclose(
        request,
        *([entry.subject_id] if entry.subject_id else []),
        entity_type="QuarantineEntry",
        entity_id=entry.pk,
        entity_version=entry.reading.sha256,
    )
    content = {
        "section": "quarantine",
        "entry": entry,
        "withheld": withheld,
        "unread": unread and bool(entry.text),
        "size": Reading.objects.values_list(Length("content"), flat=True).get(pk=entry.reading_id),
        "text": text[:_SHOWN_CHARACTERS],
        "left_out": max(0, len(text) - _SHOWN_CHARACTERS),
        "told": _told(request),
    }
    return render(request, "readings/entry.html", content)


@page(Permission.QUARANTINE_RETRY)
@require_POST
def quarantine_retry(request: HttpRequest) -> HttpResponse:
    """Try one entry again (`id`), those of one reason (`reason`), or all that wait."""
    waiting = QuarantineEntry.objects.filter(state=QuarantineState.WAITING)
    pk, reason = request.POST.get("id", ""), _reason(request.POST.get("reason", ""))
    if pk:
        entry = get_object_or_404(QuarantineEntry, pk=_number(pk) or 0)
        waiting = waiting.filter(pk=entry.pk)
        back = reverse("quarantine-entry", args=[entry.pk])
    else:
        back = reverse("quarantine")
        if reason:
            waiting = waiting.filter(reason=reason)
    report = retry(_first(waiting), by=request.actor)
    return redirect(f"{back}?{urlencode({'reason': reason, 'tried': report.tried, 'released': report.released})}")


def _first(waiting: QuerySet[QuarantineEntry]) -> QuerySet[QuarantineEntry]:
    """The entries that waited longest since their last try."""
    return QuarantineEntry.objects.filter(
        pk__in=list(waiting.order_by("last_time", "pk").values_list("pk", flat=True)[:_RETRIED_AT_ONCE])
    )


def _reason(text: str) -> str:
    return text if text in QuarantineReason.values else ""


def _told(request: HttpRequest) -> str:
    """What the last try brought, from the address it came back to; whole numbers only."""
    tried, released = _number(request.GET.get("tried", "")), _number(request.GET.get("released", ""))
    if tried is None or released is None:
        return ""
    if tried == 0:
        return _("Nothing was waiting, so nothing was tried.")
    return _("%(tried)d tried again: %(released)d accepted, %(waiting)d still waiting.") % {
        "tried": tried,
        "released": released,
        "waiting": tried - released,
    }


def _number(text: str) -> int | None:
    """A whole number of a length that a row's number can have; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _withheld(request: HttpRequest, entries: Iterable[QuarantineEntry]) -> set[int]:
    """Keys of the entries about patients whom the care teams of the user do not look after."""
    about = {entry.pk: entry.subject_id for entry in entries if entry.subject_id}
    mine = set(visible_patients(request.user).filter(pk__in=about.values()).values_list("pk", flat=True))
    return {pk for pk, subject in about.items() if subject not in mine}

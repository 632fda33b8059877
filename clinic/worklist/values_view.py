"""All values of one kind in a window, as a table: what the timeline draws, for reading and for opening one by one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from clinic.access.disclosure import disclose
from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.worklist.drug_shown import Shown
from clinic.worklist.records import KINDS, lists, names_of, open_questions, rows_of
from clinic.worklist.window import ends
from twins.records.models import RecordState, StoredSample
from twins.samples.channel import Channel

A_PAGE = 100


@page(Permission.PATIENT_VIEW)
@require_safe
def values(request: HttpRequest, subject_key: UUID, series: str) -> HttpResponse:
    """The newest first; ``from`` and ``to`` bound the time, ``before`` is the key of the last row already seen."""
    patient = patient_for(request, subject_key)
    label, rows = _series(series, subject_key, Shown.of(patient.subject, request.GET).name)
    start, end, problems = ends(request.GET, timezone.get_current_timezone())
    if start is not None:
        rows = rows.filter(event_time__gte=start)
    if end is not None:
        rows = rows.filter(event_time__lte=end)
    last = _last_seen(request, rows)
    if last is not None:
        rows = rows.filter(Q(event_time__lt=last.event_time) | Q(event_time=last.event_time, pk__lt=last.pk))
    found = list(rows.order_by("-event_time", "-pk")[: A_PAGE + 1])
    shown = found[:A_PAGE]
    disclose(
        request,
        patient.pk,
        entity_type="Values",
        entity_id=_asked_for(subject_key, series, start, end),
        entity_version=f"{shown[-1].pk}-{shown[0].pk}" if shown else "none",
    )
    questions = open_questions(patient.pk)
    kept = {name: value for name in ("from", "to", "drug") if (value := request.GET.get(name, ""))}
    content = {
        "section": "worklist",
        "patient": patient,
        "label": label,
        "rows": rows_of(shown, questions, names_of(one.asked_by for one in questions.values())),
        "older": urlencode({**kept, "before": shown[-1].pk}) if len(found) > A_PAGE else "",
        "given": kept,
        "problems": problems,
    }
    return render(request, "worklist/values.html", content)


def _asked_for(subject_key: UUID, series: str, start: datetime | None, end: datetime | None) -> str:
    """Of which record keys the event speaks, and the ends of the window that were given, in UTC."""
    window = "&".join(f"{name}={at.isoformat()}" for name, at in (("from", start), ("to", end)) if at is not None)
    return f"{subject_key}/{series}" + (f"?{window}" if window else "")


def _series(series: str, subject_key: UUID, drug: str) -> tuple[str, QuerySet[Any]]:
    if series in ("doses", "orders"):
        rows = KINDS[series.removesuffix("s")].objects.filter(drug=drug)
    elif series in set(Channel):
        rows = StoredSample.objects.filter(channel=series)
    else:
        raise Http404("There are no values of this kind.")
    label = next(label for label, name in lists(Channel) if name == series)
    return label, rows.filter(subject=subject_key, state=RecordState.ACTIVE)


def _last_seen(request: HttpRequest, rows: QuerySet[Any]) -> Any:
    number = request.GET.get("before", "")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        return rows.filter(pk=int(number)).first()
    return None

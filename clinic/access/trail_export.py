"""Events of the trail as a file: CSV for a spreadsheet, JSON lines that hold every field as it was hashed."""

import csv
import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic.access.gate import page
from clinic.access.pace import EXPORTS, WINDOW, too_many
from clinic.access.roles import Permission
from clinic.access.trail_query import TrailQuery
from clinic.audit.archive import line
from clinic.audit.chain import FIELDS, instant
from clinic.audit.event import record
from clinic.audit.models import Action, AuditEvent

A_BATCH = 1000
COLUMNS = (*FIELDS, "hash")


class _Echo:
    """What csv.writer writes to: each row comes back from ``writerow`` and is not kept."""

    def write(self, text: str) -> str:
        return text


@page(Permission.AUDIT_VIEW)
@require_safe
def export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """All events that the filters find, oldest first. What leaves is on record, with its count, before it leaves."""
    query = TrailQuery.of(request)
    kind = request.GET.get("format", "csv")
    if query.problems or kind not in _KINDS:
        problems = [*query.problems.values()] or [_("There is no such format. Choose csv or jsonl.")]
        return render(request, "access/trail_unexported.html", {"section": "audit", "problems": problems}, status=400)
    if too_many(request.actor, timezone.now(), EXPORTS):  # type: ignore[attr-defined]
        problems = [_("You exported many times within a minute, and each export reads the trail. Wait a minute.")]
        content = {"section": "audit", "problems": problems}
        response = render(request, "access/trail_unexported.html", content, status=429)
        response["Retry-After"] = str(int(WINDOW.total_seconds()))
        return response
    newest = AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    found = query.events().filter(sequence__lte=newest).order_by("sequence")
    count = found.count()
    ends = (found.first(), found.last()) if count else None
    span = f"{ends[0].sequence}-{ends[1].sequence}" if ends and ends[0] and ends[1] else "none"
    record(
        by=request.actor,  # type: ignore[attr-defined]
        action=Action.READ,
        activity="audit.export",
        subject_key=query.subject if query.subject and count else "",
        entity_type="AuditTrail",
        entity_id=request.path,
        entity_version=span,
        purpose="HOPERAT",
        detail={"format": kind, "count": count, "filters": query.on_record(found=count > 0)},
    )
    media_type, write = _KINDS[kind]
    sent = StreamingHttpResponse(write(found), content_type=media_type)
    sent["Content-Disposition"] = f'attachment; filename="audit-{span}.{kind}"'
    return sent


def _rows(found: QuerySet[AuditEvent]) -> Iterator[dict[str, Any]]:
    """The events in batches, each its own query, so that no cursor is held while somebody downloads slowly."""
    after = 0
    while batch := list(found.filter(sequence__gt=after).values(*COLUMNS)[:A_BATCH]):
        yield from batch
        after = batch[-1]["sequence"]


def _json_lines(found: QuerySet[AuditEvent]) -> Iterator[str]:
    for row in _rows(found):
        yield line(row) + "\n"


def _csv(found: QuerySet[AuditEvent]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in _rows(found):
        yield writer.writerow([_cell(row[name]) for name in COLUMNS])


def _cell(value: Any) -> Any:
    """A value as a cell. A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if hasattr(value, "isoformat"):
        return instant(value)
    if isinstance(value, list):
        return _cell(" ".join(str(item) for item in value))
    if isinstance(value, dict):
        return _cell(_compact(value))
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_KINDS: dict[str, tuple[str, Callable[[QuerySet[AuditEvent]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "jsonl": ("application/x-ndjson", _json_lines),
}

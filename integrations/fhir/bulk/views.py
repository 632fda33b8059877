"""How far an export is, its files, and its end. To a client that did not ask for it, it is not there."""

import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import http_date
from rest_framework.request import Request

from integrations.fhir.bulk.asked import FORMATS
from integrations.fhir.bulk.exported import LETTERS
from integrations.fhir.bulk.files import folder
from integrations.fhir.bulk.kick_off import subjects_named
from integrations.fhir.bulk.manifest import is_expired, manifest, progress
from integrations.fhir.bulk.models import OPEN_STATES, Export, ExportState
from integrations.fhir.bulk.work import cancel
from integrations.fhir.door import Door
from integrations.fhir.formats import JSON_TYPES
from integrations.fhir.interactions.ask import Answer, Ask
from integrations.fhir.outcome import Refusal

RETRY_AFTER_S = 2
"""How long a client is asked to wait before it asks again."""
LEAST_BETWEEN_POLLS = timedelta(seconds=0.5)
"""One that asks sooner is refused; so much sooner than it was told is no drift of clocks."""
NDJSON = "application/fhir+ndjson"
_PIECE = 256 * 1024
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


class StatusView(Door):
    """``GET`` and ``DELETE [base]/$export/[id]``."""

    activity = "fhir.export.status"
    http_method_names = ["get", "head", "delete"]  # noqa: RUF012

    def get(self, request: Request, export_id: UUID) -> HttpResponse:
        return self.reading(lambda ask: _status(ask, export_id), self.ask(request))

    def delete(self, request: Request, export_id: UUID) -> HttpResponse:
        self.answered.activity = "fhir.export.cancel"
        return self.starting(lambda ask: _delete(ask, export_id), self.ask(request))


class FileView(Door):
    """``GET [base]/$export/[id]/[name]``: lines of JSON, compressed for one who takes gzip."""

    activity = "fhir.export.file"
    accepted = (*FORMATS, *JSON_TYPES)
    http_method_names = ["get", "head"]  # noqa: RUF012

    def get(self, request: Request, export_id: UUID, name: str) -> HttpResponseBase:
        ask = self.ask(request)
        export = _export(ask, export_id)
        if export.state != ExportState.DONE:
            raise _absent()
        for part in export.parts.all():
            for made in part.files:
                if made["name"] == name:
                    _check_scope(ask, export, part.resource_type)
                    self.answered.detail = _told(export, name, part.resource_type, made["count"])
                    return _file(request, folder(export.pk) / name)
        raise _absent()


def _status(ask: Ask, export_id: UUID) -> Answer:
    export = _export(ask, export_id)
    detail = {"export": str(export.pk), "state": str(export.state)}
    if export.state in OPEN_STATES:
        _check_patience(export)
        headers = {"X-Progress": progress(export), "Retry-After": str(RETRY_AFTER_S)}
        return Answer(202, b"", headers, activity="fhir.export.status", detail=detail)
    if export.state == ExportState.FAILED:
        raise Refusal(500, "exception", "The export failed; ask for it again, and tell the hospital if it fails again.")
    headers = {"Content-Type": "application/json"}
    if export.expires_at is not None:
        headers["Expires"] = http_date(export.expires_at.timestamp())
    body = msgspec.json.encode(manifest(export, ask.base))
    return Answer(200, body, headers, activity="fhir.export.status", detail=detail)


def _delete(ask: Ask, export_id: UUID) -> Answer:
    export = _export(ask, export_id)
    if not cancel(export, by=ask.caller.actor):
        raise _absent()
    return Answer(202, activity="fhir.export.cancel", detail={"export": str(export.pk), "was": str(export.state)})


def _export(ask: Ask, export_id: UUID) -> Export:
    """The caller's export.

    Raises
    ------
    Refusal
        404 where it was cancelled or has expired, and for every other client in the same words.
    """
    export = Export.objects.filter(pk=export_id, client_id=ask.caller.client_id).first()
    if export is None or export.state == ExportState.CANCELLED or is_expired(export):
        raise _absent()
    return export


def _check_scope(ask: Ask, export: Export, resource_type: str) -> None:
    """Raise 403 for a token that was given less than the one that asked for the export, and does not cover the file."""
    if ask.caller.scope == export.scope or resource_type == "OperationOutcome":
        return
    if not all(ask.caller.may(resource_type, letter) for letter in LETTERS):
        raise Refusal(
            403, "forbidden", f"The token's scope does not cover the file; ask for system/{resource_type}.rs."
        )


def _absent() -> Refusal:
    return Refusal(404, "not-found", "There is no such export; it may have expired or been deleted. Ask for it again.")


def _check_patience(export: Export) -> None:
    """Raise 429 for a client that asked a moment ago; the row counts, so that it holds for all web processes."""
    now = timezone.now()
    patient = Export.objects.filter(pk=export.pk).exclude(polled_at__gt=now - LEAST_BETWEEN_POLLS)
    if not patient.update(polled_at=now):
        wait = str(RETRY_AFTER_S)
        raise Refusal(429, "throttled", f"The export is under way; ask again in {wait} s.", Retry_After=wait)


def _told(export: Export, name: str, resource_type: str, count: int) -> dict[str, object]:
    """What the audit trail keeps of a file that leaves."""
    detail: dict[str, object] = {"export": str(export.pk), "file": name, "type": resource_type, "count": count}
    if export.only_members:
        members = list(export.members.values_list("subject_id", flat=True)[:5000])
        detail |= {"patients": export.members.count(), **subjects_named(members)}
    return detail


def _file(request: Request, path: Path) -> HttpResponseBase:
    packed = _GZIP.search(request.headers.get("Accept-Encoding", "")) is not None
    try:
        file = path.open("rb")
    except FileNotFoundError as error:  # removed between the look at the row and here
        raise _absent() from error
    if packed:
        file.close()
        response: HttpResponseBase = StreamingHttpResponse(_gzipped(path), content_type=NDJSON)
        response["Content-Encoding"] = "gzip"
    else:
        response = FileResponse(file, content_type=NDJSON)
    response["Vary"] = "Accept-Encoding"
    return response


def _gzipped(path: Path) -> Iterator[bytes]:
    """Compressed as it is read; quickly rather than well, since the lines are much alike."""
    packer = zlib.compressobj(level=1, wbits=31)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            packed = packer.compress(piece)
            if packed:
                yield packed
    yield packer.flush()

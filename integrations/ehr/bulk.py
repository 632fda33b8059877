"""Import by ``$export``: ask, wait, fetch every file, and say that it may be deleted. Safe to kill at any moment.

Source: FHIR Bulk Data Access 2.0.0, https://hl7.org/fhir/uv/bulkdata/STU2/export.html.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db import transaction
from django.utils import timezone

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action, Outcome
from integrations.ehr.address import AddressError, follow
from integrations.ehr.bulk_file import CHUNK_BYTES, Fetch, load
from integrations.ehr.capability import TYPES
from integrations.ehr.client import Client
from integrations.ehr.fault import FetchError, Stopped, said
from integrations.ehr.lease import RENEW_S, Lease, hold
from integrations.ehr.manifest import Manifest, ManifestError, read_manifest
from integrations.ehr.models import BulkFile, BulkFileKind, BulkImport, BulkState
from integrations.ehr.progress import TypeProgress
from integrations.ehr.pull import open_left_over
from integrations.readings.models import Source
from integrations.readings.quarantine import retry_found

logger = logging.getLogger(__name__)

_OPEN = (BulkState.WAITING, BulkState.LOADING)
_KINDS = (BulkFileKind.OUTPUT, BulkFileKind.DELETED, BulkFileKind.ERROR)
_NO_MORE = frozenset({400, 401, 403, 404, 410, 422, 500})
"""Answers of a status address after which nothing more is to come of it."""


class BulkError(ValueError):
    """An export that cannot be had; says why, and the remedy."""


@dataclass(slots=True)
class BulkReport:
    """What an import did; `resumed` where it went on with an export that was asked for before."""

    bulk: BulkImport
    resumed: bool
    files: list[TypeProgress] = field(default_factory=list)
    released: int = 0
    stopped: bool = False

    @property
    def ok(self) -> bool:
        return self.bulk.state == BulkState.DONE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask for. Without `since`, from where the last export of the same level and types ended."""

    level: str = "Patient"
    types: tuple[str, ...] = TYPES
    since: datetime | None = None
    everything: bool = False
    """From the beginning, whatever was imported before; an export that is still open is given up."""
    file_hosts: Collection[str] = ()

    @property
    def path(self) -> str:
        return "$export" if self.level == "system" else f"{self.level}/$export"


def bulk_import(
    source: Source,
    client: Client,
    wanted: Wanted,
    *,
    on_progress: Callable[[TypeProgress], None] = lambda _: None,
    on_wait: Callable[[str], None] = lambda _: None,
    chunk_bytes: int = CHUNK_BYTES,
) -> BulkReport:
    """Bring an export in, or go on with the one that is open.

    Raises
    ------
    FetchError, AddressError, BulkError
        If the server does not export, or a file cannot be had; what was fetched stays, and the next run goes on.
    SourceBusyError
        If a pull or import of `source` is running.
    """
    with hold(source) as lease:
        open_left_over(source)
        found = BulkImport.objects.filter(source=source, level=wanted.level, state__in=_OPEN).first()
        if found is not None and wanted.everything:
            _end(client, found, BulkState.FAILED, "given up for a new export")
            found = None
        bulk = found or _kick_off(source, client, wanted)
        report = BulkReport(bulk, resumed=found is not None)
        try:
            if bulk.state == BulkState.WAITING:
                _await(client, bulk, lease, wanted.file_hosts, on_wait)
            _load(report, Fetch(source, client, lease, bulk.needs_token, on_progress, chunk_bytes))
        except Stopped:
            report.stopped = True
            return report
        report.released = retry_found(source)
        _end(client, bulk, BulkState.DONE, "")
        _note(report)
    return report


def _kick_off(source: Source, client: Client, wanted: Wanted) -> BulkImport:
    types = ",".join(wanted.types)
    since = wanted.since
    if since is None and not wanted.everything:
        last = BulkImport.objects.filter(source=source, level=wanted.level, types=types, state=BulkState.DONE)
        since = last.order_by("-transaction_time").values_list("transaction_time", flat=True).first()
    query = {"_type": types, "_outputFormat": "application/fhir+ndjson"}
    if since is not None:
        query["_since"] = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = client.send(
        "GET", f"{wanted.path}?{urlencode(query)}", headers={"Prefer": "respond-async"}, accepted=(202,)
    )
    location = answer.headers.get("content-location", "")
    if not location:
        raise BulkError(f"{answer.url} was accepted without Content-Location; have the server corrected")
    return BulkImport.objects.create(
        source=source,
        level=wanted.level,
        types=types,
        since=since,
        status_url=follow(answer.url, location),
        started=timezone.now(),
    )


def _await(
    client: Client, bulk: BulkImport, lease: Lease, file_hosts: Collection[str], on_wait: Callable[[str], None]
) -> None:
    """Ask for the status until the files are there, not more often than the server wants."""
    asked = 0
    while True:
        asked += 1
        try:
            answer = client.send("GET", bulk.status_url, accepted=(200, 202))
        except FetchError as error:
            if error.status in _NO_MORE:
                _end(client, bulk, BulkState.FAILED, str(error))
                raise BulkError(f"the export came to nothing; run the import again for a new one ({error})") from error
            raise
        if answer.status == 200:
            break
        on_wait(answer.headers.get("x-progress", "")[:100] or "the server prepares the files")
        _sleep(client, lease, client.patience.wait_s(asked, answer.wait_s()))
    try:
        manifest = read_manifest(answer.content, answer.url, client.base, file_hosts)
    except ManifestError as error:
        _end(client, bulk, BulkState.FAILED, str(error))
        raise BulkError(f"{error} ({said(answer.content)})") from error
    _keep_manifest(bulk, manifest)


def _sleep(client: Client, lease: Lease, seconds: float) -> None:
    while seconds > 0:
        client.sleep(min(seconds, RENEW_S))
        lease.renew()
        seconds -= RENEW_S


def _keep_manifest(bulk: BulkImport, manifest: Manifest) -> None:
    """Patients before all others, so that these find theirs; deletions and errors last."""
    ranks = {name: rank for rank, name in enumerate(TYPES)}
    order = sorted(manifest.files, key=lambda f: (_KINDS.index(f.kind), ranks.get(f.resource_type, len(ranks))))
    with transaction.atomic():
        bulk.state, bulk.needs_token = BulkState.LOADING, manifest.needs_token
        bulk.transaction_time = manifest.transaction_time
        bulk.save()
        BulkFile.objects.bulk_create(
            BulkFile(
                bulk=bulk,
                position=position,
                kind=file.kind,
                resource_type=file.resource_type,
                url=file.url,
                expected=file.count if file.kind == BulkFileKind.OUTPUT else None,
            )
            for position, file in enumerate(order)
        )


def _load(report: BulkReport, fetch: Fetch) -> None:
    problems: list[FetchError] = []
    for file in report.bulk.files.filter(done=False).order_by("position"):
        progress = TypeProgress(str(file))
        report.files.append(progress)
        try:
            load(file, fetch, progress)
        except (FetchError, AddressError) as error:
            progress.error = str(error)
            if isinstance(error, FetchError) and error.status in (404, 410):
                _end(fetch.client, report.bulk, BulkState.FAILED, f"a file is no more: {error}")
                raise BulkError(f"the export has expired; run the import again for a new one ({error})") from error
            if isinstance(error, AddressError):
                raise
            problems.append(error)
        else:
            progress.done = True
            fetch.on_progress(progress)
    if problems:
        raise problems[0]


def _end(client: Client, bulk: BulkImport, state: BulkState, error: str) -> None:
    """Close the import, and tell the server that its files are needed no more."""
    bulk.state, bulk.error, bulk.ended = state, error, timezone.now()
    bulk.save(update_fields=["state", "error", "ended"])
    bulk.files.update(url="")
    try:
        client.send("DELETE", bulk.status_url, accepted=(200, 202, 204, 404, 405, 410, 501), tries=2)
    except (FetchError, AddressError, Stopped) as problem:
        logger.warning("the export was not deleted at its server: %s", problem)


def _note(report: BulkReport) -> None:
    bulk = report.bulk
    record(
        by=SYSTEM,
        action=Action.EXECUTE,
        activity="bulk.import",
        outcome=Outcome.SUCCESS,
        entity_type="Source",
        entity_id=bulk.source.slug,
        purpose="HOPERAT",
        detail={
            "level": bulk.level,
            "files": len(report.files),
            "received": sum(progress.received for progress in report.files),
            "accepted": sum(progress.accepted for progress in report.files),
            "quarantined": sum(progress.quarantined for progress in report.files),
            "resumed": report.resumed,
        },
    )

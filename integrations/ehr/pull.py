"""Pull what is new from a FHIR server: pages in parallel, the database from one thread, resumed where a run ended."""

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Max

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action, Outcome
from integrations.ehr.address import AddressError, follow, origin
from integrations.ehr.capability import Capability, CapabilityError, read_capability
from integrations.ehr.client import Client, CutShort, FetchError, Page, Stopped
from integrations.ehr.lease import RENEW_S, Lease, hold
from integrations.ehr.models import PullCursor
from integrations.ehr.progress import PullReport, TypeProgress
from integrations.ehr.signals import pull_failed
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive, unopened
from integrations.readings.models import Reading, Resource, Source
from integrations.readings.moment import maybe_instant
from integrations.readings.quarantine import replaced_by, replaced_by_run, retry_found
from integrations.readings.refusal import Refused
from integrations.readings.split import page_head

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Requests under way at the same time."""
PAGE_SIZE = 200
OVERLAP = timedelta(minutes=5)
"""How far before the cursor an increment begins: servers commit late, and clocks differ."""
_BROKEN_PAGE_TRIES = 5
_EXPIRED = frozenset({400, 404, 410, 422})
_MOST_BEGINNINGS = 3
"""How often one run begins a type anew because its links expired: a server whose links outlive no page has no end."""


@dataclass(slots=True)
class _Walk:
    """The walk through the pages of one type."""

    cursor: PullCursor
    progress: TypeProgress
    url: str
    first: str
    """Where the walk begins if nothing is half done; it cannot expire."""
    beginnings: int = 0
    broken: list[Reading] = field(default_factory=list)
    """Readings of the page at `url` that came cut short."""
    seen: set[str] = field(default_factory=set)


def pull(
    source: Source,
    client: Client,
    *,
    on_progress: Callable[[TypeProgress], None] = lambda _: None,
    at_once: int = AT_ONCE,
    page_size: int = PAGE_SIZE,
    overlap: timedelta = OVERLAP,
) -> PullReport:
    """Bring everything new of `source` in; safe to kill at any moment and to start again.

    Raises
    ------
    FetchError, AddressError, CapabilityError
        If the server cannot be reached or understood at all; a fault of one type is in the report.
    SourceBusyError
        If another pull of `source` is running.
    """
    with hold(source) as lease:
        try:
            report = _pull(source, client, lease, on_progress, at_once, page_size, overlap)
        except (FetchError, AddressError, CapabilityError):
            _tell_failure(source)
            raise
        if not (report.ok or report.stopped):
            _tell_failure(source)
        return report


@transaction.atomic
def _tell_failure(source: Source) -> None:
    pull_failed.send(Source, source=source)


def _pull(
    source: Source,
    client: Client,
    lease: Lease,
    on_progress: Callable[[TypeProgress], None],
    at_once: int,
    page_size: int,
    overlap: timedelta,
) -> PullReport:
    report = PullReport()
    report.opened_before = open_left_over(source)
    run = _Run(source, client, lease, report, on_progress, page_size, overlap)
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="pull") as pool:
        try:
            capability = _waited(pool.submit(_capability, client), lease)
            report.missing = capability.missing
            # Patients before all others, so that these find theirs.
            run.walk(pool, capability.offered[:1])
            run.walk(pool, capability.offered[1:])
        except Stopped:
            report.stopped = True
            return report
        except (FetchError, AddressError, CapabilityError):
            raise
        except BaseException:
            client.stop.set()  # the pool waits for its requests, which nobody waits for any more
            raise
    report.released += retry_found(source)
    report.stopped = client.stop.is_set()
    if report.ok and not report.stopped:
        replaced_by_run(source, client.base)
    note_run(source, report)
    return report


def _waited(future: Future[Capability], lease: Lease) -> Capability:
    while not wait((future,), timeout=RENEW_S).done:
        lease.renew()
    return future.result()


def _capability(client: Client) -> Capability:
    """What the server offers; asked again where the answer came cut short."""
    for _ in range(_BROKEN_PAGE_TRIES - 1):
        try:
            return read_capability(client.get("metadata").content)
        except (CapabilityError, CutShort) as error:
            logger.info("metadata is asked for again: %s", error)
    return read_capability(client.get("metadata").content)


def open_left_over(source: Source) -> int:
    """Open what an earlier run received and did not live to open."""
    left = list(unopened(source).values_list("pk", flat=True))
    for pk in left:
        open_reading(Reading.objects.defer("content").get(pk=pk))
    return len(left)


def note_run(source: Source, report: PullReport) -> None:
    """Record the run in the audit trail: counts by type."""
    record(
        by=SYSTEM,
        action=Action.EXECUTE,
        activity="pull.run",
        outcome=Outcome.SUCCESS if report.ok or report.stopped else Outcome.FAILED,
        entity_type="Source",
        entity_id=source.slug,
        purpose="HOPERAT",
        detail={
            "types": {
                name: {"received": t.received, "accepted": t.accepted, "known": t.known, "quarantined": t.quarantined}
                for name, t in report.types.items()
            },
            "missing": list(report.missing),
            "released": report.released,
            "stopped": report.stopped,
        },
    )


class _Run:
    def __init__(
        self,
        source: Source,
        client: Client,
        lease: Lease,
        report: PullReport,
        on_progress: Callable[[TypeProgress], None],
        page_size: int,
        overlap: timedelta,
    ) -> None:
        self._source = source
        self._client = client
        self._lease = lease
        self._report = report
        self._on_progress = on_progress
        self._page_size = page_size
        self._overlap = overlap

    def walk(self, pool: ThreadPoolExecutor, types: tuple[str, ...]) -> None:
        """Walk through all pages of `types`, fetching in the pool and accepting here."""
        under_way: dict[Future[Page], _Walk] = {}
        for name in types:
            walk = self._begin(name)
            under_way[pool.submit(self._client.get, walk.url)] = walk
        while under_way:
            done, _ = wait(under_way, timeout=RENEW_S, return_when=FIRST_COMPLETED)
            self._lease.renew()
            for future in done:
                walk = under_way.pop(future)
                try:
                    following = self._step(walk, future)
                except Stopped:
                    walk.progress.error = "stopped; the next run goes on from here"
                except (FetchError, AddressError) as error:
                    walk.progress.error = str(error)
                    logger.warning("pull of %s ended early: %s", walk.progress.resource_type, error)
                else:
                    if following:
                        under_way[pool.submit(self._client.get, following)] = walk

    def _begin(self, name: str) -> _Walk:
        cursor, _ = PullCursor.objects.get_or_create(source=self._source, resource_type=name)
        progress = self._report.of(name)
        if cursor.next_url and origin(cursor.next_url) == origin(self._client.base):
            return _Walk(cursor, progress, cursor.next_url, self._first_url(cursor))
        cursor.run_started = None  # nothing is half done, or the server moved: begin at the cursor
        return _Walk(cursor, progress, self._first_url(cursor), self._first_url(cursor))

    def _first_url(self, cursor: PullCursor) -> str:
        query = {"_count": str(self._page_size)}
        if cursor.updated_until is not None:
            since = (cursor.updated_until - self._overlap).astimezone(UTC).isoformat(timespec="milliseconds")
            query["_lastUpdated"] = "ge" + since.replace("+00:00", "Z")
        return f"{self._client.base}/{cursor.resource_type}?{urlencode(query)}"

    def _step(self, walk: _Walk, future: Future[Page]) -> str:
        """Accept the page that came; returns the address to fetch next, empty at the end."""
        try:
            page = future.result()
        except CutShort as error:
            return self._fetch_again(
                walk, receive(self._source, error.content, content_type=error.content_type, origin=walk.url), str(error)
            )
        except FetchError as error:
            if error.status in _EXPIRED and walk.url != walk.first and walk.beginnings < _MOST_BEGINNINGS:
                # The link has expired, of this run or of one before: begin again at the cursor, nothing was skipped.
                logger.info("%s begins anew: %s", walk.progress.resource_type, error)
                walk.beginnings += 1
                walk.cursor.next_url, walk.cursor.run_started = "", None
                walk.cursor.save()
                walk.url = walk.first
                walk.seen.clear()
                return walk.url
            raise
        reading = receive(self._source, page.content, content_type=page.content_type, origin=page.url)
        report = open_reading(reading)
        try:
            head = page_head(page.content)
        except Refused as refused:
            return self._fetch_again(walk, reading, refused.detail)
        for broken in walk.broken:
            replaced_by(broken, reading)
        walk.broken.clear()
        walk.progress.add(report)
        self._report.released += report.released
        self._advance(walk, page, head.next_url, head.last_updated)
        self._on_progress(walk.progress)
        return walk.url

    def _fetch_again(self, walk: _Walk, reading: Reading, why: str) -> str:
        open_reading(reading)
        walk.broken.append(reading)
        walk.progress.broken += 1
        if len(walk.broken) >= _BROKEN_PAGE_TRIES:
            raise FetchError(walk.url, f"the page came broken {len(walk.broken)} times ({why}); it is in quarantine")
        return walk.url

    def _advance(self, walk: _Walk, page: Page, link: str, bundle_time: str) -> None:
        """Move the cursor past a page that was accepted whole."""
        cursor = walk.cursor
        if cursor.run_started is None:
            cursor.run_started = _server_time(bundle_time) or page.server_time
        if link:
            walk.seen.add(walk.url)
            walk.url = follow(page.url, link)
            if walk.url in walk.seen:
                raise FetchError(walk.url, "the next link leads back to a page of this run; have the server corrected")
            cursor.next_url = walk.url if len(walk.url) <= 2000 else ""
        else:
            cursor.updated_until = self._until(cursor)
            cursor.next_url, cursor.run_started = "", None
            walk.url = ""
            walk.progress.done = True
        cursor.save()

    def _until(self, cursor: PullCursor) -> datetime | None:
        """Up to when everything was accepted: the server's time when the run began, by the clock of its resources.

        A server's Date header may run ahead of the clock that stamps its resources; the newest stamp seen never does,
        so the earlier of the two is safe.
        """
        newest = Resource.objects.filter(
            resource_type=cursor.resource_type, source_key__startswith=f"{self._source.slug}/"
        ).aggregate(newest=Max("last_updated"))["newest"]
        times = [time for time in (cursor.run_started, newest) if time is not None]
        if newest is None or not times:
            return cursor.updated_until
        return max(min(times), cursor.updated_until) if cursor.updated_until else min(times)


def _server_time(text: str) -> datetime | None:
    try:
        return maybe_instant(text or None, "Bundle.meta.lastUpdated")
    except Refused:
        return None

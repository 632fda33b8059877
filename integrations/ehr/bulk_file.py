"""Fetch one file of an export piece by piece: each piece is safe before the next, and a broken fetch goes on there."""

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from django.db import transaction

from integrations.ehr.address import origin
from integrations.ehr.client import RETRIED, Client
from integrations.ehr.deleted import take_deleted, take_errors
from integrations.ehr.fault import Again, FetchError, Stopped, said, unreachable
from integrations.ehr.lease import Lease
from integrations.ehr.models import BulkChunk, BulkFile, BulkFileKind
from integrations.ehr.patience import retry_after_s
from integrations.ehr.progress import TypeProgress
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Reading, Source

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1024 * 1024
"""About a thousand resources: one reading, one transaction."""
LONGEST_LINE = 64 * 1024 * 1024
_NDJSON = "application/fhir+ndjson"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_DIGEST = re.compile(r"sha-256=:?([A-Za-z0-9+/]{43}=):?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetch:
    """What fetching the files of one export needs."""

    source: Source
    client: Client
    lease: Lease
    needs_token: bool
    on_progress: Callable[[TypeProgress], None]
    chunk_bytes: int = CHUNK_BYTES


def load(file: BulkFile, fetch: Fetch, progress: TypeProgress) -> None:
    """Bring the whole of `file` in, from where an earlier run left it.

    Raises
    ------
    FetchError
        If it cannot be had, or is not what the server announced; the next run begins it anew where it was wrong.
    Stopped
        If the run was asked to stop.
    """
    failures = 0
    patience = fetch.client.patience
    while True:
        before = file.offset
        try:
            _stream(file, fetch, progress)
            break
        except (httpx.TransportError, httpx.DecodingError, Again) as error:
            failures = 0 if file.offset > before else failures + 1
            if failures >= patience.tries:
                url = _shown(file.url)
                raise error if isinstance(error, Again) else FetchError(url, unreachable(error)) from error
            logger.info("%s goes on at byte %d: %s", file, file.offset, error)
            named = error.wait_s if isinstance(error, Again) else None
            fetch.client.sleep(patience.wait_s(failures + 1, named))
    _verify(file)
    file.url, file.done = "", True
    file.save(update_fields=["url", "done"])


def _stream(file: BulkFile, fetch: Fetch, progress: TypeProgress) -> None:
    """One request, from the place that is safe to the end of the file."""
    headers = {"Accept": _NDJSON, "Accept-Encoding": "identity"}
    if file.offset and file.seekable:
        headers["Range"] = f"bytes={file.offset}-"
        if file.etag and not file.etag.startswith("W/"):
            headers["If-Range"] = file.etag
    anonymous = not fetch.needs_token or origin(file.url) != origin(fetch.client.base)
    with fetch.client.opened(file.url, headers, anonymous=anonymous) as response:
        place, size = _begin(file, response)
        body = _Body(file, fetch, progress, skip=file.offset - place)
        for block in response.iter_bytes():
            if fetch.client.stop.is_set():
                raise Stopped
            fetch.lease.renew()
            place += len(block)
            body.take(block)
        if size is not None and place != size:
            raise Again(_shown(file.url), f"{place} of {size} bytes came; check the connection")
        body.end()


def _begin(file: BulkFile, response: httpx.Response) -> tuple[int, int | None]:
    """At which byte the answer begins, and how long the whole file is, if the server says."""
    status, url = response.status_code, _shown(file.url)
    if status in RETRIED:
        wait_s = retry_after_s(response.headers.get("retry-after", ""), datetime.now(UTC))
        raise Again(url, f"status {status}; try again later", status=status, wait_s=wait_s)
    if status == 416:  # the file is shorter than what is safe of it: it is another one
        _restart(file)
        raise Again(url, "the file has changed; it is begun anew", status=status)
    if status not in (200, 206):
        response.read()
        raise FetchError(url, f"status {status} ({said(response.content)}); ask for a new export", status=status)
    encoded = response.headers.get("content-encoding", "identity").lower() != "identity"
    length = response.headers.get("content-length", "")
    if status == 206:
        match = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
        if match is None or int(match[1]) != file.offset or encoded:
            file.seekable = False
            file.save(update_fields=["seekable"])
            raise Again(url, "a part was asked for and another came; it is asked for whole")
        return file.offset, int(match[2]) if match[2] != "*" else None
    etag = response.headers.get("etag", "")[:200]
    if file.offset and file.etag and etag != file.etag:
        logger.warning("%s has changed at its source; it is begun anew", file)
        _restart(file)
    file.etag, file.seekable, file.sha256 = etag, not encoded, "" if encoded else _digest(response)
    file.save(update_fields=["etag", "seekable", "sha256"])
    return 0, int(length) if length.isdigit() and not encoded else None


class _Body:
    """Bytes as they come, cut after the last whole line of each piece."""

    def __init__(self, file: BulkFile, fetch: Fetch, progress: TypeProgress, *, skip: int) -> None:
        self._file = file
        self._fetch = fetch
        self._progress = progress
        self._skip = skip
        self._skipped = hashlib.sha256()
        self._check_skipped = skip > 0
        self._held = bytearray()

    def take(self, block: bytes) -> None:
        if self._skip:
            known, block = block[: self._skip], block[self._skip :]
            self._skipped.update(known)
            self._skip -= len(known)
        if self._check_skipped and not self._skip:
            self._check_skipped = False
            if self._skipped.hexdigest() != kept_digest(self._file):
                _restart(self._file)
                raise Again(_shown(self._file.url), "the file has changed; it is begun anew")
        self._held += block
        while len(self._held) >= self._fetch.chunk_bytes:
            # The same cuts whatever the size of the blocks, so that a piece that comes again is the same reading.
            end = self._held.rfind(b"\n", 0, self._fetch.chunk_bytes) + 1
            end = end or self._held.find(b"\n", self._fetch.chunk_bytes) + 1
            if not end:
                if len(self._held) > LONGEST_LINE:
                    raise FetchError(_shown(self._file.url), f"a line is longer than {LONGEST_LINE} bytes")
                return
            self._keep(bytes(self._held[:end]))
            del self._held[:end]

    def end(self) -> None:
        if self._held:
            self._keep(bytes(self._held))
            self._held.clear()

    def _keep(self, content: bytes) -> None:
        """Take in one piece; a process that dies in between does it again, which doubles nothing."""
        file, source = self._file, self._fetch.source
        name = f"{_shown(file.url)}#bytes={file.offset}-{file.offset + len(content) - 1}"
        if file.kind == BulkFileKind.OUTPUT:
            reading = receive(source, content, content_type=_NDJSON, origin=name)
            self._progress.add(open_reading(reading))
        else:
            take = take_deleted if file.kind == BulkFileKind.DELETED else take_errors
            reading = take(source, content, name)
            self._progress.pages += 1
        with transaction.atomic():
            BulkChunk.objects.create(file=file, start=file.offset, reading=reading)
            file.offset += len(content)
            file.lines += sum(1 for line in content.split(b"\n") if line.strip())
            file.save(update_fields=["offset", "lines"])
        self._fetch.on_progress(self._progress)


def kept_digest(file: BulkFile) -> str:
    """SHA-256 of what is kept of `file`, read back from the readings that hold it."""
    digest = hashlib.sha256()
    for reading_id in file.chunks.order_by("start").values_list("reading_id", flat=True):
        digest.update(bytes(Reading.objects.values_list("content", flat=True).get(pk=reading_id)))
    return digest.hexdigest()


def _verify(file: BulkFile) -> None:
    """Refuse a file that is not what was announced; the next run fetches it from its beginning."""
    url = _shown(file.url)
    if file.sha256 and kept_digest(file) != file.sha256:
        _restart(file)
        raise FetchError(url, "what came has another digest than the server gives; run the import again")
    if file.expected is not None and file.lines != file.expected:
        lines = file.lines
        _restart(file)
        raise FetchError(url, f"{lines} resources came, the manifest says {file.expected}; run the import again")


def _restart(file: BulkFile) -> None:
    with transaction.atomic():
        file.chunks.all().delete()
        file.offset, file.lines, file.etag = 0, 0, ""
        file.save(update_fields=["offset", "lines", "etag"])


def _digest(response: httpx.Response) -> str:
    """SHA-256 of the whole file in hexadecimal, by RFC 9530 or RFC 3230; empty where the server gives none."""
    for name in ("repr-digest", "content-digest", "digest"):
        match = _DIGEST.search(response.headers.get(name, ""))
        if match:
            try:
                return base64.b64decode(match[1], validate=True).hex()
            except binascii.Error:
                continue
    return ""


def _shown(url: str) -> str:
    """The address without its query, which can hold a signature."""
    return url.split("?", 1)[0]

"""The manifest of an export: what the server prepared, and from where it may be fetched."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

import msgspec

from integrations.ehr.address import AddressError, origin
from integrations.ehr.models import BulkFileKind
from integrations.readings.moment import instant
from integrations.readings.refusal import Refused


class ManifestError(ValueError):
    """A manifest that cannot be used; says why."""


class _File(msgspec.Struct):
    url: str
    type: str = ""
    count: int | None = None


class _Manifest(msgspec.Struct):
    transactionTime: str
    output: list[_File]
    requiresAccessToken: bool = True
    error: list[_File] = []
    deleted: list[_File] = []


@dataclass(frozen=True, slots=True)
class ManifestFile:
    kind: BulkFileKind
    resource_type: str
    url: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Files with whole addresses; `transaction_time` is the server's own."""

    transaction_time: datetime
    needs_token: bool
    files: tuple[ManifestFile, ...]


def read_manifest(content: bytes, url: str, base: str, hosts: Collection[str]) -> Manifest:
    """The manifest in `content`, which came from `url` of the server at `base`.

    Parameters
    ----------
    hosts
        Hosts besides the server's own that files may lie on, fetched without our token.

    Raises
    ------
    ManifestError
        If it is none.
    AddressError
        If a file lies where we do not go.
    """
    try:
        read = msgspec.json.decode(content, type=_Manifest)
        time = instant(read.transactionTime, "transactionTime")
    except msgspec.MsgspecError as error:
        raise ManifestError(f"{url} is no manifest of an export ({error}); have the server corrected") from error
    except Refused as refused:
        raise ManifestError(f"{url}: {refused.detail}") from refused
    lists = ((BulkFileKind.OUTPUT, read.output), (BulkFileKind.DELETED, read.deleted), (BulkFileKind.ERROR, read.error))
    return Manifest(
        time,
        read.requiresAccessToken,
        tuple(
            ManifestFile(
                kind, file.type[:64], file_address(url, file.url, base, hosts, read.requiresAccessToken), file.count
            )
            for kind, files in lists
            for file in files
        ),
    )


def file_address(page: str, link: str, base: str, hosts: Collection[str], needs_token: bool) -> str:
    """The whole address of a file that `page` links to.

    Raises
    ------
    AddressError
        If it is on another host that is not one of `hosts`, or that wants the token of this one.
    """
    try:
        url = urljoin(page, link)
        if origin(url) == origin(base):
            return url
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise AddressError(f"{link[:200]!r} is not an address ({error}); have the server corrected") from error
    if host not in hosts or parts.scheme != urlsplit(base).scheme:
        raise AddressError(
            f"{page} points to a file on {host}; name that host as one that files may be fetched from, if it is right"
        )
    if needs_token:
        raise AddressError(f"{page} wants the server's own token shown to {host}, which is not done")
    return url

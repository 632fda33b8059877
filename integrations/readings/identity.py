"""Which resource of which source, and which version of it, a text is; and which of two versions is the later."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.readings.models import QuarantineReason
from integrations.readings.moment import maybe_instant
from integrations.readings.refusal import Refused, shown

_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)
_LATE_STATUS = {"amended": 1, "corrected": 1, "entered-in-error": 2}


@dataclass(frozen=True, slots=True)
class Identity:
    """Name and version of one text.

    `version` is the source's `meta.versionId`, or the digest of the text where it gives none; `last_updated` the
    source's `meta.lastUpdated`, or None.
    """

    source_key: str
    resource_type: str
    resource_id: str
    version: str
    last_updated: datetime | None
    status: str
    sha256: str


def identify(data: dict[str, Any], text: str, source: str, full_url: str = "") -> Identity:
    """The identity of a resource; its id is taken from its Bundle's `urn:uuid:` name where it has none itself.

    Raises
    ------
    Refused
        INVALID_RESOURCE if it has no usable id, version or time of update.
    """
    resource_type, resource_id = data.get("resourceType"), data.get("id")
    if not isinstance(resource_type, str) or not re.fullmatch(r"[A-Z][A-Za-z]{1,63}", resource_type, re.ASCII):
        raise Refused(
            QuarantineReason.NOT_FHIR, f"resourceType is {shown(resource_type)}; send the name of a FHIR R4 resource"
        )
    if resource_id is None and full_url.startswith("urn:uuid:"):
        resource_id = full_url.removeprefix("urn:uuid:")
    if not isinstance(resource_id, str) or not _ID.fullmatch(resource_id):
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{resource_type}.id is {shown(resource_id)}; send 1 to 64 letters, digits, hyphens or points",
        )
    meta = data.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    version = meta.get("versionId")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if version is None:
        version = digest
    elif not isinstance(version, str) or not _ID.fullmatch(version):
        raise Refused(
            QuarantineReason.INVALID_RESOURCE,
            f"{resource_type}.meta.versionId is {shown(version)}; send 1 to 64 letters, digits, hyphens or points",
        )
    status = data.get("status")
    return Identity(
        source_key=f"{source}/{resource_type}/{resource_id}",
        resource_type=resource_type,
        resource_id=resource_id,
        version=version,
        last_updated=maybe_instant(meta.get("lastUpdated"), f"{resource_type}.meta.lastUpdated"),
        status=status if isinstance(status, str) else "",
        sha256=digest,
    )


def is_later(
    version: str, updated: datetime, status: str, than_version: str, than_updated: datetime, than_status: str
) -> bool:
    """Whether the first version replaces the second, whichever of them arrived first.

    Numbered versions go by number. Others go by the time of update; at the same time, a status that only a later
    version can have (corrected, amended, entered-in-error) decides, and at last the version's text, so that the answer
    never depends on the order of arrival.
    """
    if _is_number(version) and _is_number(than_version):
        return int(version) > int(than_version)
    return (updated, _LATE_STATUS.get(status, 0), version) > (
        than_updated,
        _LATE_STATUS.get(than_status, 0),
        than_version,
    )


def _is_number(version: str) -> bool:
    """Whether a version is counted; a digest, all of 64 digits by a rare chance, is not."""
    return version.isascii() and version.isdigit() and len(version) < 20

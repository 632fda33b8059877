"""What an export says of itself when it is done: https://hl7.org/fhir/uv/bulkdata/STU2/export.html, Complete Status."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.fhir.bulk.models import Export


def manifest(export: Export, base: str) -> dict[str, Any]:
    """The manifest, with addresses below `base`."""
    output, deleted, errors = [], [], []
    for part in export.parts.order_by("number"):
        for made in part.files:
            address = f"{base}$export/{export.pk}/{made['name']}"
            if part.deletions:
                deleted.append({"type": "Bundle", "url": address, "count": made["count"]})
            elif part.resource_type == "OperationOutcome":
                errors.append({"type": "OperationOutcome", "url": address, "count": made["count"]})
            else:
                output.append({"type": part.resource_type, "url": address, "count": made["count"]})
    return {
        "transactionTime": instant(export.transaction_time),
        "request": export.request,
        "requiresAccessToken": True,
        "output": output,
        **({"deleted": deleted} if export.since is not None else {}),
        "error": errors,
    }


def progress(export: Export) -> str:
    """For X-Progress: at most 100 characters."""
    parts = export.parts.count()
    if not parts:
        return "queued"
    return f"{export.parts.exclude(done_at=None).count()} of {parts} parts written"


def is_expired(export: Export) -> bool:
    return export.expires_at is not None and export.expires_at <= timezone.now()


def instant(when: datetime) -> str:
    """To the microsecond, so that it can be the ``_since`` of the next export."""
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")

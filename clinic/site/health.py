"""``/healthz``: the process answers. ``/readyz``: everything it needs answers too, each by name."""

import logging
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic.access.gate import public
from clinic.audit.chain import FIELDS, GENESIS, link_hash
from clinic.audit.models import AuditEvent, ChainHead
from clinic.site.celery import app
from clinic.site.heartbeat import DEAD_AFTER, last_beat

BROKER_PATIENCE_S = 2.0
log = logging.getLogger(__name__)


class NotReadyError(RuntimeError):
    """Something that answers cannot be given without; says what, and nothing that an outsider could use."""


@public("whether the process is alive, for the machine that restarts it; says nothing else")
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@public("whether the site can work, for the load balancer; names its parts and no data")
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when every part answers, else 503; each part with ``ok`` or the reason."""
    parts = {name: _said(name, look) for name, look in CHECKS.items()}
    ready = all(said == "ok" for said in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _said(name: str, look: Callable[[], None]) -> str:
    try:
        look()
    except NotReadyError as error:
        return str(error)
    except (DatabaseError, OSError, app.connection().connection_errors, app.connection().channel_errors):
        log.exception("readiness: %s does not answer", name)
        return "does not answer"
    return "ok"


def look_at_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def look_at_broker() -> None:
    """Connect, and for the filesystem broker look for its folder, which connecting does not touch."""
    with app.connection_for_write(connect_timeout=BROKER_PATIENCE_S) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_PATIENCE_S)
    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
        if not folder.is_dir():
            raise NotReadyError("the folder of the messages is missing")


def look_at_worker() -> None:
    last = last_beat()
    if last is None:
        raise NotReadyError("no worker was ever heard")
    silent = timezone.now() - last
    if silent > DEAD_AFTER:
        raise NotReadyError(f"no worker was heard for {silent.total_seconds():.0f} s")


def look_at_audit() -> None:
    """The chain's head exists and is its last event, whole. The walk along the whole chain is ``verify_audit``'s."""
    head = ChainHead.objects.filter(pk=1).first()
    if head is None:
        raise NotReadyError("the chain has no head")
    last = AuditEvent.objects.filter(sequence__gte=head.sequence).order_by("sequence").values(*FIELDS, "hash").first()
    if last is None and (head.sequence, head.hash) == (0, GENESIS):
        return
    if last is None or last["sequence"] != head.sequence or last["hash"] != head.hash or link_hash(last) != head.hash:
        raise NotReadyError("the chain's head is not its last event; run verify_audit")


CHECKS: dict[str, Callable[[], None]] = {
    "database": look_at_database,
    "broker": look_at_broker,
    "worker": look_at_worker,
    "audit chain": look_at_audit,
}

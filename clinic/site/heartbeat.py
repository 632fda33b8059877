"""A worker's sign of life: its main process writes one row every few seconds, however busy its children are."""

import logging
import threading
from datetime import datetime, timedelta
from typing import Any

from celery import signals
from django.db import DatabaseError, connection
from django.utils import timezone

EVERY_S = 5.0
DEAD_AFTER = timedelta(seconds=20)
FORGOTTEN_AFTER = timedelta(days=1)
"""Rows of workers that never came back are removed."""

log = logging.getLogger(__name__)
_running: dict[str, "_Heart"] = {}


def connect() -> None:
    """Listen to Celery; safe to call more than once."""
    signals.worker_ready.connect(_begin, dispatch_uid="heartbeat begins", weak=False)
    signals.worker_shutting_down.connect(_end, dispatch_uid="heartbeat ends", weak=False)


def beat(worker: str, started_at: datetime, *, now: datetime | None = None) -> None:
    """Write that `worker` is alive."""
    from clinic.site.models import WorkerHeartbeat  # models are not loaded yet when the site's app is made

    now = now or timezone.now()
    WorkerHeartbeat.objects.update_or_create(worker=worker[:200], defaults={"started_at": started_at, "beat_at": now})
    WorkerHeartbeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).delete()


def last_beat() -> datetime | None:
    """The newest sign of life of any worker."""
    from clinic.site.models import WorkerHeartbeat

    return WorkerHeartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()


class _Heart(threading.Thread):
    def __init__(self, worker: str) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.worker = worker
        self.started_at = timezone.now()
        self.stopped = threading.Event()

    def run(self) -> None:
        while True:
            try:
                beat(self.worker, self.started_at)
            except DatabaseError:  # the next beat tries again; meanwhile readiness says that no worker is heard
                log.exception("the heartbeat of %s could not be written", self.worker)
            finally:
                connection.close()  # no connection is held while the worker forks its children
            if self.stopped.wait(EVERY_S):
                return


def _begin(sender: Any, **_: Any) -> None:
    heart = _running.setdefault("heart", _Heart(str(sender.hostname)))
    if not heart.is_alive():
        heart.start()


def _end(**_: Any) -> None:
    heart = _running.pop("heart", None)
    if heart is not None:
        heart.stopped.set()

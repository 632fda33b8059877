"""One pull of a source at a time: a short lease, renewed while the pull runs, that nobody dead can hold for long."""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from integrations.ehr.models import PullLease
from integrations.ehr.source import SourceError
from integrations.readings.models import Source

LEASE = timedelta(seconds=120)
RENEW_S = 15.0


class SourceBusyError(SourceError):
    """A source that another pull is reading; says which."""


class Lease:
    """The right to pull from `source`, held as `holder`."""

    def __init__(self, source: Source, holder: str) -> None:
        self._source = source
        self._holder = holder
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Go on holding it; asks the database only every `RENEW_S`.

        Raises
        ------
        SourceBusyError
            If it ran out and another pull has taken it.
        """
        if time.monotonic() - self._renewed < RENEW_S:
            return
        self._renewed = time.monotonic()
        mine = PullLease.objects.filter(source=self._source, holder=self._holder)
        if not mine.update(until=timezone.now() + LEASE):
            raise SourceBusyError(f"another pull of source {self._source.slug} took over; this one ends here")


@contextmanager
def hold(source: Source) -> Iterator[Lease]:
    """Hold the lease of `source`; one that ran out, or whose process is gone, is taken over.

    Raises
    ------
    SourceBusyError
        If another pull holds it.
    """
    now = timezone.now()
    holder = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(8)}"
    known, _ = PullLease.objects.get_or_create(source=source, defaults={"until": now})
    free = not known.holder or known.until <= now or _is_gone(known.holder)
    unchanged = PullLease.objects.filter(source=source, holder=known.holder, until=known.until)
    if not (free and unchanged.update(holder=holder, until=now + LEASE)):
        raise SourceBusyError(
            f"another pull of source {source.slug} is running ({known.holder or 'just begun'}); let it end, or end it"
        )
    try:
        yield Lease(source, holder)
    finally:
        PullLease.objects.filter(source=source, holder=holder).update(holder="")


def _is_gone(holder: str) -> bool:
    """Whether `holder` is a process of this host that runs no more."""
    host, process, _ = holder.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it runs, as somebody else
        return False
    return False

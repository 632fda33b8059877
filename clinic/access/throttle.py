"""How often a login may fail before the next is refused unseen."""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinic.access.models import LoginFailures

WINDOW = timedelta(minutes=15)
A_NAME_FROM_AN_ADDRESS = 5
"""Failures of one name from one address; a name alone is not locked, or anybody could lock anybody out."""
AN_ADDRESS = 50
"""Failures from one address, whatever the names: a ward behind one proxy still fits."""


def is_blocked(name: str | None, address: str, *, now: datetime | None = None) -> bool:
    """Whether another try of this name, or of any where None, from this address is refused without looking at it."""
    start = (now or timezone.now()) - WINDOW
    counts = dict(
        LoginFailures.objects.filter(key__in=list(_limits(name, address)), since__gt=start).values_list("key", "count")
    )
    return any(counts.get(key, 0) >= limit for key, limit in _limits(name, address).items())


def note_failure(name: str | None, address: str, *, now: datetime | None = None) -> None:
    """Count one failure, and forget what is older than the window."""
    now = now or timezone.now()
    with transaction.atomic():
        LoginFailures.objects.filter(since__lte=now - WINDOW).delete()
        for key in _limits(name, address):
            row, made = LoginFailures.objects.select_for_update().get_or_create(
                key=key, defaults={"count": 1, "since": now}
            )
            if not made:
                row.count += 1
                row.save(update_fields=["count"])


def forget(name: str, address: str) -> None:
    """A login succeeded: the name's own failures from this address no longer count."""
    LoginFailures.objects.filter(key=next(iter(_limits(name, address)))).delete()


def _limits(name: str | None, address: str) -> dict[str, int]:
    address = line(address)
    limits = {} if name is None else {_digest("name", name.strip().casefold(), address): A_NAME_FROM_AN_ADDRESS}
    return {**limits, _digest("address", address): AN_ADDRESS}


def line(address: str) -> str:
    """Who one address of IPv6 has, has all of its /64 to choose from, so that they count as one; others as they are."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()

"""Whose turn it is to append: writers wait for each other without polling, and for the disk together.

Events stand in one line, so their writers do too. What can be spared is waiting badly:

- SQLite lets a writer that finds the database busy sleep, up to 100 ms at a time, and look again, in no order. A lock
  on a file beside the database wakes the next one at once.
- PostgreSQL holds the lock on the chain's head until the commit is on disk, so that each event costs one flush. Here
  the commit that appends does not wait for the disk, which frees the head at once; before `appending` ends, a second
  commit does wait, and PostgreSQL flushes those of all writers together. WAL is flushed in order: what is on disk
  after a crash is a chain without gaps, and nobody was told of an event that is not in it.

Inside a transaction of the caller's neither is done: the caller's own commit says when the event is kept.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

_FLUSH = "SELECT pg_logical_emit_message(true, 'audit', '')"
"""Writes a few bytes of WAL, so that the commit after it has something to wait for."""


@contextmanager
def appending() -> Iterator[None]:
    """One transaction for one event, on disk (as far as the database promises) when this ends without an exception."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
            yield
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_FLUSH)
    else:
        with _in_line(), transaction.atomic():
            yield


@contextmanager
def _in_line() -> Iterator[None]:
    database = Path(connection.settings_dict["NAME"])
    if not database.is_absolute():  # a database in memory has no other writers
        yield
        return
    handle = os.open(f"{database}-audit-turn", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

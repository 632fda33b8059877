"""Whose turn it is to append an event: on SQLite writers wait for each other in line, without polling.

Events stand in one line, so their writers do too. PostgreSQL wakes the next writer when the head of the chain is free.
SQLite lets a writer that finds the database busy sleep, up to 100 ms at a time, and look again, in no order: some
wait for seconds. There a lock on a file beside the database wakes the next one.

Inside a transaction of the caller's, which holds SQLite's own lock already, there is nothing to wait for.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction


@contextmanager
def appending() -> Iterator[None]:
    """One transaction for one event; its writer's turn ends with it."""
    database = Path(connection.settings_dict["NAME"] or "")
    # A database in memory has no other writers.
    if connection.vendor != "sqlite" or connection.in_atomic_block or not database.is_absolute():
        with transaction.atomic():
            yield
        return
    handle = os.open(f"{database}-audit-turn", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with transaction.atomic():
            yield
    finally:
        os.close(handle)

"""Threads that wait for work between calls: to start one costs as much as to fit forty patients."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_MOST = 64
"""More threads than any machine here has cores for: work waits for a thread of its own only beyond it."""

_pool = ThreadPoolExecutor(_MOST, "twins")


def side_by_side(*works: Callable[[], object]) -> None:
    """Do all, the first in the caller's own thread; return when all are done.

    Raises
    ------
    Exception
        What the first of them to fail raised, after the others have ended.
    """
    first, *others = works
    begun = [_pool.submit(work) for work in others]
    try:
        first()
    finally:
        failed = [problem for each in begun if (problem := each.exception())]
    if failed:
        raise failed[0]


def _begin_anew() -> None:
    global _pool
    _pool = ThreadPoolExecutor(_MOST, "twins")


# A forked process has none of its parent's threads and would wait for them for ever.
os.register_at_fork(after_in_child=_begin_anew)

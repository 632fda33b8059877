"""The best of several runs: what the machine can do when nothing else is in its way."""

import time
from collections.abc import Callable


def best(work: Callable[[], object], *, repeats: int = 5) -> float:
    """Seconds of the fastest of `repeats` runs, after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def shown(seconds: float) -> str:
    """``1.2 ms``, ``3.4 s``."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"

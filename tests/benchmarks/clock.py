"""The best of several runs: what the machine can do when nothing else is in its way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from tests.environment import ROOT


def best(work: Callable[[], object], *, repeats: int = 5) -> float:
    """Seconds of the fastest of `repeats` runs, after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def ceiling(work: Callable[[], object], *, seconds: float = 1.0) -> float:
    """How much more two processes get done than one, side by side: no two threads can do better on this machine."""
    work()
    alone = _rate(work, seconds)
    other = os.fork()
    if other == 0:
        _rate(work, 20.0 * seconds)
        os._exit(0)
    try:
        return 2.0 * _rate(work, seconds) / alone
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)


def _rate(work: Callable[[], object], seconds: float) -> float:
    """Runs a second."""
    began, runs = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        work()
        runs += 1
    return runs / passed


def shown(seconds: float) -> str:
    """``1.2 ms``, ``3.4 s``."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def fresh(script: str, *, repeats: int = 3) -> tuple[float, float]:
    """Seconds that a new process says its script took, and seconds with the interpreter: the fastest of `repeats`.

    One process before them leaves kernels and byte code behind, as ``manage.py warm`` does.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "var" / "pycache"))
    kept["PYTHONPATH"] = str(ROOT)
    said, whole = [], []
    for _ in range(1 + repeats):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=kept, capture_output=True, text=True, check=True
        )
        whole.append(time.perf_counter() - began)
        said.append(float(done.stdout.split()[-1]))
    return min(said[1:]), min(whole[1:])

"""The processes of a site on one machine: started together, stopped together, none left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType


class ProcessDiedError(RuntimeError):
    """A process that should have gone on has ended; names it and the log that says why."""


class Processes:
    """Child processes with a log file each, every one in a process group of its own.

    Leaving the context stops all: SIGTERM, and SIGKILL to the group for what is still there after `patience` seconds.
    """

    def __init__(self, logs: Path, *, patience: float = 10.0) -> None:
        self.logs = logs
        self.patience = patience
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> int:
        """Start `arguments`, its output in ``<logs>/<name>.log``, and return its process id."""
        with (self.logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - the arguments are ours
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self._children[name] = child
        return child.pid

    def run(self, name: str, arguments: Sequence[str]) -> None:
        """Run `arguments` to its end, output in its log; raise `ProcessDiedError` if it fails."""
        self.start(name, arguments)
        child = self._children.pop(name)
        try:
            code = child.wait()
        finally:
            if child.poll() is None:
                self._children[name] = child  # interrupted: stop() ends it
        if code:
            raise ProcessDiedError(f"{name} ended with code {code}; see {self.logs / f'{name}.log'}")

    def check(self) -> None:
        """Raise `ProcessDiedError` if any has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                raise ProcessDiedError(f"{name} ended with code {child.returncode}; see {self.logs / f'{name}.log'}")

    def forget(self, pid: int) -> None:
        """Let go of a child that was ended on purpose; it is waited for, so that none stays as a zombie."""
        for name, child in list(self._children.items()):
            if child.pid == pid:
                child.wait()
                del self._children[name]

    def stop(self) -> None:
        """Stop all, last started first; safe to call twice."""
        children = list(reversed(self._children.values()))
        self._children.clear()
        for child in children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + self.patience
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            child.wait()


def manage(*arguments: str) -> list[str]:
    """The command line of ``manage.py <arguments>`` under this interpreter."""
    root = Path(__file__).resolve().parent.parent.parent
    return [sys.executable, str(root / "manage.py"), *arguments]


def web(port: int, *, host: str = "127.0.0.1", workers: int = 1, threads: int = 4) -> list[str]:
    """The web server's command line."""
    return [
        *(sys.executable, "-m", "gunicorn", "clinic.site.wsgi:application"),
        *("--bind", f"{host}:{port}", "--workers", str(workers), "--threads", str(threads)),
        *("--keep-alive", "75"),  # clients that read page by page think for longer than gunicorn's two seconds
        *("--worker-tmp-dir", "/dev/shm" if Path("/dev/shm").is_dir() else "."),  # noqa: S108 - heartbeat files only
        *("--no-control-socket",),
    ]


def worker(*, concurrency: int = 2, beat: bool = True, name: str = "worker") -> list[str]:
    """The worker's command line; with `beat` it is also the clock of the scheduled work."""
    clock = ["--beat"] if beat else []
    return [
        *(sys.executable, "-m", "celery", "--app", "clinic.site", "worker", "--hostname", f"{name}@%h"),
        *("--concurrency", str(concurrency), "--loglevel", "INFO", *clock),
    ]

"""A site's processes: started together, stopped together, none left behind."""

import os
import sys
import time
from pathlib import Path

import pytest

from clinic.site.processes import ProcessDiedError, Processes

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
HAS_A_CHILD = [
    sys.executable,
    "-c",
    "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()",
]


def alive(pid: int) -> bool:
    """Whether `pid` is a process that still runs; a zombie that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_leaving_the_context_stops_every_process(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        pids = [processes.start(name, SLEEPS) for name in ("one", "two")]
        assert all(alive(pid) for pid in pids)
    assert not any(alive(pid) for pid in pids)


def test_an_exception_inside_stops_them_too(tmp_path: Path) -> None:
    started: list[int] = []

    def interrupted() -> None:
        with Processes(tmp_path) as processes:
            started.append(processes.start("one", SLEEPS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not alive(started[0])


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    with Processes(tmp_path, patience=0.5) as processes:
        pid = processes.start("deaf", DEAF)
        time.sleep(0.3)
    assert not alive(pid)


def test_the_children_of_a_process_go_with_it(tmp_path: Path) -> None:
    with Processes(tmp_path, patience=2) as processes:
        processes.start("parent", HAS_A_CHILD)
        log = tmp_path / "parent.log"
        while not log.read_text(encoding="utf-8").strip():
            time.sleep(0.05)
        child = int(log.read_text(encoding="utf-8"))
        assert alive(child)
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def test_one_that_ended_by_itself_is_named_with_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("brief", [sys.executable, "-c", "import sys; print('why'); sys.exit(3)"])
        while (tmp_path / "brief.log").read_text(encoding="utf-8") != "why\n":
            time.sleep(0.05)
        time.sleep(0.5)
        with pytest.raises(ProcessDiedError, match="brief ended with code 3"):
            processes.check()


def test_a_step_that_fails_raises_and_one_that_succeeds_does_not(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.run("good", [sys.executable, "-c", "pass"])
        with pytest.raises(ProcessDiedError, match="bad ended with code 1"):
            processes.run("bad", [sys.executable, "-c", "raise SystemExit(1)"])


def test_the_environment_given_is_added_to_ours(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start(
            "says",
            [sys.executable, "-c", "import os; print(os.environ['A_WORD'], 'PATH' in os.environ)"],
            environment={"A_WORD": "hello"},
        )
        os.waitpid(-1, 0)
    assert (tmp_path / "says.log").read_text(encoding="utf-8") == "hello True\n"

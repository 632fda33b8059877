"""A site with real processes, and a real browser, for the browser tests and for the pictures of the docs."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from clinic.site.processes import Processes, manage, web, worker
from tests import migrated
from tests.conftest import CHROMIUM

ROOT = Path(__file__).resolve().parent.parent.parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Site:
    address: str
    passwords: dict[str, str]
    folder: Path = Path()
    """Its ``VAR_DIR``, for what a test does behind the pages."""

    def run(self, *command: str) -> str:
        """The output of a command in the site's own environment, such as ``manage("pull", …)``."""
        done = subprocess.run(
            command, env=_environment(self.folder), cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """A filled database, a web server and a worker, in a folder of their own."""
    environment = _environment(folder)
    empty = Site("", {}, folder)
    migrated.into(folder)
    for command in (
        manage("demo_users"),
        [sys.executable, "-m", "tests.browser.fill"],
    ):
        empty.run(*command)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with Processes(folder / "logs") as processes:
        processes.start("web", web(port), environment=environment)
        processes.start("worker", worker(concurrency=1, beat=False), environment=environment)
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/healthz", processes)
        yield Site(address, json.loads((folder / "demo_logins.json").read_text(encoding="utf-8")), folder)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "VAR_DIR": str(folder), "WARD_TIME_ZONE": "Europe/Zurich"}


def _wait_for(url: str, processes: Processes) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        processes.check()
        try:
            httpx.get(url, trust_env=False, timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{url} did not answer")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


def sign_in(browser: Browser, site: Site, username: str) -> dict:
    """The cookies of a person of the demo ward, signed in through the form."""
    context = browser.new_context(base_url=site.address)
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(site.passwords[username])
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log out").wait_for()
    state = context.storage_state()
    context.close()
    return state

"""A site with real processes and a real browser, shared by the browser tests."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from clinic.site.processes import Processes, manage, web, worker
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


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A filled database, a web server and a worker, in a folder of their own."""
    folder = tmp_path_factory.mktemp("browser-site")
    environment = {**os.environ, "VAR_DIR": str(folder), "WARD_TIME_ZONE": "Europe/Zurich"}
    for command in (
        manage("migrate", "--no-input"),
        manage("demo_users"),
        [sys.executable, "-m", "tests.browser.fill"],
    ):
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with Processes(folder / "logs") as processes:
        processes.start("web", web(port), environment=environment)
        processes.start("worker", worker(concurrency=1, beat=False), environment=environment)
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/healthz", processes)
        yield Site(address, json.loads((folder / "demo_logins.json").read_text(encoding="utf-8")))


def _wait_for(url: str, processes: Processes) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        processes.check()
        try:
            httpx.get(url, trust_env=False, timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{url} did not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> dict:
    """The cookies of the clinician of the demo ward, signed in through the form."""
    return sign_in(browser, site, "clinician")


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


class Watched:
    """A page whose console, failed requests and remote addresses are kept."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        context.set_default_timeout(15_000)
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text, message.location["url"]))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "request",
            lambda request: (
                None if request.url.startswith(site.address) else self.problems.append(f"remote: {request.url}")
            ),
        )
        self.page.on(
            "response",
            lambda response: (
                None if response.status < 400 else self.problems.append(f"{response.status} {response.url}")
            ),
        )

    def _note(self, kind: str, text: str, where: str) -> None:
        # a page of plain text can name no icon, so the browser looks for one by itself
        if kind in ("error", "warning") and not where.endswith("/favicon.ico"):
            self.problems.append(f"{text} ({where})")


@pytest.fixture
def watched(browser: Browser, site: Site, signed_in: dict) -> Iterator[Watched]:
    """A clinician's page; whatever the browser complained about fails the test."""
    context = browser.new_context(base_url=site.address, storage_state=signed_in)
    made = Watched(context, site)
    yield made
    context.close()
    assert made.problems == []


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page

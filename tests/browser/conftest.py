"""One site and one browser for all browser tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.site import Site, chromium, running, sign_in


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("browser-site")) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> dict:
    """The cookies of the clinician of the demo ward, signed in through the form."""
    return sign_in(browser, site, "clinician")


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

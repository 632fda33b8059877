"""A passkey set up and used in a real browser, and a session that says before it ends."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.conftest import Site, Watched

pytestmark = pytest.mark.browser


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Watched]:
    """The one whose login no other test uses; whatever the browser complained about fails the test."""
    address = site.address.replace("127.0.0.1", "localhost")  # a browser makes keys for names alone
    context = browser.new_context(base_url=address)
    made = Watched(context, Site(address, site.passwords))
    yield made
    context.close()
    assert made.problems == []


def key_in(page: Page) -> CDPSession:
    """A security key in the browser's own socket, which the person touches each time."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def give_password(page: Page, site: Site, name: str = "visitor") -> None:
    page.goto("/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(site.passwords[name])
    page.get_by_role("button", name="Log in").click()


def test_a_key_is_added_asked_for_at_the_next_login_and_removed(visitor: Watched, site: Site):
    page = visitor.page
    key_in(page)
    give_password(page, site)
    page.get_by_role("link", name="Vic Elsewhere").click()
    page.get_by_role("link", name="Add a passkey or security key").click()
    page.get_by_label("What you call it").fill("blue stick")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_text("blue stick").first).to_be_visible()

    page.get_by_role("link", name="Add a passkey or security key").click()
    page.get_by_label("What you call it").fill("the same again")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("status")).to_have_text("This key is set up already. Use another one.")

    page.get_by_role("button", name="Log out").click()
    give_password(page, site)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a key").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

    page.get_by_role("link", name="Vic Elsewhere").click()
    page.get_by_role("button", name="Remove blue stick").click()
    expect(page.get_by_text("It is removed, and opens nothing any more.")).to_be_visible()
    expect(page.get_by_text("None so far.")).to_be_visible()


def test_a_page_says_before_its_session_ends_and_one_button_keeps_it(visitor: Watched, site: Site):
    page = visitor.page
    give_password(page, site)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    seconds = {"left": 60}
    page.route("**/session", lambda route: route.fulfill(json={"seconds": seconds["left"]}))
    page.clock.install()
    page.goto("/formulary")
    warning = page.locator("#session-warning")
    expect(warning).to_be_hidden()
    page.clock.run_for(14 * 60_000)
    expect(warning).to_contain_text("You are logged out in less than a minute")
    warning.get_by_role("button", name="Stay logged in").click()
    expect(warning).to_be_hidden()

    seconds["left"] = 0
    page.clock.run_for(14 * 60_000)
    expect(page).to_have_url(re.compile(r"/login\?ended=1&next=%2Fformulary"))
    expect(page.get_by_role("status")).to_have_text("Your session has ended. Log in to go on where you were.")

"""Each page of the URL table is looked at, and none is forgotten: here those that the demo ward does not lead to."""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, Page

from clinic.access.gate import Door
from tests.architecture.every_url import ROWS
from tests.browser.conftest import Watched
from tests.browser.site import Site
from tests.browser.test_clarity import BY_ROLE, FOLLOWED, is_clear

VISITS: dict[str, tuple[str, ...]] = {
    "clinician": (
        *("comparison, signed", "comparison, amended", "comparison, outdated", "comparison, second signature"),
        *("decision-amend", "record", "comparison-wait", "help", "formulary-model", "oauth-authorize"),
    ),
    "auditor": ("audit-history",),
    "administrator": ("source-new", "source", "client", "quarantine-entry"),
    "researcher": ("study",),
}
"""By role: names of the URL table, with the state of the page where it has several."""
ADDRESSES = {
    "help": "/help",
    "source-new": "/administration/sources/new",
    "formulary-model": "/formulary/vancomycin-goti-2018",
}
"""Of what no row has to be made for; the others are told by `tests.browser.states`."""
OF_STRANGERS = {"login", "forgotten-password", "set-password", "second-factor"}
REVIEW = {"break-glass-review"}
NO_PAGE = {
    "worklist-rows": "a part of the worklist",
    "patient-progress": "a part of the patient's page",
    "comparison-preview": "a part of the form",
    "comparison-note": "plain text",
    "comparison-pdf": "a PDF",
    "record-received": "a file",
    "study-file": "a file",
    "audit-export": "a file",
    "openapi-page": "JSON",
    "launch": "leads on to the page of its patient",
    "launch-callback": "leads on to the page of its patient",
    **dict.fromkeys(("healthz", "readyz", "fhir-metadata", "cds-discovery"), "for machines"),
    **dict.fromkeys(("smart-configuration", "openid-configuration", "oauth-jwks"), "for machines"),
    **dict.fromkeys(("oauth-token", "oauth-revoke", "oauth-introspect"), "for machines"),
    **dict.fromkeys(("logout", "language", "single-sign-on", "single-sign-on-return"), "leads on to another page"),
    **dict.fromkeys(("session-left", "session-stay"), "asked by a script of every page"),
}
"""What answers with no page of its own, and why."""


def test_no_page_of_the_table_is_left_out() -> None:
    """A new page needs a visit here or in `test_clarity`, or a reason why it is none."""
    by_path = {resolve(path).url_name for _, paths in BY_ROLE for path in paths}
    named = {name.partition(",")[0] for names in VISITS.values() for name in names}
    visited = {*FOLLOWED, *by_path, *named, *OF_STRANGERS, *REVIEW}
    pages = {name for name, row in ROWS.items() if row.door is Door.PUBLIC or "get" in row.methods}
    assert visited | set(NO_PAGE) == pages
    assert visited & set(NO_PAGE) == set()


@pytest.fixture(scope="module")
def states(site: Site) -> dict[str, Any]:
    return dict(json.loads(site.run(sys.executable, "-m", "tests.browser.states", site.address)))


def is_clear_wide_and_narrow(page: Page, name: str) -> None:
    """Light on a wide screen and dark on a narrow one, loaded once."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    is_clear(page, name, "light")
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme="dark")
    is_clear(page, name, "dark at 320 px")


@pytest.mark.browser
@pytest.mark.parametrize("role", VISITS)
def test_axe_finds_nothing_on_a_page_in_any_state(
    browser: Browser, site: Site, states: dict[str, Any], role: str
) -> None:
    context = browser.new_context(base_url=site.address)
    context.add_cookies([{"name": "sessionid", "value": states["cookies"][role], "url": site.address}])
    watched = Watched(context, site)
    for name in VISITS[role]:
        address = ADDRESSES.get(name) or states["addresses"][name]
        assert resolve(urlsplit(address).path).url_name == name.partition(",")[0]
        assert watched.page.goto(address).status == 200, name
        for summary in watched.page.locator("main details > summary").all():
            summary.click()
        is_clear_wide_and_narrow(watched.page, name)
    assert watched.problems == []
    context.close()


@pytest.mark.browser
def test_a_comparison_says_in_which_state_it_is(browser: Browser, site: Site, states: dict[str, Any]) -> None:
    """That the pages above are what they are called."""
    context = browser.new_context(base_url=site.address)
    context.add_cookies([{"name": "sessionid", "value": states["cookies"]["clinician"], "url": site.address}])
    page = context.new_page()
    for name, words in (
        ("comparison, signed", "is signed"),
        ("comparison, amended", "On second thoughts."),
        ("comparison, outdated", "newer"),
        ("comparison, second signature", "second signature"),
    ):
        page.goto(states["addresses"][name])
        assert words in page.locator("main").inner_text(), name
    context.close()


@pytest.mark.browser
def test_axe_finds_nothing_where_a_patient_is_closed_opened_in_an_emergency_and_reviewed(
    browser: Browser, site: Site, states: dict[str, Any]
) -> None:
    context = browser.new_context(base_url=site.address)
    context.add_cookies([{"name": "sessionid", "value": states["cookies"]["clinician"], "url": site.address}])
    page = context.new_page()
    assert page.goto(states["addresses"]["closed patient"]).status == 403
    is_clear_wide_and_narrow(page, "closed patient")
    page.get_by_role("radio").first.check()
    page.get_by_label("Reason").fill("Nobody else is there.")
    page.get_by_role("button", name="Open in an emergency").click()
    page.get_by_text("Emergency access until").wait_for()
    is_clear_wide_and_narrow(page, "patient, in an emergency")
    context.clear_cookies()
    context.add_cookies([{"name": "sessionid", "value": states["cookies"]["auditor"], "url": site.address}])
    page.goto("/break-glass/reviews")
    page.get_by_role("row", name="Nobody else is there.").get_by_role("link").first.click()
    assert resolve(page.url.removeprefix(site.address)).url_name == "break-glass-review"
    is_clear_wide_and_narrow(page, "break-glass-review")
    context.close()


@pytest.mark.browser
def test_axe_finds_nothing_on_the_way_in(browser: Browser, site: Site, states: dict[str, Any]) -> None:
    context = browser.new_context(base_url=site.address)
    watched = Watched(context, site)
    page = watched.page
    for name, address in (
        ("forgotten-password", "/login/forgotten"),
        ("set-password", states["addresses"]["set-password"]),
    ):
        assert resolve(address).url_name == name
        assert page.goto(address).status == 200
        is_clear_wide_and_narrow(page, name)
    page.goto("/login")
    is_clear_wide_and_narrow(page, "login")
    page.get_by_label("User name").fill("two-steps-of-states")
    page.get_by_label("Password").fill(states["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/login/second-factor")
    is_clear_wide_and_narrow(page, "second-factor")
    assert watched.problems == []
    context.close()

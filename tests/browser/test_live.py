"""What a page renews by itself: seen to be renewed, never taken for the newest when no answer came, focus kept."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, site: Site, signed_in: dict) -> Iterator[Page]:
    """Not watched: the browser complains of the answers that these tests withhold."""
    context = browser.new_context(base_url=site.address, storage_state=signed_in)
    yield context.new_page()
    context.close()


def abort(route: Route) -> None:
    route.abort()


def fail(route: Route) -> None:
    route.fulfill(status=500, body="broken")


@pytest.mark.parametrize("withhold", [abort, fail])
def test_doses_that_got_no_answer_do_not_stand_above_the_answer_for_others(page: Page, withhold):
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Okafor, Daniel").click()
    page.get_by_role("link", name="Ask for other plans").click()
    page.get_by_label("Every").first.select_option("24")
    page.get_by_label("Infused over, h").first.fill("1.5")
    amount = page.get_by_label("Dose, mg", exact=True).first
    amount.fill("1000")
    answer = page.locator("#preview ol.plans li").nth(1)
    expect(answer).to_contain_text("1000 mg")
    notice = page.get_by_role("alert").filter(has_text="Not computed: no answer came.")
    expect(notice).to_have_count(0)

    page.route("**/preview?*", withhold)
    amount.fill("1250")
    expect(notice).to_be_visible()
    expect(page.locator("#preview")).to_be_hidden()
    expect(amount).to_be_focused()

    page.unroute("**/preview?*")
    amount.fill("1500")
    expect(answer).to_contain_text("1500 mg")
    expect(answer).to_be_visible()
    expect(notice).to_have_count(0)


def test_an_answer_is_marked_as_old_from_the_first_key_until_the_new_one_is_there(page: Page):
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Okafor, Daniel").click()
    page.get_by_role("link", name="Ask for other plans").click()
    preview = page.locator("#preview")
    held: list[Route] = []
    page.route("**/preview?*", lambda route: held.append(route))
    page.get_by_label("Dose, mg", exact=True).first.press_sequentially("1")
    assert preview.get_attribute("aria-busy") == "true"
    assert float(preview.evaluate("(it) => getComputedStyle(it).opacity")) < 1
    page.wait_for_timeout(500)  # the request is under way now
    assert preview.get_attribute("aria-busy") == "true"
    held[-1].continue_()
    expect(preview).not_to_have_attribute("aria-busy", "true")


def test_a_renewed_list_leaves_the_focus_where_it_was_and_says_when_it_is_not_renewed(page: Page):
    page.clock.install()
    page.goto("/")
    link = page.get_by_role("link", name=re.compile("^Compare plans of")).first
    link.focus()
    focused = page.evaluate("document.activeElement.id")
    with page.expect_response(re.compile("/worklist/rows")):
        page.clock.run_for(61_000)
    page.clock.run_for(1_000)
    assert focused
    assert page.evaluate("document.activeElement.id") == focused
    notice = page.get_by_role("alert").filter(has_text="Not renewed: no answer came.")
    expect(notice).to_have_count(0)

    page.route("**/worklist/rows*", abort)
    page.clock.run_for(61_000)
    expect(notice).to_be_visible()
    expect(link).to_be_visible()
    page.unroute("**/worklist/rows*")
    page.clock.run_for(61_000)
    expect(notice).to_have_count(0)

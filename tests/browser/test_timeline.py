"""The timeline in a real browser: by keyboard, with scripts and without."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site

pytestmark = pytest.mark.browser

LEVEL = re.compile(r"^Vancomycin level [\d.]+ mg")


def open_patient(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Moreau")).first.click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()


def test_a_point_opens_beside_the_timeline_and_another_window_is_swapped_in(page: Page):
    open_patient(page)
    address = page.url
    point = page.locator(".wide-only").get_by_role("link", name=LEVEL).first
    said = point.get_attribute("aria-label")
    point.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#record article")
    expect(panel.get_by_role("heading")).to_have_text(re.compile(r"^Vancomycin level: [\d.]+ mg/L$"))
    assert said.split(",")[0].removeprefix("Vancomycin level ") in panel.inner_text()
    assert page.url == address
    expect(page.locator("#record")).to_be_focused()

    page.get_by_role("link", name="24 hours").click()
    page.wait_for_url("**?window=24h*")
    expect(page.get_by_role("link", name="24 hours")).to_have_attribute("aria-current", "true")
    assert page.locator("#timeline").count() == 1
    page.get_by_role("link", name="Earlier").click()
    page.wait_for_url("**?from=*")
    page.go_back()
    expect(page.get_by_role("link", name="24 hours")).to_have_attribute("aria-current", "true")


def test_without_scripts_points_and_windows_are_links_to_pages(browser: Browser, site: Site, signed_in: dict):
    context = browser.new_context(base_url=site.address, storage_state=signed_in, java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = context.new_page()
    open_patient(page)
    page.get_by_role("link", name="3 days").click()
    expect(page.get_by_role("link", name="3 days")).to_have_attribute("aria-current", "true")
    page.locator(".wide-only").get_by_role("link", name=LEVEL).first.click()
    expect(page.get_by_role("heading", name="As it was received")).to_be_visible()
    expect(page.get_by_role("button", name="Question it")).to_be_visible()
    context.close()

"""Every page in light, dark, at 320 px and in print: accessible, nothing beyond the edge, painted soon."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import resolve
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Watched
from tests.browser.site import Site, sign_in

pytestmark = pytest.mark.browser

LOOKS = (
    ("light", {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}}),
    ("dark", {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}}),
    ("320 px", {"color_scheme": "light", "viewport": {"width": 320, "height": 640}}),
)


def addresses(page: Page) -> dict[str, str]:
    """Each kind of page and its address, found by following links as a person would."""
    page.goto("/")
    found = {"worklist": "/"}
    for name, family in (("patient", "Moreau"), ("no level", "Petrov"), ("cannot", "Da Silva"), ("other", "O'Brien")):
        found[name] = page.get_by_role("link", name=re.compile(f"^{family}")).first.get_attribute("href")
    found["comparison"] = page.get_by_role("link", name=re.compile("Compare plans of Moreau")).get_attribute("href")
    found["comparison, no level"] = page.get_by_role("link", name=re.compile("plans of Petrov")).get_attribute("href")
    found["ask"] = f"{found['patient']}/compare"
    found["ask, several"] = f"{found['patient']}/compare?plan1-amount_mg=750&stop=1&models=apart&why=current"
    found["ask, cannot"] = f"{found['cannot']}/compare"
    page.goto(found["patient"])
    found["patient, a day"] = f"{found['patient']}?window=24h"
    found["record"] = page.get_by_role(
        "link", name=re.compile("Vancomycin level at .* open the record")
    ).first.get_attribute("href")
    found["values"] = page.get_by_role("link", name="Heart rate", exact=True).get_attribute("href")
    found["question"] = page.get_by_role("link", name=re.compile("question this")).first.get_attribute("href")
    return found


def is_clear(page: Page, name: str, look: str) -> None:
    """Axe finds nothing, and nothing reaches beyond the edge."""
    results = Axe().run(page)
    assert results.violations_count == 0, f"{name} in {look}: {results.generate_report()}"
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 0, f"{name} is {beyond} px too wide in {look}"


def is_clear_in_every_look(page: Page, name: str) -> None:
    """The same page in each look, loaded once."""
    for look, settings in LOOKS:
        page.emulate_media(color_scheme=settings["color_scheme"])
        page.set_viewport_size(settings["viewport"])
        is_clear(page, name, look)


@pytest.mark.parametrize(("look", "settings"), LOOKS, ids=[look for look, _ in LOOKS])
def test_axe_finds_nothing_and_nothing_reaches_beyond_the_edge(
    browser: Browser, site: Site, signed_in: dict, look: str, settings: dict
):
    context = browser.new_context(base_url=site.address, storage_state=signed_in, **settings)
    watched = Watched(context, site)
    page = watched.page
    found = addresses(page)
    assert {resolve(urlsplit(address).path).url_name for address in found.values()} == set(FOLLOWED)
    for name, address in found.items():
        page.goto(address)
        for summary in page.locator("details > summary").all():
            summary.click()
        is_clear(page, name, look)
    assert watched.problems == []
    context.close()


FOLLOWED = ("worklist", "patient", "comparison", "comparison-new", "record", "patient-values", "question")
"""The names, in the URL table, of the pages that `addresses` leads to."""
BY_ROLE = (
    ("administrator", ("/clients", "/clients/new", "/subscriptions", "/quarantine", "/formulary")),
    (
        "administrator",
        (
            *("/administration/people", "/administration/people/new", "/administration/people/1"),
            *("/administration/teams", "/administration/teams/1", "/administration/restrictions"),
            *("/administration/sources", "/formulary/limits/vancomycin"),
            *("/formulary/followed", "/formulary/followed/vancomycin", "/formulary/followed/phenytoin"),
        ),
    ),
    ("auditor", ("/audit", "/audit/events/1", "/break-glass/reviews")),
    # The address of this model's article is the longest.
    ("pharmacist", ("/cds-feedback", "/subscriptions", "/formulary/gentamicin-xuan-2004-adult")),
    ("clinician", ("/apps", "/cds-feedback", "/break-glass")),
    ("researcher", ("/studies", "/studies/new", "/account", "/account/password", "/account/app", "/account/key")),
)


@pytest.mark.parametrize(("username", "paths"), BY_ROLE)
def test_the_pages_of_each_role_are_accessible_in_every_look(
    browser: Browser, site: Site, username: str, paths: tuple[str, ...]
):
    context = browser.new_context(base_url=site.address, storage_state=sign_in(browser, site, username))
    watched = Watched(context, site)
    for path in paths:
        assert watched.page.goto(path).status == 200, path
        is_clear_in_every_look(watched.page, path)
    assert watched.problems == []
    context.close()


def test_the_pages_of_strangers_and_refusals_are_accessible_too(browser: Browser, site: Site, signed_in: dict):
    context = browser.new_context(base_url=site.address)
    page = context.new_page()
    for address, status in (("/login", 200), ("/", 401)):
        assert page.goto(address).status == status
        assert Axe().run(page).violations_count == 0, address
    context.close()
    context = browser.new_context(base_url=site.address, storage_state=signed_in)
    page = context.new_page()
    for address, status in (("/nowhere", 404), ("/quarantine", 403)):
        assert page.goto(address).status == status
        assert page.get_by_role("link", name=re.compile("first page")).count() == 1
        assert Axe().run(page).violations_count == 0, address
    context.close()


def test_the_table_of_a_study_is_whole_on_a_screen_in_german_too(browser: Browser, site: Site):
    state = sign_in(browser, site, "researcher")
    context = browser.new_context(base_url=site.address, storage_state=state, **LOOKS[0][1])
    page = Watched(context, site).page
    page.goto("/studies/new")
    page.get_by_label("Title").fill("Two doses")
    page.get_by_label("Virtual patients").fill("300")
    page.get_by_role("button", name="Start the study").click()
    page.get_by_role("heading", name="The same numbers").wait_for(timeout=120_000)
    page.get_by_role("button", name="Deutsch").click()
    table = page.get_by_role("region", name="Tabelle der Exposition")
    table.wait_for()
    width, whole = table.evaluate("element => [element.clientWidth, element.scrollWidth]")
    assert whole <= width
    context.close()


def test_the_print_view_has_the_plans_and_leaves_out_what_cannot_be_pressed_on_paper(page: Page):
    found = addresses(page)
    page.goto(found["comparison"])
    page.emulate_media(media="print")
    for heading in ("The plans in a sentence", "The numbers", "What was assumed", "Why", "Decision"):
        assert page.get_by_role("heading", name=heading, exact=True).is_visible(), heading
    assert page.locator("footer").get_by_text("Patient Twin advises, never orders.").is_visible()
    for name in ("Copy the note", "Sign the chosen plan", "Log out", "Print this page"):
        assert not page.get_by_role("button", name=name).is_visible()
    assert page.get_by_role("img").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_server_time_of_each_page_is_told(page: Page, capsys: pytest.CaptureFixture[str]):
    """Printed for the reader, not asserted: a clock on a busy machine says nothing about the page."""
    lines = []
    for name, address in addresses(page).items():
        page.goto(address)
        page.goto(address)
        timing = page.evaluate(
            "(() => { const n = performance.getEntriesByType('navigation')[0];"
            " return [n.responseStart - n.requestStart, n.transferSize] })()"
        )
        lines.append(f"{name:24} {timing[0]:6.0f} ms to the first byte, {timing[1] / 1000:6.1f} kB")
    with capsys.disabled():
        import sys

        sys.stdout.write("\nServer time of each page (aim: under 300 ms)\n" + "\n".join(lines) + "\n")

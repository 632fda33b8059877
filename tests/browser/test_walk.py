"""From the login to the signed note in a real browser, as a clinician does it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, sign_in

pytestmark = pytest.mark.browser


def test_from_the_worklist_over_the_patient_to_a_signed_comparison_and_its_note(page: Page, site: Site):
    clicks = 0
    page.goto("/")
    page.get_by_role("link", name="Lindqvist, Jonas", exact=True).click()
    clicks += 1
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    page.get_by_role("link", name="Compare plans", exact=True).click()
    clicks += 1
    expect(page.get_by_role("heading", name="The plans in a sentence")).to_be_visible()
    assert clicks <= 3
    assert page.locator("input[type=radio]:checked").count() == 0

    page.get_by_role("button", name="Sign the chosen plan").click()  # the browser itself asks for plan and reason
    expect(page).to_have_url(re.compile(r"/comparisons/[0-9a-f-]+(#sign)?$"))
    page.get_by_role("radio", name=re.compile("^B ")).check()
    page.get_by_label("Reason").first.fill("The current plan stays below the target.")
    page.locator("#again").fill(site.passwords["clinician"])  # having logged in is not enough
    page.get_by_role("button", name="Sign the chosen plan").click()
    expect(page.get_by_text("Plan B is signed")).to_be_visible()
    expect(page.get_by_role("button", name="Sign the chosen plan")).to_have_count(0)

    page.get_by_role("link", name="Open as plain text").click()
    note = page.locator("body").inner_text()
    assert "DECISION: plan B" in note
    assert "signed by Cleo Ward" in note
    assert "The current plan stays below the target." in note


def test_the_worklist_leads_to_a_comparison_in_one_click(page: Page):
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Moreau, Hélène").click()
    expect(page.get_by_role("heading", name="Moreau, Hélène: vancomycin plans compared")).to_be_visible()


def test_plans_answer_while_they_are_typed_and_are_kept_when_asked(page: Page):
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Okafor, Daniel").click()
    page.get_by_role("link", name="Ask for other plans").click()
    page.get_by_label("Dose, mg", exact=True).first.fill("1500")
    expect(page.locator("#preview").get_by_text("Choose the interval.")).to_be_visible()
    page.get_by_label("Every").first.select_option("24")
    page.get_by_label("Infused over, h").first.press_sequentially("1.5")
    shown = page.locator("#preview ol.plans li").nth(1)
    expect(shown).to_contain_text("1500 mg over 1.5 h every 24 h")
    expect(page.get_by_label("Infused over, h").first).to_be_focused()
    expect(page).to_have_url(re.compile("plan1-amount_mg=1500"))
    page.get_by_label("Which models answer").select_option("averaged")
    expect(page.get_by_text("Weights by marginal likelihood")).to_be_visible()
    page.reload()  # the address holds it all
    expect(shown).to_contain_text("1500 mg over 1.5 h every 24 h")
    page.get_by_role("button", name="Save as a comparison to sign").click()
    expect(page.get_by_role("heading", name="The plans in a sentence")).to_be_visible(timeout=60_000)
    expect(page.locator("ol.plans li")).to_have_count(2)
    expect(page.locator("ol.plans li").nth(1)).to_contain_text("1500 mg over 1.5 h every 24 h")


def test_without_scripts_a_proposal_is_added_and_computed(browser, site, signed_in):
    context = browser.new_context(base_url=site.address, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Okafor, Daniel").click()
    page.get_by_role("link", name="Ask for other plans").click()
    page.get_by_role("button", name=re.compile(r"^Add \d+ mg")).first.click()
    expect(page.locator("#preview ol.plans li")).to_have_count(2)
    page.get_by_role("button", name="Copy plan 1").click()
    page.get_by_label("Dose, mg", exact=True).nth(1).fill("500")
    page.get_by_role("button", name="Compute").click()
    expect(page.locator("#preview ol.plans li").nth(2)).to_contain_text("500 mg")
    context.close()


def test_a_questioned_level_is_worked_in_while_one_waits_and_can_be_undone(page: Page):
    page.goto("/")
    page.get_by_role("link", name="Farouk, Amina", exact=True).click()
    page.get_by_role("link", name=re.compile("question this Vancomycin level")).first.click()
    page.get_by_label("Leave it out").check()
    page.get_by_label("Reason").fill("Drawn from the line that the drug runs through.")
    page.get_by_role("button", name="Question it").click()
    expect(page.get_by_text("Drawn from the line that the drug runs through.").first).to_be_visible()
    # the page renews itself once the worker is done; the only level is out, so only the population is left
    expect(page.get_by_text("population only").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_text("Fitted to 1 level of this patient.")).to_be_visible(timeout=60_000)


def test_who_cannot_be_forecast_says_why(page: Page):
    page.goto("/")
    page.get_by_role("link", name="Da Silva, Beatriz", exact=True).click()
    expect(page.get_by_text("Cannot forecast.")).to_be_visible()
    expect(page.locator(".notice.stop").first).to_contain_text("weight")
    expect(page.get_by_role("link", name="Compare plans", exact=True)).to_have_count(0)


def test_in_an_emergency_a_patient_is_opened_for_a_while_and_reviewed_by_another(
    browser: Browser, site: Site, page: Page
):
    page.goto("/")
    address = page.get_by_role("link", name="Petrov, Nikolai", exact=True).get_attribute("href")
    visitor = browser.new_context(base_url=site.address, storage_state=sign_in(browser, site, "visitor")).new_page()
    assert visitor.goto(address).status == 403
    assert "Petrov" not in visitor.content()
    visitor.get_by_label("The patient needs treatment now").check()
    visitor.get_by_label("Reason").fill("Rapid response call.")
    visitor.get_by_role("button", name="Open in an emergency").click()
    expect(visitor.get_by_role("heading", name="Petrov, Nikolai")).to_be_visible()
    expect(visitor.get_by_text("Emergency access until")).to_be_visible()
    assert Axe().run(visitor).violations_count == 0
    visitor.get_by_role("button", name="End it now").click()
    expect(visitor.get_by_role("heading", name="Open a patient in an emergency")).to_be_visible()
    assert visitor.goto(address).status == 403

    auditor = browser.new_context(base_url=site.address, storage_state=sign_in(browser, site, "auditor")).new_page()
    auditor.goto("/break-glass/reviews")
    auditor.get_by_role("row", name=re.compile("Vic Elsewhere")).get_by_role("link").first.click()
    expect(auditor.get_by_text("opened the patient's page").first).to_be_visible()
    assert Axe().run(auditor).violations_count == 0
    auditor.get_by_label("Justified", exact=True).check()
    auditor.get_by_label("What you judge by").fill("The call is in the log of the team.")
    auditor.get_by_role("button", name="Close the review").click()
    expect(auditor.get_by_role("heading", name="Reviewed last")).to_be_visible()
    for one in (visitor, auditor):
        one.context.close()


def test_the_note_can_be_copied_with_one_button(page: Page):
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Petrov, Nikolai").click()
    page.context.grant_permissions(["clipboard-write"])
    page.get_by_role("button", name="Copy the note").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    # Pages may write to the clipboard and never read it: what is there is pasted, as a person would.
    field = page.locator("textarea").first
    field.focus()
    page.keyboard.press("Control+V")
    assert field.input_value().startswith("VANCOMYCIN DOSING COMPARISON: Petrov, Nikolai")


def test_the_main_controls_are_reached_and_worked_by_keyboard_alone(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    _tab_to(page, "Compare plans of Moreau, Hélène")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The plans in a sentence")).to_be_visible()
    _tab_to(page, "Go to the sign-off")
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.value") == "0"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.checked && document.activeElement.value") == "1"
    page.keyboard.press("Tab")
    page.keyboard.type("Kidneys are failing.")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.id") == "again":
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Sign the chosen plan"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def _tab_to(page: Page, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"60 times Tab did not reach {name!r}")

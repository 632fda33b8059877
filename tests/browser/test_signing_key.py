"""A clinician with a passkey alone signs with it, in a real browser with a virtual authenticator."""

import re
import sys

import pytest
from playwright.sync_api import Browser, expect

from clinic.site.processes import manage
from tests.browser.conftest import Watched
from tests.browser.site import Site
from tests.browser.test_account import key_in

pytestmark = pytest.mark.browser
PATIENCE_MS = 120_000


def test_a_signature_is_confirmed_with_a_key_where_there_is_no_password(browser: Browser, site: Site) -> None:
    said = site.run(*manage("person", "keyed", "--role", "clinician", "--team", "Demo ward"))
    password = re.findall(r"shown only here: (\S+)", said)[0]
    address = site.address.replace("127.0.0.1", "localhost")  # a browser makes keys for names alone
    context = browser.new_context(base_url=address)
    watched = Watched(context, Site(address, site.passwords))
    page = watched.page
    context.set_default_timeout(PATIENCE_MS)
    key_in(page)
    page.goto("/login")
    page.get_by_label("User name").fill("keyed")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Somebody else set your password.")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("Your password, or the code").fill(password)
    page.get_by_label("New password", exact=True).fill("a long walk by the lake")
    page.get_by_label("New password once more").fill("a long walk by the lake")
    page.get_by_role("button", name="Change password").click()
    page.get_by_role("link", name="Add a passkey or security key").click()
    page.get_by_label("What you call it").fill("blue stick")
    page.get_by_role("button", name="Add the key").click()
    page.get_by_role("link", name="I have them").click()
    site.run(sys.executable, "-m", "tests.browser.key_only", "keyed")

    page.goto("/")
    page.get_by_role("link", name=re.compile("Compare plans of Farouk")).click()
    expect(page.get_by_role("heading", name="The plans in a sentence")).to_be_visible(timeout=PATIENCE_MS)
    comparison = page.url
    form = page.locator("form[action$='/sign']")
    expect(form.get_by_label("Your password, or the code")).to_have_count(0)
    form.get_by_role("button", name="Confirm with your key").click()
    assert not page.evaluate("document.querySelector('form[action$=\"/sign\"]').checkValidity()")
    form.get_by_role("radio").first.check()
    form.get_by_label("Reason").fill("As the nephrologist asked.")
    form.get_by_role("button", name="Confirm with your key").click()
    expect(page.get_by_text("Plan A is signed")).to_be_visible(timeout=PATIENCE_MS)
    assert page.url.split("#")[0] == comparison.split("#")[0]
    context.close()
    assert watched.problems == []

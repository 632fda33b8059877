"""``python -m tests.browser.pictures``: the pictures of the docs, taken of a site with the simulated ward.

Each page as its person sees it, written to ``docs/images``; with names after it, only those.
"""

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.site import ROOT, chromium, running, sign_in

PLACE = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 900


def _patient(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Moreau")).first.click()


def _comparison(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Compare plans of Moreau").click()


def _ask(page: Page) -> None:
    _comparison(page)
    page.get_by_role("link", name="Ask for other plans").first.click()


def _sign(page: Page) -> None:
    _comparison(page)
    page.locator("#sign").scroll_into_view_if_needed()


def _at(path: str) -> Callable[[Page], None]:
    return lambda page: page.goto(path) and None


PICTURES: dict[str, tuple[str, Callable[[Page], None], bool]] = {
    "worklist": ("clinician", _at("/"), False),
    "patient": ("clinician", _patient, True),
    "comparison": ("clinician", _comparison, False),
    "other_plans": ("clinician", _ask, False),
    "sign_off": ("clinician", _sign, False),
    "formulary": ("pharmacist", _at("/formulary"), False),
    "account": ("clinician", _at("/account"), False),
    "studies": ("researcher", _at("/studies/new"), False),
    "audit": ("auditor", _at("/audit"), False),
    "people": ("administrator", _at("/administration/people"), False),
    "clients": ("administrator", _at("/clients"), False),
}
"""Name of the file: whose page, the way to it, and whether all of it is taken or what a screen shows."""


def main() -> int:
    wanted = sys.argv[1:] or list(PICTURES)
    unknown = set(wanted) - set(PICTURES)
    if unknown:
        sys.stderr.write(f"no picture is called {min(unknown)}; there are {', '.join(PICTURES)}\n")
        return 2
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as site, chromium() as browser:
        cookies = {who: sign_in(browser, site, who) for who in {PICTURES[name][0] for name in wanted}}
        for name in wanted:
            who, lead, whole = PICTURES[name]
            context = browser.new_context(
                base_url=site.address,
                storage_state=cookies[who],
                color_scheme="light",
                viewport={"width": WIDTH, "height": HEIGHT},
            )
            page = context.new_page()
            lead(page)
            page.screenshot(path=PLACE / f"{name}.png", full_page=whole)
            context.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

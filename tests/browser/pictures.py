"""``python -m tests.browser.pictures``: the pictures of the docs, taken of a site with the simulated ward.

Each page as its person sees it, written to ``docs/images``; with names after it, only those. To judge how others see
them: ``--seen deuteranopia --into FOLDER``, with any of `SEEN`.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    "followed": ("administrator", _at("/formulary/followed"), False),
    "account": ("clinician", _at("/account"), False),
    "studies": ("researcher", _at("/studies/new"), False),
    "audit": ("auditor", _at("/audit"), False),
    "people": ("administrator", _at("/administration/people"), False),
    "clients": ("administrator", _at("/clients"), False),
}
"""Name of the file: whose page, the way to it, and whether all of it is taken or what a screen shows."""


EYES = ("protanopia", "deuteranopia", "tritanopia", "achromatopsia", "blurredVision")
SEEN: dict[str, dict[str, Any]] = {
    "plainly": {},
    **{name: {} for name in EYES},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "contrast": {"contrast": "more"},
    "phone": {"viewport": {"width": 320, "height": 720}},
    "print": {},
}
"""Ways to see a page: colour vision as chromium emulates it, colours that a person sets, a phone, paper."""


def _see(page: Page, seen: str) -> None:
    if seen in EYES:
        page.context.new_cdp_session(page).send("Emulation.setEmulatedVisionDeficiency", {"type": seen})
    if seen == "print":
        page.emulate_media(media="print")


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m tests.browser.pictures")
    ask.add_argument("names", nargs="*", metavar="name", help=", ".join(PICTURES))
    ask.add_argument("--seen", choices=SEEN, default="plainly")
    ask.add_argument("--into", type=Path, default=PLACE)
    asked = ask.parse_args()
    wanted = asked.names or list(PICTURES)
    if unknown := set(wanted) - set(PICTURES):
        ask.error(f"no picture is called {min(unknown)}; there are {', '.join(PICTURES)}")
    if asked.seen != "plainly" and asked.into == PLACE:
        ask.error("the docs show pages as they are: give a folder by --into")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as site, chromium() as browser:
        cookies = {who: sign_in(browser, site, who) for who in {PICTURES[name][0] for name in wanted}}
        for name in wanted:
            who, lead, whole = PICTURES[name]
            plain: dict[str, Any] = {"color_scheme": "light", "viewport": {"width": WIDTH, "height": HEIGHT}}
            context = browser.new_context(
                base_url=site.address, storage_state=cookies[who], **(plain | SEEN[asked.seen])
            )
            page = context.new_page()
            lead(page)
            _see(page, asked.seen)
            page.screenshot(path=asked.into / f"{name}.png", full_page=whole or asked.seen != "plainly")
            context.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
